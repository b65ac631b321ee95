//! Labels and annotations, as Prometheus and all that speak like it name things.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{absent::is_absent, text::name, value::text_of};
use crate::domain::{
    event::StatedSeverity,
    severity::Severity,
    text::{limits, truncated_to_chars},
};

/// The labels that name a service, the most telling first.
const SERVICE: [&str; 11] = [
    "service",
    "exported_service",
    "app",
    "app_kubernetes_io_name",
    "service_name",
    "deployment",
    "statefulset",
    "daemonset",
    "container",
    "namespace",
    "job",
];

const ENVIRONMENT: [&str; 4] = ["environment", "env", "deployment_environment", "stage"];

const TEAM: [&str; 3] = ["team", "owner", "squad"];

/// The labels that tell which of several monitored things the problem is about.
const PLACE: [&str; 5] = ["pod", "instance", "host", "hostname", "node"];

/// The exporter that reports most alerts of Kubernetes. Its own name and address stand in these
/// labels, not those of what it reports on.
const EXPORTER: &str = "kube-state-metrics";
const OF_EXPORTER: [&str; 4] = ["service", "instance", "endpoint", "pod"];

/// Alerts that fire for ever by intent: they show that alerting works.
const HEARTBEATS: [&str; 3] = ["Watchdog", "DeadMansSwitch", "InfoInhibitor"];

/// A severity in the labels.
#[derive(Debug, Default, PartialEq)]
pub struct LabelledSeverity {
    pub stated: Option<StatedSeverity>,
    /// Words that are not understood.
    pub unknown: Option<String>,
}

/// Names and values, such as labels and annotations.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Labels<'payload>(BTreeMap<&'payload str, String>);

impl<'payload> Labels<'payload> {
    /// The labels in a member of an object. What is no text or number is left out.
    pub fn of(object: &'payload Value, member: &str) -> Self {
        let members = object.get(member).and_then(Value::as_object);
        let texts = members.into_iter().flatten().filter_map(|(name, value)| {
            let text = value.as_str().map(str::to_owned).or_else(|| text_of(value))?;
            Some((name.as_str(), text))
        });
        Self(texts.collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a name. `None` if it stands for a missing one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !is_absent(text))
    }

    /// The value of the first name that has one.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// All names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// `name:value` of each.
    pub fn tags(&self) -> impl Iterator<Item = String> {
        self.iter().map(|(name, value)| format!("{name}:{value}"))
    }

    /// The service that the labels name.
    pub fn service(&self) -> Option<String> {
        SERVICE.iter().filter(|label| !self.is_of_exporter(label)).find_map(|label| name(self.get(label)?))
    }

    /// The environment that the labels name.
    pub fn environment(&self) -> Option<String> {
        ENVIRONMENT.iter().find_map(|label| name(self.get(label)?))
    }

    /// The team that the labels name.
    pub fn team(&self) -> Option<String> {
        TEAM.iter().find_map(|label| name(self.get(label)?))
    }

    /// Which of several monitored things the problem is about: `pod:web-1`.
    pub fn place(&self) -> Option<String> {
        let place = PLACE.iter().filter(|label| !self.is_of_exporter(label));
        place
            .into_iter()
            .find_map(|label| Some(truncated_to_chars(&format!("{label}:{}", self.get(label)?), limits::TAG)))
    }

    /// The severity in the label `severity`, else in `priority`.
    pub fn severity(&self) -> LabelledSeverity {
        let labels = ["severity", "priority"].into_iter().filter_map(|label| Some((label, self.get(label)?)));
        let mut unknown = None;
        for (label, words) in labels {
            if let Some(value) = Severity::from_words(words) {
                let matched = format!("{label} {words}");
                return LabelledSeverity {
                    stated: Some(StatedSeverity {
                        value,
                        matched: truncated_to_chars(&matched, limits::NAME),
                        confidence: 1.0,
                    }),
                    unknown: None,
                };
            }
            unknown.get_or_insert_with(|| truncated_to_chars(words, limits::NAME));
        }
        LabelledSeverity { stated: None, unknown }
    }

    /// Why the alert fires for ever by intent, if it does.
    pub fn heartbeat(&self) -> Option<String> {
        let alert = self.get("alertname").unwrap_or_default();
        if HEARTBEATS.contains(&alert) {
            return Some(format!("{alert} fires for ever by intent, to show that alerting works"));
        }
        let is_none = self.0.get("severity").is_some_and(|severity| severity.trim().eq_ignore_ascii_case("none"));
        is_none.then(|| "its severity is none: it fires for ever by intent".to_owned())
    }

    fn is_of_exporter(&self, label: &str) -> bool {
        self.get("job") == Some(EXPORTER) && (OF_EXPORTER.contains(&label) || label == "job")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_name_service_environment_team_and_place() {
        let alert = json!({"labels": {"job": "node", "namespace": "shop", "env": "Prod", "squad": "Web", "instance": "a:9100", "n": 5}});
        let labels = Labels::of(&alert, "labels");
        assert_eq!(labels.service().as_deref(), Some("shop"));
        assert_eq!((labels.environment().as_deref(), labels.team().as_deref()), (Some("prod"), Some("web")));
        assert_eq!((labels.place().as_deref(), labels.get("n")), (Some("instance:a:9100"), Some("5")));
    }

    #[test]
    fn the_exporter_is_not_the_service() {
        let alert = json!({"labels": {
            "job": "kube-state-metrics", "service": "kube-state-metrics", "pod": "ledger-1", "instance": "10.0.0.1:8080",
        }});
        let labels = Labels::of(&alert, "labels");
        assert_eq!((labels.service(), labels.place()), (None, None));
        let alert = json!({"labels": {"job": "kube-state-metrics", "service": "x", "container": "ledger"}});
        assert_eq!(Labels::of(&alert, "labels").service().as_deref(), Some("ledger"));
    }

    #[test]
    fn severities_are_stated_unknown_or_absent() {
        let severity = |labels: Value| Labels::of(&json!({"labels": labels}), "labels").severity();
        let value = |labels| severity(labels).stated.map(|stated| stated.value);
        assert_eq!(value(json!({"severity": "Page"})), Some(Severity::Critical));
        assert_eq!(value(json!({"severity": "", "priority": "P2"})), Some(Severity::Error));
        assert_eq!(value(json!({"severity": "bananas", "priority": "low"})), Some(Severity::Info));
        assert_eq!(severity(json!({"severity": "bananas"})).unknown.as_deref(), Some("bananas"));
        assert_eq!(severity(json!({})), LabelledSeverity::default());
    }

    #[test]
    fn heartbeats_are_known() {
        let is_heartbeat = |labels: Value| Labels::of(&json!({"labels": labels}), "labels").heartbeat().is_some();
        assert!(is_heartbeat(json!({"alertname": "Watchdog"})));
        assert!(is_heartbeat(json!({"alertname": "Mine", "severity": "None"})));
        assert!(!is_heartbeat(json!({"alertname": "WatchdogDown", "severity": "page"})));
    }
}
