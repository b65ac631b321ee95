//! A group of alerts as Alertmanager sends it: version 4 of its webhook, as of Alertmanager 0.25.

use std::collections::BTreeMap;

use serde_json::json;

use super::alert::Alert;

/// The labels by which the demo company groups.
const GROUP_BY: [&str; 3] = ["alertname", "cluster", "service"];

/// The body of a webhook with these alerts. The members have Alertmanager's order.
pub fn notification(alerts: &[Alert]) -> String {
    let status = if alerts.iter().any(|alert| alert.ends_at.is_none()) { "firing" } else { "resolved" };
    let common_labels = common(alerts.iter().map(|alert| &alert.labels));
    let common_annotations = common(alerts.iter().map(|alert| &alert.annotations));
    let mut group_labels = common_labels.clone();
    group_labels.retain(|name, _| GROUP_BY.contains(name));
    let pairs: Vec<String> = group_labels.iter().map(|(name, value)| format!("{name}={}", json!(value))).collect();
    let group_key = format!("{{}}/{{team=~\".+\"}}:{{{}}}", pairs.join(", "));
    let alerts: Vec<String> = alerts.iter().map(Alert::json).collect();
    let body = format!(
        r#"{{"receiver":"incident-review","status":"{status}","alerts":[{alerts}],"groupLabels":{group_labels},"commonLabels":{common_labels},"commonAnnotations":{common_annotations},"externalURL":"https://alertmanager.hafenmarkt.example","version":"4","groupKey":{group_key},"truncatedAlerts":0}}"#,
        alerts = alerts.join(","),
        group_labels = json!(group_labels),
        common_labels = json!(common_labels),
        common_annotations = json!(common_annotations),
        group_key = json!(group_key),
    );
    as_go_writes_it(&body)
}

/// Go writes JSON so that it may stand in HTML. Alertmanager ends it with a line feed.
fn as_go_writes_it(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026") + "\n"
}

/// What all have in common.
fn common<'texts>(
    mut all: impl Iterator<Item = &'texts BTreeMap<&'static str, String>>,
) -> BTreeMap<&'static str, String> {
    let mut common = all.next().cloned().unwrap_or_default();
    for texts in all {
        common.retain(|name, text| texts.get(name) == Some(text));
    }
    common
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    /// A group as Alertmanager 0.25 sent it, byte by byte.
    #[test]
    fn a_group_has_the_form_of_the_real_one() {
        let real = include_str!("../../../tests/fixtures/alertmanager/real_0_25_two_fire.json");
        let members = |text: &str| {
            let body: Value = serde_json::from_str(text).unwrap();
            // In the order of the text.
            let mut names: Vec<(usize, String)> = body
                .as_object()
                .unwrap()
                .keys()
                .chain(body["alerts"][0].as_object().unwrap().keys())
                .map(|name| (text.find(&format!("\"{name}\":")).unwrap(), name.clone()))
                .collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
        };
        let alert = |pod: &str| {
            let mut alert = Alert::bare();
            alert.labels = BTreeMap::from([("alertname", "A<B".to_owned()), ("pod", pod.to_owned())]);
            alert
        };
        let body = notification(&[alert("1"), alert("2")]);
        assert_eq!(members(&body), members(real));
        assert!(body.contains(r#""commonLabels":{"alertname":"A\u003cB"}"#), "{body}");
        assert!(body.ends_with("}\n") && real.ends_with("}\n"));
    }
}
