//! The places in a payload.

use serde_json::Value;

/// The JSON pointers of all values, but of the second and later items of lists.
#[must_use]
pub fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().take(1).map(|value| ("0".to_owned(), value)).collect(),
        _ => Vec::new(),
    };
    let of_child = |(name, value): (String, &Value)| {
        let below: Vec<String> = pointers(value).into_iter().map(|pointer| format!("/{name}{pointer}")).collect();
        std::iter::once(format!("/{name}")).chain(below).collect::<Vec<_>>()
    };
    children.into_iter().flat_map(of_child).collect()
}
