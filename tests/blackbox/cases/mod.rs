//! Webhooks as sources really send them, where a careless reader goes wrong: see
//! `fixtures/cases/README.md`.

mod clocks;
mod closed_incidents;
mod duplicates;
mod environments;
mod keys;
mod not_json;
mod notifications;
mod severities;
mod templates;
mod titles;
mod trickle;

use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use tests::{Sandbox, TimeShift, WebhookRequest, now, random_digits, random_suffix};

/// When the first webhook of each case was written down.
const WRITTEN_AT: &str = "2026-11-27T04:00:00Z";

/// The webhooks of a case: their names and ids belong to one test, and their times are moved.
struct Case {
    sandbox: Sandbox,
    /// What the names of the fixtures begin with, instead of `fx-`.
    prefix: String,
    /// What the ids of the fixtures begin with, instead of `6110` and `7110`.
    digits: String,
    shift: TimeShift,
}

impl Case {
    /// The webhooks of an environment of the fixtures. The first occurs an hour ago.
    fn in_environment(environment: &str) -> Self {
        Self::at(now() - 1.hour(), environment)
    }

    /// The same, but the first occurs at a time.
    fn at(begin: Timestamp, environment: &str) -> Self {
        let prefix = format!("fx{}-", random_suffix());
        let mut sandbox = Sandbox::new();
        sandbox.environment = environment.replace("fx-", &prefix);
        let shift = TimeShift::between(WRITTEN_AT, begin);
        Self { sandbox: sandbox.watching_every_service(), prefix, digits: random_digits(4), shift }
    }

    /// Lists only the alerts of a service of the fixtures: others share the environment.
    fn of_service(mut self, service: &str) -> Self {
        let service = self.name(service);
        self.sandbox = self.sandbox.with_service(&service);
        self
    }

    /// A name of the fixtures, as it is in this test.
    fn name(&self, name: &str) -> String {
        name.replace("fx-", &self.prefix)
    }

    fn body(&self, name: &str) -> String {
        let path = format!("{}/fixtures/cases/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read_to_string(path).expect("a fixture");
        let body = self.name(&body).replace("6110", &self.digits).replace("7110", &self.digits);
        self.shift.text(&body)
    }

    fn datadog(&self, name: &str) -> WebhookRequest {
        WebhookRequest::datadog(self.body(name))
    }

    fn sentry(&self, resource: &str, name: &str) -> WebhookRequest {
        WebhookRequest::sentry(resource, self.body(name))
    }

    /// Sends webhooks one after the other, each once the one before changed something. Returns the
    /// alerts, the first one first.
    async fn deliver(&self, webhooks: impl IntoIterator<Item = WebhookRequest>) -> Vec<Value> {
        let mut alerts = Vec::new();
        for webhook in webhooks {
            alerts = self.sandbox.deliver(&webhook).await;
        }
        alerts.reverse();
        alerts
    }
}

/// A member of each alert.
fn each(alerts: &[Value], member: &str) -> Vec<Value> {
    alerts.iter().map(|alert| alert[member].clone()).collect()
}
