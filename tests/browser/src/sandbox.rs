//! Incidents for one test: of a team that no other test uses.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{RESPONDER, Stack, VIEWER, eventually};

/// A team of its own, and a client of the API.
#[derive(Debug)]
pub struct Sandbox {
    pub team: String,
    stack: Arc<Stack>,
    http: reqwest::Client,
}

/// What a monitor reports.
#[derive(Debug, Clone)]
pub struct Alert {
    pub title: String,
    pub message: String,
    /// `P1` is critical, `P2` an error, `P3` a warning.
    pub priority: &'static str,
    pub link: String,
    /// Further tags.
    pub tags: Vec<String>,
}

impl Default for Alert {
    fn default() -> Self {
        Self {
            title: "Latency over its objective".to_owned(),
            message: "The 99th percentile is 2.4 s, the objective is 0.8 s.".to_owned(),
            priority: "P2",
            link: "https://app.datadoghq.example/event?id=6412009".to_owned(),
            tags: Vec::new(),
        }
    }
}

impl Alert {
    /// An alert with a title.
    pub fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }
}

/// An incident with one alert.
#[derive(Debug, Clone)]
pub struct Incident {
    pub id: String,
    pub alert_id: String,
    /// The page of the console.
    pub path: String,
}

impl Sandbox {
    /// A sandbox on a stack.
    pub fn on(stack: &Arc<Stack>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        Self { team: format!("team-{}", random_suffix()), stack: Arc::clone(stack), http }
    }

    /// The list of the team's incidents, in the console.
    pub fn list(&self) -> String {
        format!("/console/incidents?team={}", self.team)
    }

    /// Sends an alert of another service in another environment, and waits for its incident.
    pub async fn incident(&self, alert: &Alert) -> Incident {
        let place = random_suffix();
        let (service, environment) = (format!("service-{place}"), format!("env-{place}"));
        let mut tags = vec![format!("service:{service}"), format!("env:{environment}"), format!("team:{}", self.team)];
        tags.extend(alert.tags.iter().cloned());
        let now = milliseconds().to_string();
        let body = json!({
            "id": digits(19), "alert_id": digits(9), "alert_cycle_key": digits(20), "aggreg_key": digits(32),
            "transition": "Triggered", "alert_type": "error", "event_type": "query_alert_monitor",
            "title": alert.title, "body": alert.message, "link": alert.link, "priority": alert.priority,
            "scope": format!("service:{service},env:{environment}"), "tags": tags.join(","),
            "date": now, "last_updated": now,
        });
        let request = self.http.post(format!("{}/webhooks/datadog", self.stack.url));
        let request = request.header("x-webhook-token", "local-datadog-secret").json(&body);
        let answer = request.send().await.expect("the stack answers");
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap_or_default());
        let alert = eventually("the alert", async || {
            let found = self.get(&format!("/alerts?environment={environment}&limit=1")).await;
            let alert = &found["items"][0];
            if alert["incident_id"].is_string() { Ok(alert.clone()) } else { Err(found.to_string()) }
        })
        .await;
        let text = |member: &str| alert[member].as_str().expect("a text").to_owned();
        let id = text("incident_id");
        Incident { path: format!("/console/incidents/{id}"), alert_id: text("id"), id }
    }

    /// Sends a webhook that is authentic but cannot be read. Returns its body, which no other webhook has.
    pub async fn quarantine(&self) -> String {
        let nothing = format!("<script>window.hacked=1</script>{}", random_suffix());
        let body = json!({ "data": { "nothing": nothing }, "action": "created" }).to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(b"local-sentry-secret").expect("HMAC takes keys of any length");
        mac.update(body.as_bytes());
        let request = self.http.post(format!("{}/webhooks/sentry", self.stack.url)).body(body);
        let request = request
            .header("content-type", "application/json")
            .header("sentry-hook-resource", "issue")
            .header("sentry-hook-timestamp", (milliseconds() / 1000).to_string())
            .header("sentry-hook-signature", hex::encode(mac.finalize().into_bytes()));
        let answer: Value = request.send().await.expect("the stack answers").json().await.expect("JSON");
        assert_eq!(answer["status"], "quarantined", "{answer}");
        nothing
    }

    /// Reads from the API.
    pub async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.stack.url)).bearer_auth(VIEWER);
        request.send().await.expect("the stack answers").json().await.expect("JSON")
    }

    /// The status of an incident, by the API.
    pub async fn status(&self, incident: &Incident) -> String {
        let detail = self.get(&format!("/incidents/{}", incident.id)).await;
        detail["incident"]["status"].as_str().unwrap_or_else(|| panic!("{detail:#}")).to_owned()
    }

    /// Comments on an incident, by the API.
    pub async fn comment(&self, incident: &Incident, comment: &str) {
        let request = self.http.post(format!("{}/incidents/{}/comments", self.stack.url, incident.id));
        let answer = request.bearer_auth(RESPONDER).json(&json!({ "comment": comment })).send().await;
        assert!(answer.expect("the stack answers").status().is_success());
    }
}

/// A random suffix that makes a name unique.
pub fn random_suffix() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(10).collect::<String>().to_lowercase()
}

fn digits(count: usize) -> String {
    std::iter::repeat_with(|| fastrand::char('1'..='9')).take(count).collect()
}

#[expect(clippy::disallowed_methods, reason = "the sources that tests play need a clock")]
fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis()
}
