//! The webhook that Datadog sends with the template in `docs/SOURCES.md`.

use serde_json::{Value as Json, json};
use shared::{
    clock,
    queue::message,
    service::read_webhook::{Received, Webhook, read},
    sources::{self, Headers},
};

use crate::report::Failure;

/// By which key the notifications of a problem are told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KeyKind {
    /// Each time that the monitor fires is a problem of its own, and the monitor a group of them: what is known takes two
    /// rows.
    Cycle,
    /// The monitor is the problem and the group. Most sources have one key for both.
    Monitor,
}

/// One notification of a monitor.
pub struct Notification<'problem> {
    /// The id of the monitor.
    pub problem: &'problem str,
    pub environment: &'problem str,
    pub service: &'problem str,
    pub transition: &'problem str,
    /// Must differ between notifications.
    pub id: &'problem str,
    pub key: KeyKind,
}

impl Notification<'_> {
    /// The body of the webhook.
    pub fn body(&self) -> Json {
        let Self { problem, environment, service, transition, id, key } = self;
        let at = clock::now().as_millis();
        let cycle = (*key == KeyKind::Cycle).then(|| format!("{problem}7719053"));
        let tags = format!(
            "env:{environment},service:{service},team:payments,region:eu-central-1,cluster:main,monitor,\
             kube_deployment:{service},version:2026.11.3,managed_by:terraform"
        );
        json!({
            "id": id, "alert_id": problem, "alert_cycle_key": cycle,
            "aggreg_key": format!("{problem}aa"), "transition": transition, "alert_type": "error", "priority": "P2",
            "event_type": "query_alert_monitor", "title": format!("[P2] [{transition}] p99 latency of {service} over 800 ms"),
            "body": format!("The p99 latency of {service} was over its objective of 800 ms for the last 5 minutes.\n\n\
                Runbook: https://wiki.example.com/runbooks/{service}/latency. Dashboard: https://app.datadoghq.eu/dashboard/abc.\n\n\
                @webhook-incident-review @slack-{service}-alerts"),
            "scope": format!("env:{environment},service:{service}"), "tags": tags, "hostname": "",
            "query": format!("percentile(last_5m):p99:trace.http.request{{env:{environment},service:{service}}} > 0.8"),
            "metric": "trace.http.request", "link": format!("https://app.datadoghq.eu/monitors/{problem}?group=env%3A{environment}"),
            "snapshot": "", "date": at.to_string(), "last_updated": at.to_string(), "org": {"id": "4711", "name": "Example"},
        })
    }

    /// The message that `receive-webhook` sends to the queue.
    ///
    /// # Errors
    /// If `receive-webhook` would not accept the webhook.
    pub fn message(&self) -> Result<String, Failure> {
        let datadog = sources::find("datadog").ok_or("there is no source datadog")?;
        let (headers, body) = (Headers::default(), self.body().to_string());
        let (body, received_at) = (body.as_bytes(), clock::now());
        match read(Received { source: datadog, headers: &headers, body, received_at, receipt: "1" }) {
            Webhook::Delivery(delivery) => Ok(message(&delivery)?),
            other => Err(format!("not a delivery: {other:?}").into()),
        }
    }
}
