//! The keys of a problem: what is the same in all of its notifications, and in no other's.

use super::Place;
use crate::{domain::text::key_within_limit, sources::Unreadable};

/// What a payload says by which problems can be told apart.
pub struct Facts<'payload> {
    /// Links a trigger to its resolution.
    pub cycle: Option<String>,
    /// The key that the customer chose.
    pub stated: Option<String>,
    /// A Datadog incident.
    pub incident: Option<String>,
    /// The monitor. It may fire for each of its groups.
    pub monitor: Option<String>,
    /// What Datadog puts together.
    pub aggregate: Option<String>,
    /// The title without its state.
    pub title: Option<&'payload str>,
    /// Whose Datadog it is: ids of two organisations may be the same.
    pub organisation: Option<String>,
    /// Where it is.
    pub place: &'payload Place,
}

/// The keys of a problem.
pub struct Problem {
    /// The same for all deliveries of one problem.
    pub dedup_key: String,
    /// The same for the cycles of one problem.
    pub group_key: String,
    /// The same, if each cycle has a key of its own.
    pub recurs_as: Option<String>,
    /// The monitor's id.
    pub monitor: Option<String>,
}

impl Problem {
    /// The keys, by the most exact of the facts.
    ///
    /// The cycle and the customer's key are complete. To the others is added what else tells two
    /// problems apart: a monitor fires per group, and a title may be used in several environments.
    ///
    /// # Errors
    /// [`Unreadable`] if no fact names a problem.
    pub fn of(facts: Facts) -> Result<Self, Unreadable> {
        let Facts { cycle, stated, incident, monitor, aggregate, title, organisation, place } = facts;
        // A chosen key that is a bare number is most often `$ALERT_ID`: it names the monitor.
        let is_number = |key: &String| key.bytes().all(|byte| byte.is_ascii_digit());
        let is_monitor = |key: &String| is_number(key) && monitor.as_ref().is_none_or(|monitor| monitor == key);
        let (monitor, stated) = match stated {
            Some(key) if is_monitor(&key) => (Some(key), None),
            stated => (monitor, stated),
        };
        let apart = apart(organisation, place);
        let complete = |kind: &str, id: &str| key_within_limit(format!("{kind}:{id}{apart}"));
        let cycle = cycle.map(|cycle| key_within_limit(format!("cycle:{cycle}")));
        let group_key = incident
            .map(|id| complete("incident", &id))
            .or_else(|| monitor.as_ref().map(|id| complete("monitor", id)))
            .or_else(|| aggregate.map(|key| complete("aggreg", &key)))
            .or_else(|| title.map(|title| complete("title", title)));
        let recurs_as = group_key.clone().filter(|_| cycle.is_some());
        let dedup_key = cycle.or(stated).or_else(|| group_key.clone());
        let dedup_key = dedup_key.ok_or_else(|| {
            Unreadable("the payload names no problem: it has no title, no key, and no id of a monitor".to_owned())
        })?;
        Ok(Self { group_key: group_key.unwrap_or_else(|| dedup_key.clone()), recurs_as, dedup_key, monitor })
    }

    /// A title for a problem that has none.
    pub fn title(&self) -> String {
        self.monitor.as_ref().map_or_else(|| "Datadog alert".to_owned(), |id| format!("Datadog monitor {id}"))
    }
}

/// The organisation, the environment, and the scope or group; without these, host and service.
fn apart(organisation: Option<String>, place: &Place) -> String {
    let mut scope = place.scope.clone();
    scope.sort_unstable();
    scope.dedup();
    let is_scoped = !scope.is_empty();
    let otherwise = |part: &Option<String>| part.clone().filter(|_| !is_scoped);
    [
        ("org", organisation),
        ("env", place.environment.clone()),
        ("scope", is_scoped.then(|| scope.join(","))),
        ("host", otherwise(&place.host)),
        ("service", otherwise(&place.service)),
    ]
    .into_iter()
    .filter_map(|(name, part)| Some(format!("|{name}:{}", part?)))
    .collect()
}
