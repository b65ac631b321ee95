//! Finds a field under the names that people give it, and where they nest it.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};

use super::value::{is_true, key_of, text_of};

/// Objects that only hold fields together: their members are read like those of the payload.
const CONTAINERS: [&str; 15] = [
    "alert",
    "annotations",
    "attributes",
    "custom",
    "custom_details",
    "data",
    "details",
    "event",
    "fields",
    "incident",
    "labels",
    "metadata",
    "monitor",
    "notification",
    "payload",
];

/// How deep objects in objects are read: a container, and one within.
const MAX_NESTING: usize = 2;

/// The fields of a payload, by normalised names.
///
/// Names are compared without case, `_`, `-`, `.` and spaces: `alertTransition`, `Alert-Transition`
/// and `alert_transition` are one name. A member of an object also has the name of the object before
/// its own: `monitor.id` is `monitor_id`. What is nested less deep comes first.
pub struct Fields<'payload>(HashMap<String, Vec<&'payload Value>>);

impl<'payload> Fields<'payload> {
    /// The fields of an object.
    pub fn of(payload: &'payload Map<String, Value>) -> Self {
        let containers = CONTAINERS.map(normalized);
        let mut fields: HashMap<String, Vec<&Value>> = HashMap::new();
        let mut objects = VecDeque::from([Nested { object: payload, name: None, is_container: true, depth: 0 }]);
        while let Some(nested) = objects.pop_front() {
            for (name, value) in nested.object {
                let own = normalized(name);
                if let Some(outer) = &nested.name {
                    fields.entry(format!("{outer}{own}")).or_default().push(value);
                }
                if let Value::Object(object) = value
                    && nested.is_container
                    && nested.depth < MAX_NESTING
                {
                    let is_container = containers.contains(&own);
                    objects.push_back(Nested {
                        object,
                        name: Some(own.clone()),
                        is_container,
                        depth: nested.depth + 1,
                    });
                }
                if nested.is_container {
                    fields.entry(own).or_default().push(value);
                }
            }
        }
        Self(fields)
    }

    /// The values under the first name, then those under the second, and so on.
    pub fn values(&self, names: &[&str]) -> impl Iterator<Item = &'payload Value> {
        names.iter().filter_map(|name| self.0.get(&normalized(name))).flatten().copied()
    }

    /// The texts under several names, in order.
    pub fn texts(&self, names: &[&str]) -> impl Iterator<Item = String> {
        self.values(names).filter_map(text_of)
    }

    /// The first text under several names.
    pub fn text(&self, names: &[&str]) -> Option<String> {
        self.texts(names).next()
    }

    /// The first key or id under several names.
    pub fn key(&self, names: &[&str]) -> Option<String> {
        self.values(names).find_map(key_of)
    }

    /// Whether one of several names says yes.
    pub fn is_true(&self, names: &[&str]) -> bool {
        self.values(names).any(is_true)
    }
}

struct Nested<'payload> {
    object: &'payload Map<String, Value>,
    name: Option<String>,
    is_container: bool,
    depth: usize,
}

/// A name without case and without what people separate words by.
fn normalized(name: &str) -> String {
    let is_kept = |character: &char| !(matches!(character, '_' | '-' | '.') || character.is_whitespace());
    name.chars().filter(is_kept).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(payload: &Value, names: &[&str]) -> Option<String> {
        Fields::of(payload.as_object().unwrap()).text(names)
    }

    #[test]
    fn names_are_compared_by_their_letters() {
        for name in ["alert_transition", "alertTransition", "ALERT-TRANSITION", "Alert.Transition", "alert transition"]
        {
            assert_eq!(text(&json!({name: "x"}), &["alert_transition"]).as_deref(), Some("x"), "{name}");
        }
        assert_eq!(text(&json!({"alert_transitions": "x"}), &["alert_transition"]), None);
    }

    #[test]
    fn containers_are_read_and_named() {
        let payload = json!({
            "data": {"alert": {"id": 7, "deep": {"title": "too deep"}}, "tags": "a"},
            "org": {"id": "1", "title": "of the organisation"}, "metadata": {"title": "nested"}, "event_title": "",
        });
        assert_eq!(text(&payload, &["alert_id"]).as_deref(), Some("7"));
        assert_eq!(text(&payload, &["tags"]).as_deref(), Some("a"));
        assert_eq!(text(&payload, &["org_id"]).as_deref(), Some("1"));
        assert_eq!(text(&payload, &["event_title", "title"]).as_deref(), Some("nested"));
    }

    #[test]
    fn the_first_name_counts_then_the_least_nested() {
        let payload = json!({"title": "outer", "annotations": {"title": "inner", "alert_title": "other"}});
        assert_eq!(text(&payload, &["title", "alert_title"]).as_deref(), Some("outer"));
        assert_eq!(text(&payload, &["alert_title", "title"]).as_deref(), Some("other"));
        let payload = json!({"title": "null", "annotations": {"title": "inner"}});
        assert_eq!(text(&payload, &["title"]).as_deref(), Some("inner"));
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(name in any::<String>()) {
            prop_assert_eq!(normalized(&normalized(&name)), normalized(&name));
        }
    }
}
