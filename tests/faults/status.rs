//! People change the status of one incident at the same time over HTTP while alerts join it, with
//! and without faults.

use std::collections::BTreeMap;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Answer, Api, Sandbox, TestStack, WAIT_TIMEOUT, eventually,
    faults::{Fault, FaultInjector, FaultRates},
};

/// The number of people and of alerts.
const PEOPLE: usize = 20;
const ALERTS: usize = 20;

/// What a person asks for.
struct Asked {
    status: &'static str,
    comment: String,
    /// Whether the request has an `If-Match` with the version that everybody saw.
    insists: bool,
}

/// Sends the requests of all people while alerts join. Returns the answers and the detail
/// afterwards.
async fn contend(sandbox: &Sandbox, incident: &str, ask: impl Fn(usize) -> Asked) -> (Vec<(Asked, Answer)>, Value) {
    let etag = eventually(WAIT_TIMEOUT, async || {
        let answer = sandbox.api.get(&format!("/incidents/{incident}")).await;
        answer.header("etag").map(str::to_owned).ok_or_else(|| answer.text().to_owned())
    })
    .await;
    let joining = join_all((0..ALERTS).map(|_| send_until_accepted(sandbox)));
    let asking = join_all((0..PEOPLE).map(async |number| {
        let asked = ask(number);
        let mut request = sandbox.api.status_request(incident);
        if asked.insists {
            request = request.header("if-match", &etag);
        }
        let body = json!({ "status": asked.status, "comment": asked.comment });
        let answer = sandbox.api.send(request.body(body.to_string())).await;
        (asked, answer)
    }));
    let (answers, _) = futures::join!(asking, joining);
    let detail = eventually(WAIT_TIMEOUT, async || {
        let answer = sandbox.api.get(&format!("/incidents/{incident}")).await;
        let detail = if answer.status == 200 { answer.json() } else { Value::Null };
        if detail["incident"]["alert_count"] == 1 + ALERTS { Ok(detail) } else { Err(format!("{detail:#}")) }
    })
    .await;
    (answers, detail)
}

/// Sends the same webhook again until it is accepted, like a source that retries.
async fn send_until_accepted(sandbox: &Sandbox) {
    let monitor = sandbox.monitor();
    eventually(WAIT_TIMEOUT, async || match sandbox.api.deliver(&monitor).await {
        answer if answer.status == 202 => Ok(()),
        answer => Err(answer.text().to_owned()),
    })
    .await;
}

/// The comments of the recorded changes, by status.
fn recorded(detail: &Value) -> BTreeMap<String, Vec<String>> {
    let mut recorded: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for action in detail["actions"].as_array().expect("a list") {
        if action["type"] == "status_changed" {
            let of = |member: &str| action["details"][member].as_str().expect("a text").to_owned();
            recorded.entry(of("to")).or_default().push(of("comment"));
        }
    }
    recorded
}

/// Asserts that each answer agrees with the history of the incident.
fn check_answers(answers: &[(Asked, Answer)], detail: &Value) {
    let recorded = recorded(detail);
    for (asked, answer) in answers {
        let won = recorded.get(asked.status).is_some_and(|comments| comments.contains(&asked.comment));
        match answer.status {
            200 => {
                assert_eq!(answer.json()["incident"]["status"], asked.status);
                assert!(answer.header("etag").is_some());
                let is_so = asked.status == "OPEN" || recorded.contains_key(asked.status);
                assert!(won || is_so, "{}: {detail:#}", asked.comment);
            }
            409 => {
                assert!(!won, "{} was refused and recorded", asked.comment);
                let problem = answer.problem(409);
                assert_ne!(problem.member("current_status"), asked.status);
                assert!(problem.member("allowed_transitions").is_array());
            }
            412 => {
                assert!(!won && asked.insists, "{} was refused and recorded", asked.comment);
                assert!(answer.problem(412).member("current_status").is_string());
                assert!(answer.header("etag").is_some());
            }
            // The answer is unknown to the function. The person is told to try again.
            503 => assert!(answer.header("retry-after").is_some()),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(recorded.values().all(|comments| comments.len() == 1), "recorded once each: {recorded:?}");
}

fn equal(number: usize) -> Asked {
    Asked { status: "INVESTIGATING", comment: format!("person {number}"), insists: false }
}

fn insistent(number: usize) -> Asked {
    Asked { insists: true, ..equal(number) }
}

fn mixed(number: usize) -> Asked {
    let status = ["INVESTIGATING", "RESOLVED", "CLOSED", "OPEN"][number % 4];
    Asked { status, comment: format!("person {number}"), insists: false }
}

#[tokio::test]
async fn twenty_equal_status_changes_while_alerts_join_are_recorded_once() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let (answers, detail) = contend(&sandbox, &incident, equal).await;
    check_answers(&answers, &detail);
    assert!(answers.iter().all(|(_, answer)| answer.status == 200));
    assert_eq!(recorded(&detail).len(), 1);
    assert_eq!(detail["incident"]["status"], "INVESTIGATING");
    assert_eq!(detail["actions_total"], 1 + ALERTS + 1);
    assert_eq!(detail["alerts_total"], 1 + ALERTS);
}

#[tokio::test]
async fn of_twenty_status_changes_for_one_version_while_alerts_join_at_most_one_succeeds() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let (answers, detail) = contend(&sandbox, &incident, insistent).await;
    check_answers(&answers, &detail);
    // An alert that joined first made all versions stale.
    let won = answers.iter().filter(|(_, answer)| answer.status == 200).count();
    assert_eq!(won, recorded(&detail).len());
    assert!(answers.iter().all(|(_, answer)| [200, 412].contains(&answer.status)));
    assert_eq!(detail["actions_total"], 1 + ALERTS + won);
}

#[tokio::test]
async fn different_concurrent_status_changes_never_skip_a_step_while_alerts_join() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    // Once the incident is resolved, later alerts of its service open another incident.
    let asking = join_all((0..PEOPLE).map(async |number| {
        let asked = mixed(number);
        let body = json!({ "status": asked.status, "comment": asked.comment });
        let answer = sandbox.api.patch_status(&incident, &body).await;
        (asked, answer)
    }));
    let joining = join_all((0..ALERTS).map(|_| send_until_accepted(&sandbox)));
    let (answers, _) = futures::join!(asking, joining);
    let alerts = sandbox.alerts_when("all alerts", |alerts| alerts.len() == 1 + ALERTS).await;
    let detail = sandbox.api.detail(&incident).await;
    check_answers(&answers, &detail);
    // An alert is in this incident, or in one that was opened after it was resolved.
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for alert in &alerts {
        *counts.entry(alert["incident_id"].as_str().expect("an incident")).or_default() += 1;
    }
    for (id, count) in counts {
        assert_eq!(sandbox.api.detail(id).await["incident"]["alert_count"], count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_changes_and_alerts_are_not_lost_under_faults() {
    let faults = FaultInjector::seeded(7, FaultRates::each(25).with_rare_silence().with(Fault::AnswerLost, 80));
    let options = local::Options { wire: Some(faults.wire()), ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    faults.pause();
    let incident = sandbox.open_incident().await;
    faults.resume();
    let (answers, detail) =
        contend(&sandbox, &incident, |number| if number % 2 == 0 { equal(number) } else { insistent(number) }).await;
    faults.pause();
    check_answers(&answers, &detail);
    assert_eq!(detail["incident"]["alert_count"], 1 + ALERTS);

    // A person who was told to try again does so.
    let again = sandbox
        .api
        .send(
            sandbox
                .api
                .request(Method::PATCH, &format!("/incidents/{incident}/status"))
                .bearer_auth(&sandbox.api.access().responder_token)
                .body(json!({ "status": "INVESTIGATING", "comment": "again" }).to_string()),
        )
        .await;
    again.expect(200);
    let detail = sandbox.api.detail(&incident).await;
    assert_eq!(detail["incident"]["status"], "INVESTIGATING");
    assert_eq!(recorded(&detail).values().flatten().count(), 1);
    let injected = faults.injected();
    assert!(injected.get(&Fault::AnswerLost).is_some_and(|count| *count > 0), "{injected:?}");
    stack.stop().await;
}
