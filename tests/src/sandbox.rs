//! Names that belong to one test, and waiting for the effects of its webhooks.

use std::sync::{
    Arc, LazyLock, Mutex,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

use crate::{Api, WAIT_TIMEOUT, WebhookRequest, datadog::Notification, eventually};

/// An environment, a service and a team that no other test uses.
///
/// Alerts of different services join one incident if they share an environment. So tests that share
/// an environment would join each other's incidents.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The client of the stack.
    pub api: Api,
    /// The environment of the test's alerts.
    pub environment: String,
    /// The service of the test's alerts.
    pub service: String,
    /// The team of the test's alerts. Only Datadog names it.
    pub team: String,
    /// When the first event of the test occurs, by the clock of the source: an hour ago.
    pub time: Timestamp,
    suffix: String,
    /// The services whose alerts the sandbox lists. If it is empty: all services of the
    /// environment.
    watched: Arc<Mutex<Vec<String>>>,
}

impl Sandbox {
    /// A sandbox on the shared stack.
    pub fn new() -> Self {
        Self::on(Api::shared())
    }

    /// A sandbox on a given stack.
    pub fn on(api: Api) -> Self {
        let suffix = random_suffix();
        let service = format!("checkout-{suffix}");
        Self {
            api,
            watched: Arc::new(Mutex::new(vec![service.clone()])),
            environment: format!("env-{suffix}"),
            service,
            team: format!("team-{suffix}"),
            time: now() - 1.hour(),
            suffix,
        }
    }

    /// A sandbox for alerts that name no environment: they are in production.
    ///
    /// Such tests share an environment. So each uses an hour of the past that no other test uses.
    pub fn in_production() -> Self {
        let mut sandbox = Self::new();
        "production".clone_into(&mut sandbox.environment);
        sandbox.time = unused_hour();
        sandbox
    }

    /// The same sandbox with another client.
    #[must_use]
    pub fn with_api(self, api: Api) -> Self {
        Self { api, ..self }
    }

    /// A sandbox of the same team in another environment.
    #[must_use]
    pub fn in_another_environment(&self) -> Self {
        Self { team: self.team.clone(), ..Self::on(self.api.clone()) }
    }

    /// The same sandbox for another service.
    #[must_use]
    pub fn with_service(self, service: &str) -> Self {
        Self { service: service.to_owned(), watched: Arc::new(Mutex::new(vec![service.to_owned()])), ..self }
    }

    /// The same sandbox, but it lists the alerts of all services of its environment. For alerts
    /// that have no service or an unusual one.
    #[must_use]
    pub fn watching_every_service(self) -> Self {
        Self { watched: Arc::default(), ..self }
    }

    /// Another service of this sandbox, whose alerts it lists too.
    pub fn another_service(&self, name: &str) -> String {
        let service = format!("{name}-{}", self.suffix);
        let mut watched = self.watched.lock().expect("no test panics while it names a service");
        if !watched.is_empty() {
            watched.push(service.clone());
        }
        service
    }

    /// The time so many minutes after the sandbox's first event.
    pub fn minute(&self, minutes: i64) -> Timestamp {
        self.time + SignedDuration::from_mins(minutes)
    }

    /// A new Datadog monitor of this sandbox that triggers at the sandbox's time.
    pub fn monitor(&self) -> Notification {
        Notification::triggered(self)
    }

    /// Sends a webhook that must be accepted, and returns its delivery id without waiting.
    pub async fn send(&self, webhook: impl Into<WebhookRequest>) -> String {
        self.api.deliver(webhook).await.accepted()
    }

    /// Sends a webhook, waits until it changes the sandbox's alerts, and returns them, newest
    /// first.
    pub async fn deliver(&self, webhook: impl Into<WebhookRequest>) -> Vec<Value> {
        let before = self.alerts().await;
        self.send(webhook).await;
        self.alerts_when("a change", |alerts| alerts != before).await
    }

    /// Sends a webhook that must not change the sandbox's alerts, and waits until it is processed.
    pub async fn deliver_without_effect(&self, webhook: impl Into<WebhookRequest>) {
        let before = self.alerts().await;
        self.send(webhook).await;
        self.wait_until_processed().await;
        assert_eq!(self.alerts().await, before);
    }

    /// Waits until every webhook that was sent before is processed: twice in a row, it sends a
    /// webhook to another environment and waits for the alert.
    pub async fn wait_until_processed(&self) {
        for _ in 0..2 {
            let elsewhere = Self::on(self.api.clone());
            elsewhere.deliver(&elsewhere.monitor()).await;
        }
    }

    /// The sandbox's alerts, newest first.
    pub async fn alerts(&self) -> Vec<Value> {
        let watched = self.watched.lock().expect("no test panics while it names a service").join(",");
        let service = if watched.is_empty() { watched } else { format!("&service={watched}") };
        self.api.all_items(&format!("/alerts?environment={}{service}", self.environment)).await
    }

    /// Waits until the sandbox's alerts meet a condition, and returns them, newest first.
    pub async fn alerts_when(&self, what: &str, condition: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        eventually(WAIT_TIMEOUT, async || {
            let alerts = self.alerts().await;
            if condition(&alerts) {
                Ok(alerts)
            } else {
                Err(format!("{what}, of {} alerts: {}", alerts.len(), Value::from(alerts)))
            }
        })
        .await
    }

    /// The incidents of the sandbox's service, newest first.
    pub async fn incidents(&self) -> Vec<Value> {
        self.incidents_of(&[&self.service]).await
    }

    /// The incidents of services, newest first.
    pub async fn incidents_of(&self, services: &[&str]) -> Vec<Value> {
        self.api.all_items(&format!("/incidents?service={}", services.join(","))).await
    }

    /// The detail of an alert's incident.
    pub async fn incident_of(&self, alert: &Value) -> Value {
        let id = alert["incident_id"].as_str().unwrap_or_else(|| panic!("no incident: {alert:#}"));
        self.api.detail(id).await
    }

    /// Opens an incident with one alert, and returns its id.
    pub async fn open_incident(&self) -> String {
        let alerts = self.deliver(&self.monitor()).await;
        alerts[0]["incident_id"].as_str().expect("the alert opened an incident").to_owned()
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// The current time in milliseconds, like the times of the product.
#[expect(clippy::disallowed_methods, reason = "the sources that tests play need a clock")]
pub fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).expect("the present is in range")
}

/// A time as the API formats it.
pub fn rfc3339(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A random suffix that makes a name unique.
pub fn random_suffix() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(12).collect::<String>().to_lowercase()
}

/// A random number of so many digits, as text.
pub fn random_digits(count: usize) -> String {
    std::iter::repeat_with(|| fastrand::char('1'..='9')).take(count).collect()
}

/// The items of a JSON list, which must be strings.
#[track_caller]
pub fn strings(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    list.iter().map(|value| value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))).collect()
}

/// Whether the items are in ascending order of a member.
pub fn in_order(items: &[Value], member: &str) -> bool {
    items.windows(2).all(|pair| pair[0][member].as_str() <= pair[1][member].as_str())
}

/// An hour that no other test uses. It begins at random within the days that are not too long ago to
/// be grouped, so that several runs against one deployment seldom share it.
fn unused_hour() -> Timestamp {
    static START: LazyLock<i64> = LazyLock::new(|| fastrand::i64(150..400));
    static USED: AtomicI64 = AtomicI64::new(0);
    let hours = *START - USED.fetch_add(2, Ordering::Relaxed);
    now() - SignedDuration::from_hours(hours)
}
