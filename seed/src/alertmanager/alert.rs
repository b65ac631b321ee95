//! One alert of a group.

use std::collections::BTreeMap;

use form_urlencoded::byte_serialize;
use jiff::Timestamp;
use serde_json::json;

use crate::company::{Env, PrometheusRule, Service};

/// What one alert of a rule is about.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    pub service: &'static Service,
    pub rule: &'static PrometheusRule,
    /// The value of the rule's label, if its alerts differ by one.
    pub group: Option<&'static str>,
    pub env: Env,
    pub value: u32,
}

/// An alert as Alertmanager sends it.
#[derive(Debug, Clone)]
pub struct Alert {
    pub labels: BTreeMap<&'static str, String>,
    pub annotations: BTreeMap<&'static str, String>,
    pub starts_at: Timestamp,
    /// `None` while it fires.
    pub ends_at: Option<Timestamp>,
    generator_url: String,
}

impl Alert {
    /// An alert that fires since a time.
    pub fn firing(origin: Origin, starts_at: Timestamp) -> Self {
        let Origin { service, rule, env, .. } = origin;
        let mut labels = BTreeMap::from([
            ("alertname", rule.alertname.clone()),
            ("cluster", env.cluster().to_owned()),
            ("environment", env.name().to_owned()),
            ("namespace", "market".to_owned()),
            ("prometheus", "monitoring/k8s".to_owned()),
            ("service", service.name.clone()),
            ("severity", rule.severity.name().to_owned()),
            ("team", service.team.clone()),
        ]);
        labels.extend(origin.own_label());
        let mut annotations = BTreeMap::from([
            ("description", origin.render(&rule.description)),
            ("summary", origin.render(&rule.summary)),
        ]);
        annotations.extend(rule.runbook_url.clone().map(|url| ("runbook_url", url)));
        let expr: String = byte_serialize(rule.expr.replace("$cluster", env.cluster()).as_bytes()).collect();
        let generator_url =
            format!("https://prometheus.{}.hafenmarkt.example/graph?g0.expr={expr}&g0.tab=1", env.cluster());
        Self { labels, annotations, starts_at, ends_at: None, generator_url }
    }

    /// The same alert with another end. `None` while it fires.
    pub fn ending(self, ends_at: Option<Timestamp>) -> Self {
        Self { ends_at, ..self }
    }

    /// Without labels and annotations.
    #[cfg(test)]
    pub fn bare() -> Self {
        let (labels, annotations) = (BTreeMap::new(), BTreeMap::new());
        Self { labels, annotations, starts_at: Timestamp::UNIX_EPOCH, ends_at: None, generator_url: String::new() }
    }

    /// The members in Alertmanager's order. What fires ends in the year 1.
    pub fn json(&self) -> String {
        let status = if self.ends_at.is_none() { "firing" } else { "resolved" };
        let ends_at = self.ends_at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |ends_at| ends_at.to_string());
        format!(
            r#"{{"status":"{status}","labels":{labels},"annotations":{annotations},"startsAt":"{starts_at}","endsAt":"{ends_at}","generatorURL":{generator_url},"fingerprint":"{fingerprint}"}}"#,
            labels = json!(self.labels),
            annotations = json!(self.annotations),
            starts_at = self.starts_at,
            generator_url = json!(self.generator_url),
            fingerprint = fingerprint(&self.labels),
        )
    }
}

impl Origin {
    fn own_label(&self) -> Option<(&'static str, String)> {
        let by = self.rule.group_by.as_ref()?;
        Some((by.tag.as_str(), self.group?.to_owned()))
    }

    /// Replaces the variables of a rule's text.
    fn render(&self, text: &str) -> String {
        let rendered = text.replace("{{value}}", &self.value.to_string());
        match self.own_label() {
            Some((name, group)) => rendered.replace(&format!("{{{{{name}}}}}"), &group),
            None => rendered,
        }
    }
}

/// FNV-1a over the labels by name, each part ended by a byte that is in no text: as Prometheus does.
fn fingerprint(labels: &BTreeMap<&'static str, String>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for text in labels.iter().flat_map(|(name, value)| [*name, value.as_str()]) {
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alertmanager 0.25 gave this alert its fingerprint.
    #[test]
    fn the_fingerprint_is_that_of_alertmanager() {
        let labels =
            [("alertname", "DiskFull"), ("instance", "a"), ("job", "node"), ("kind", "t"), ("severity", "page")];
        let labels = labels.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(fingerprint(&labels.into()), "39a59b660fc7ef61");
    }
}
