//! What bodies look like on the wire, as snapshots.
//!
//! After an intended change, write the snapshots anew and review the diff:
//!
//! ```sh
//! INSTA_UPDATE=always cargo test -p tests --test blackbox wire_bodies
//! ```

mod problems;
mod redactions;

use serde_json::{Value, json};
use tests::{Answer, Api, Sandbox, WAIT_TIMEOUT, WebhookRequest, eventually, random_digits, sentry::Issue};

use crate::quarantine::{delete, entries_of, get_entry};

/// Compares a body with its snapshot. `placeholders` are names and numbers that the test made up.
fn assert_body(name: &str, body: &Value, placeholders: &[(&str, &str)]) {
    let body = redactions::with_placeholders(body, placeholders);
    redactions::settings().bind(|| insta::assert_json_snapshot!(name, body));
}

/// Compares the status, the type and the body of an answer with a snapshot.
fn assert_answer(name: &str, answer: &Answer, placeholders: &[(&str, &str)]) {
    let whole = json!({
        "status": answer.status,
        "content_type": answer.header("content-type"),
        "body": answer.json(),
    });
    assert_body(name, &whole, placeholders);
}

/// An incident with an alert of each source. A responder investigates it, and all alerts are
/// resolved.
struct Story {
    sandbox: Sandbox,
    /// Datadog's ids of the monitor and its alert.
    numbers: [String; 2],
    issue: Issue,
    incident: String,
}

impl Story {
    async fn new() -> Self {
        let sandbox = Sandbox::new();
        let numbers = [random_digits(9), random_digits(20)];
        let monitor = sandbox.monitor().with("alert_id", &*numbers[0]).with("alert_cycle_key", &*numbers[1]);
        let alerts = sandbox.deliver(&monitor).await;
        let incident = alerts[0]["incident_id"].as_str().expect("an incident").to_owned();
        let issue = Issue::of(&sandbox).level("fatal");
        let link = "https://larkspur.sentry.io/issues/7/events/8/";
        sandbox.deliver(&issue.event_alert(sandbox.minute(2)).with("/data/event/web_url", link)).await;
        let body = json!({ "status": "INVESTIGATING", "comment": "Rolling back 3.9.1" });
        sandbox.api.patch_status(&incident, &body).await.expect(200);
        sandbox.deliver(&issue.resolved(sandbox.minute(8))).await;
        sandbox.deliver(&monitor.resolved().at(sandbox.minute(9))).await;
        // The list reads an index, which may be a moment behind the table.
        let current = sandbox.api.detail(&incident).await["incident"].take();
        eventually(WAIT_TIMEOUT, async || match sandbox.incidents().await {
            listed if listed == [current.clone()] => Ok(()),
            listed => Err(format!("{listed:?}")),
        })
        .await;
        Self { sandbox, numbers, issue, incident }
    }

    fn placeholders(&self) -> [(&str, &str); 6] {
        [
            (&self.sandbox.service, "[service]"),
            (&self.sandbox.environment, "[environment]"),
            (&self.sandbox.team, "[team]"),
            (&self.numbers[0], "[monitor]"),
            (&self.numbers[1], "[cycle]"),
            (&self.issue.id, "[issue]"),
        ]
    }
}

#[tokio::test]
async fn a_page_of_incidents() {
    let story = Story::new().await;
    let sandbox = &story.sandbox;
    let other = sandbox.in_another_environment();
    other.deliver(&other.monitor().priority("P4")).await;
    let path = format!("/incidents?team={}&sort=created_at&limit=1", sandbox.team);
    let page = sandbox.api.get(&format!("{path}&facets=status,severity,source")).await;
    assert_answer("incidents", &page, &story.placeholders());
}

#[tokio::test]
async fn an_empty_page() {
    let sandbox = Sandbox::new();
    let page = sandbox.api.get(&format!("/incidents?team={}&facets=service", sandbox.team)).await;
    assert_answer("incidents_empty", &page, &[]);
}

#[tokio::test]
async fn the_detail_of_an_incident() {
    let story = Story::new().await;
    let detail = story.sandbox.api.get(&format!("/incidents/{}", story.incident)).await;
    assert_answer("incident", &detail, &story.placeholders());
}

#[tokio::test]
async fn an_incident_whose_status_changed() {
    let story = Story::new().await;
    let changed = story.sandbox.api.patch_status(&story.incident, &json!({ "status": "RESOLVED" })).await;
    assert_answer("incident_changed", &changed, &story.placeholders());
}

#[tokio::test]
async fn a_comment() {
    let story = Story::new().await;
    let added = story.sandbox.api.comment(&story.incident, "The rollback is out.").await;
    assert_answer("comment_added", &added, &story.placeholders());
}

#[tokio::test]
async fn an_incident_whose_assignee_changed() {
    let story = Story::new().await;
    let changed = story.sandbox.api.assign(&story.incident, Some("Jonas Brandt")).await;
    assert_answer("assignee_changed", &changed, &story.placeholders());
}

#[tokio::test]
async fn a_page_of_alerts() {
    let story = Story::new().await;
    let sandbox = &story.sandbox;
    let page = sandbox.api.get(&format!("/alerts?environment={}&sort=created_at", sandbox.environment)).await;
    assert_answer("alerts", &page, &story.placeholders());
}

#[tokio::test]
async fn a_page_of_the_quarantine() {
    let api = Api::shared();
    let (number, entry) = quarantined(&api).await;
    let mut page = api.get_as_responder("/quarantine?limit=200&source=sentry").await.expect(200).json();
    // Other tests quarantine webhooks too.
    page["items"].as_array_mut().expect("a list").retain(|item| item["id"] == entry["id"]);
    assert!(page["total"].as_u64() >= Some(1));
    page["total"] = json!("[total]");
    page["next_cursor"] = Value::Null;
    assert_body("quarantine", &page, &[(&number, "[number]")]);
}

#[tokio::test]
async fn an_entry_of_the_quarantine() {
    let api = Api::shared();
    let (number, entry) = quarantined(&api).await;
    let id = entry["id"].as_str().expect("an id");
    let entry = api.get_as_responder(&format!("/quarantine/{id}")).await;
    assert_answer("quarantine_entry", &entry, &[(&number, "[number]")]);
}

#[tokio::test]
async fn a_deleted_entry_of_the_quarantine() {
    let api = Api::shared();
    let (number, entry) = quarantined(&api).await;
    let id = entry["id"].as_str().expect("an id");
    delete(&api, id).await.expect(204);
    assert_body("quarantine_entry_deleted", &get_entry(&api, id).await, &[(&number, "[number]")]);
}

#[tokio::test]
async fn the_receipts_of_webhooks() {
    let sandbox = Sandbox::new();
    let issue = Issue::of(&sandbox);
    let accepted = sandbox.api.deliver(&sandbox.monitor()).await;
    assert_answer("webhook_accepted", &accepted, &[]);
    let ignored = sandbox.api.deliver(&issue.webhook("assigned", sandbox.time)).await;
    assert_answer("webhook_ignored", &ignored, &[]);
    let quarantined = sandbox.api.deliver(unreadable(&random_digits(20))).await;
    assert_answer("webhook_quarantined", &quarantined, &[]);
}

#[tokio::test]
async fn the_health() {
    let api = Api::shared();
    let health = api.send(api.request(reqwest::Method::GET, "/health")).await;
    assert_answer("health", &health, &[]);
}

/// A webhook that cannot be read, with a number that makes it unique.
fn unreadable(number: &str) -> WebhookRequest {
    WebhookRequest::sentry("issue", json!({ "action": "created", "data": { "nothing": number } }).to_string())
}

/// Puts a webhook into the quarantine, and returns its number and its entry.
async fn quarantined(api: &Api) -> (String, Value) {
    let number = random_digits(20);
    let delivery_id = api.deliver(unreadable(&number)).await.quarantined();
    (number, entries_of(api, &[delivery_id]).await.remove(0))
}
