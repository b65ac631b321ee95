//! Names of a test's own, and how it waits for what it caused to show.

use std::sync::{
    Arc, LazyLock, Mutex,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

use crate::{Api, DEADLINE, Delivery, datadog::Notification, eventually};

/// One test's corner of the stack: an environment, a service and a team that no other test uses.
///
/// Alerts of one environment group across services (the cascade), so a shared environment would
/// let tests join each other's incidents.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The client.
    pub api: Api,
    /// The environment of the test's alerts.
    pub environment: String,
    /// The service of the test's alerts.
    pub service: String,
    /// The team of the test's alerts, where the source can name one.
    pub team: String,
    /// The sources' clock when the scene begins.
    pub time: Timestamp,
    suffix: String,
    /// The services that the scene watches; every one of its environment if there are none.
    watched: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    /// A scene on the shared stack.
    pub fn new() -> Self {
        Self::on(Api::shared())
    }

    /// A scene on a given stack.
    pub fn on(api: Api) -> Self {
        let suffix = suffix();
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

    /// A scene in the environment of alerts that name none, which all such tests share: so it has an hour
    /// of the past to itself.
    pub fn in_production() -> Self {
        let mut scene = Self::new();
        "production".clone_into(&mut scene.environment);
        scene.time = an_hour_of_its_own();
        scene
    }

    /// The same scene, seen through another client.
    #[must_use]
    pub fn over(self, api: Api) -> Self {
        Self { api, ..self }
    }

    /// Another environment of the same team.
    #[must_use]
    pub fn elsewhere(&self) -> Self {
        Self { team: self.team.clone(), ..Self::on(self.api.clone()) }
    }

    /// The same scene about another service.
    #[must_use]
    pub fn of_service(self, service: &str) -> Self {
        Self { service: service.to_owned(), watched: Arc::new(Mutex::new(vec![service.to_owned()])), ..self }
    }

    /// The same scene, that watches every alert of its environment: for those without a service or with an odd one.
    #[must_use]
    pub fn of_any_service(self) -> Self {
        Self { watched: Arc::default(), ..self }
    }

    /// Another service of this scene, which watches it too.
    pub fn other_service(&self, name: &str) -> String {
        let service = format!("{name}-{}", self.suffix);
        let mut watched = self.watched.lock().expect("no test panics while it names a service");
        if !watched.is_empty() {
            watched.push(service.clone());
        }
        service
    }

    /// The sources' clock, minutes into the scene.
    pub fn minute(&self, minutes: i64) -> Timestamp {
        self.time + SignedDuration::from_mins(minutes)
    }

    /// A Datadog monitor of this scene that triggers at its beginning.
    pub fn monitor(&self) -> Notification {
        Notification::triggered(self)
    }

    /// Sends a webhook that must be accepted; returns the delivery's id at once.
    pub async fn send(&self, webhook: impl Into<Delivery>) -> String {
        self.api.deliver(webhook).await.accepted()
    }

    /// Sends a webhook, waits until it shows in the scene's alerts, and returns them, newest first.
    pub async fn deliver(&self, webhook: impl Into<Delivery>) -> Vec<Value> {
        let before = self.alerts().await;
        self.send(webhook).await;
        self.alerts_when("a change", |alerts| alerts != before).await
    }

    /// Sends a webhook that must change nothing, and waits until it had its turn.
    pub async fn deliver_in_vain(&self, webhook: impl Into<Delivery>) {
        let before = self.alerts().await;
        self.send(webhook).await;
        self.fence().await;
        assert_eq!(self.alerts().await, before);
    }

    /// Waits until everything that was sent before has had its turn: twice in a row, a later
    /// delivery to another environment has shown.
    pub async fn fence(&self) {
        for _ in 0..2 {
            let elsewhere = Self::on(self.api.clone());
            elsewhere.deliver(&elsewhere.monitor()).await;
        }
    }

    /// The scene's alerts, newest first.
    pub async fn alerts(&self) -> Vec<Value> {
        let watched = self.watched.lock().expect("no test panics while it names a service").join(",");
        let service = if watched.is_empty() { watched } else { format!("&service={watched}") };
        self.api.everything(&format!("/alerts?environment={}{service}", self.environment)).await
    }

    /// The scene's alerts as soon as they are as they should be.
    pub async fn alerts_when(&self, what: &str, condition: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        eventually(DEADLINE, async || {
            let alerts = self.alerts().await;
            if condition(&alerts) {
                Ok(alerts)
            } else {
                Err(format!("{what}, of {} alerts: {}", alerts.len(), Value::from(alerts)))
            }
        })
        .await
    }

    /// The incidents of the scene's service, newest first.
    pub async fn incidents(&self) -> Vec<Value> {
        self.incidents_of(&[&self.service]).await
    }

    /// The incidents of services, newest first.
    pub async fn incidents_of(&self, services: &[&str]) -> Vec<Value> {
        self.api.everything(&format!("/incidents?service={}", services.join(","))).await
    }

    /// The detail of the incident that an alert belongs to.
    pub async fn incident_of(&self, alert: &Value) -> Value {
        let id = alert["incident_id"].as_str().unwrap_or_else(|| panic!("no incident: {alert:#}"));
        self.api.detail(id).await
    }

    /// Opens an incident with one alert and returns its id.
    pub async fn an_incident(&self) -> String {
        let alerts = self.deliver(&self.monitor()).await;
        alerts[0]["incident_id"].as_str().expect("the alert opened an incident").to_owned()
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// The present, to the millisecond, as the product's times are.
#[expect(clippy::disallowed_methods, reason = "a test's sources need a clock, and this is it")]
pub fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).expect("the present is in range")
}

/// A time as the product writes it.
pub fn rfc3339(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A random end for a name.
pub fn suffix() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(12).collect::<String>().to_lowercase()
}

/// A random number of so many digits, as text.
pub fn digits(count: usize) -> String {
    std::iter::repeat_with(|| fastrand::char('1'..='9')).take(count).collect()
}

/// The text members of a list.
#[track_caller]
pub fn strings(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    list.iter().map(|value| value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))).collect()
}

/// Whether a member of the items never decreases from one to the next.
pub fn in_order(items: &[Value], member: &str) -> bool {
    items.windows(2).all(|pair| pair[0][member].as_str() <= pair[1][member].as_str())
}

/// Hours that begin at a random one of the last months, so that runs against one deployment do not meet either.
fn an_hour_of_its_own() -> Timestamp {
    static START: LazyLock<i64> = LazyLock::new(|| fastrand::i64(1_000..5_000));
    static USED: AtomicI64 = AtomicI64::new(0);
    let hours = *START - USED.fetch_add(2, Ordering::Relaxed);
    now() - SignedDuration::from_hours(hours)
}
