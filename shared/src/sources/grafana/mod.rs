//! Grafana Alerting webhooks: the contact point `webhook`, payload version 1.
//!
//! The payload is Alertmanager's, with more beside it. Facts: Grafana's documentation of the webhook
//! notifier, and its source code where that is silent.

mod proof;

use std::time::Duration;

use serde_json::Value;

use super::{
    ElementReading, GROUP_TIMEOUT, Headers, MAX_GROUP_BYTES, Reading, Request, Unreadable, WebhookSource,
    alertmanager::group::{self, GroupedAlert},
    signature::Secret,
    text::{link, made_title, title},
    time::Times,
    value::{key, text},
};
use crate::domain::{
    event::{AlertEvent, EventKind, StatedSeverity, Transition},
    severity::Severity,
    source::Source,
    text::key_within_limit,
    time::Time,
};

/// The source `grafana`.
pub struct Grafana;

const NAME: &str = "grafana";

impl WebhookSource for Grafana {
    fn name(&self) -> &'static str {
        NAME
    }

    fn max_body_bytes(&self) -> usize {
        MAX_GROUP_BYTES
    }

    fn receive_timeout(&self) -> Duration {
        GROUP_TIMEOUT
    }

    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        proof::is_authentic(secrets, request)
    }

    fn read(&self, _headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        if payload.get("alerts").is_none() && payload.get("evalMatches").is_some() {
            return Err(Unreadable::because(
                "the payload is that of Grafana's alerting before version 9; switch to unified alerting",
            ));
        }
        group::read(payload, |alert| read_alert(alert, received_at))
    }
}

fn read_alert(alert: &GroupedAlert<'_>, received_at: Time) -> Result<ElementReading, Unreadable> {
    let GroupedAlert { labels, annotations, .. } = alert;
    if labels.get("alertname") == Some("TestAlert") && labels.get("instance") == Some("Grafana") {
        return Ok(ElementReading::ignored("it is a test notification, which is never resolved"));
    }
    if let Some(reason) = labels.heartbeat() {
        return Ok(ElementReading::Ignored { reason });
    }
    let rule = key(alert.alert, "ruleUID");
    // Grafana makes the fingerprint of labels that it does not send. So it cannot be computed here.
    let of_rule = || {
        let labels: Vec<String> = labels.tags().collect();
        rule.as_ref().map(|rule| format!("rule:{rule}:{}", labels.join(",")))
    };
    let problem = alert
        .fingerprint()
        .map(|fingerprint| format!("fingerprint:{fingerprint}"))
        .or_else(of_rule)
        .ok_or_else(|| Unreadable::because("the alert has neither a fingerprint nor a ruleUID"))?;
    let transition = alert.transition(received_at)?;
    let dedup_key = key_within_limit(problem);
    let stated_at = match transition {
        Transition::Firing => alert.started_at(),
        Transition::Resolved => alert.ended_at(),
    };
    let times = Times::of_receipt(stated_at, received_at);
    let health = RuleHealth::of(alert);
    let event = AlertEvent {
        kind: EventKind::Report,
        group_key: alert.group_key().unwrap_or_else(|| dedup_key.clone()),
        occurred_at: times.occurred_at,
        ended_at: stated_at.filter(|_| transition == Transition::Resolved),
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        external_id: rule.or_else(|| alert.fingerprint()),
        ..AlertEvent::bare(Source::named(NAME), &dedup_key, transition, received_at)
    };
    let event = alert.described(event);
    let title = health.as_ref().map(|health| health.title(alert)).or_else(|| alert.title());
    let reason = annotations.get("grafana_state_reason").filter(|_| transition == Transition::Resolved);
    let ended = reason.map(|reason| format!("Grafana ended the alert: {reason}."));
    let message: Vec<String> = ended.into_iter().chain(event.message.clone()).collect();
    let event = AlertEvent {
        title: title.unwrap_or_else(|| {
            made_title(&format!("Grafana alert {}", event.external_id.as_deref().unwrap_or(&dedup_key)))
        }),
        message: super::text::message(&message.join("\n\n")),
        severity: event.severity.clone().or_else(|| health.map(|health| health.severity())),
        link: best_link(alert),
        ..event
    };
    Ok(ElementReading::Event(Box::new(event)))
}

/// The panel, else the dashboard, else the rule. The address of a rule may be relative.
fn best_link(alert: &GroupedAlert<'_>) -> Option<String> {
    let absolute = |url: String| {
        let base = alert.external_url().filter(|_| !url.contains("://"));
        base.map_or(url.clone(), |base| format!("{}/{}", base.trim_end_matches('/'), url.trim_start_matches('/')))
    };
    let urls = ["panelURL", "dashboardURL", "generatorURL"].into_iter().filter_map(|name| text(alert.alert, name));
    urls.map(absolute).find_map(|url| link(&url)).or_else(|| alert.external_url().and_then(|url| link(&url)))
}

/// A rule that cannot be evaluated sends an alert of its own about that.
enum RuleHealth {
    NoData,
    Error,
}

impl RuleHealth {
    fn of(alert: &GroupedAlert<'_>) -> Option<Self> {
        match alert.labels.get("alertname")? {
            "DatasourceNoData" => Some(Self::NoData),
            "DatasourceError" => Some(Self::Error),
            _ => None,
        }
    }

    fn title(&self, alert: &GroupedAlert<'_>) -> String {
        let rule = alert.labels.get("rulename").and_then(title).unwrap_or_else(|| "A rule".to_owned());
        made_title(&match self {
            Self::NoData => format!("{rule}: no data"),
            Self::Error => format!("{rule}: the data source answers with an error"),
        })
    }

    fn severity(&self) -> StatedSeverity {
        let matched = match self {
            Self::NoData => "alertname DatasourceNoData",
            Self::Error => "alertname DatasourceError",
        };
        StatedSeverity { value: Severity::Warning, matched: matched.to_owned(), confidence: 0.9 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn received_at() -> Time {
        "2026-11-23T09:30:00Z".parse().unwrap()
    }

    fn payload(alert: &Value) -> Value {
        json!({
            "version": "1", "orgId": 1, "status": "firing", "state": "alerting", "alerts": [alert],
            "groupKey": "{}/{team=\"search\"}:{alertname=\"Errors\"}", "groupLabels": {"alertname": "Errors"},
            "externalURL": "https://grafana.example.com/", "title": "[FIRING:1] Errors",
        })
    }

    fn reading(alert: &Value) -> Result<ElementReading, Unreadable> {
        match Grafana.read(&Headers::default(), &payload(alert), received_at()).unwrap() {
            Reading::Group(mut group) => group.elements.remove(0).reading,
            other => panic!("{other:?}"),
        }
    }

    fn event(alert: &Value) -> AlertEvent {
        match reading(alert).unwrap() {
            ElementReading::Event(event) => *event,
            ElementReading::Ignored { reason } => panic!("{reason}"),
        }
    }

    fn alert() -> Value {
        json!({
            "status": "firing", "fingerprint": "80bc3d446f212272", "ruleUID": "cdyv3m2k7tq0wb",
            "labels": {"alertname": "Errors", "service_name": "search-api", "deployment_environment": "production", "severity": "error"},
            "annotations": {"summary": "Search fails for 2.4 % of requests"},
            "startsAt": "2026-11-23T08:41:10Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "?orgId=1", "dashboardURL": "", "panelURL": "https://grafana.example.com/d/x?viewPanel=4",
            "values": {"A": 0.024}, "valueString": "[ var='A' value=0.024 ]",
        })
    }

    #[test]
    fn an_alert_is_read() {
        let event = event(&alert());
        assert_eq!(event.title, "Search fails for 2.4 % of requests");
        assert_eq!((event.service.as_deref(), event.environment.as_deref()), (Some("search-api"), Some("production")));
        assert_eq!(
            (event.dedup_key.as_str(), event.external_id.as_deref()),
            ("fingerprint:80bc3d446f212272", Some("cdyv3m2k7tq0wb"))
        );
        assert_eq!(event.link.as_deref(), Some("https://grafana.example.com/d/x?viewPanel=4"));
        assert_eq!(event.kind, EventKind::Report);
    }

    #[test]
    fn a_relative_link_is_of_the_sender() {
        let mut alert = alert();
        alert["panelURL"] = json!("");
        assert_eq!(event(&alert).link.as_deref(), Some("https://grafana.example.com/?orgId=1"));
    }

    #[test]
    fn a_rule_without_data_is_a_warning_with_the_name_of_the_rule() {
        let mut alert = alert();
        alert["labels"] = json!({"alertname": "DatasourceNoData", "rulename": "Errors", "ref_id": "A"});
        let event = event(&alert);
        assert_eq!(event.title, "Errors: no data");
        assert_eq!(event.severity.map(|severity| severity.value), Some(Severity::Warning));
        alert["labels"]["severity"] = json!("critical");
        assert_eq!(super::tests::event(&alert).severity.map(|severity| severity.value), Some(Severity::Critical));
    }

    #[test]
    fn a_resolution_says_why_the_series_is_gone() {
        let mut alert = alert();
        alert["status"] = json!("resolved");
        alert["endsAt"] = alert["startsAt"].clone();
        alert["annotations"]["grafana_state_reason"] = json!("MissingSeries");
        let event = event(&alert);
        assert_eq!(event.transition, Transition::Resolved);
        assert_eq!(event.message.as_deref(), Some("Grafana ended the alert: MissingSeries."));
    }

    #[test]
    fn without_a_fingerprint_the_rule_and_its_labels_are_the_problem() {
        let mut first = alert();
        first["fingerprint"] = Value::Null;
        let mut other = first.clone();
        assert_eq!(event(&first).dedup_key, event(&other).dedup_key);
        other["labels"]["region"] = json!("us-east-1");
        assert_ne!(event(&first).dedup_key, event(&other).dedup_key);
        other["ruleUID"] = Value::Null;
        assert!(reading(&other).is_err());
    }

    #[test]
    fn a_test_notification_is_ignored_and_an_old_payload_names_the_version() {
        let test = json!({"status": "firing", "labels": {"alertname": "TestAlert", "instance": "Grafana"}, "fingerprint": "57c6"});
        assert!(matches!(reading(&test), Ok(ElementReading::Ignored { .. })));
        let old = json!({"ruleId": 7, "ruleName": "CPU", "state": "alerting", "evalMatches": []});
        let error = Grafana.read(&Headers::default(), &old, received_at()).unwrap_err();
        assert!(error.to_string().contains("before version 9"), "{error}");
    }
}
