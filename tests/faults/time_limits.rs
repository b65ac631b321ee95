//! How long each function takes to answer while a service is in trouble. The table of docs/LIMITS.md
//! says so to people; here the same table is the limit.
//!
//! The functions run with the configuration of the product and the deadlines of `template.yaml`.
//! Time is paused, so what would take minutes takes none.

use std::{collections::BTreeMap, fmt::Write, path::Path, time::Duration};

use jiff::SignedDuration;
use lambda_http::http::StatusCode;
use local::secrets;
use rstest::rstest;
use serde_json::{Value as Json, json};
use shared::{clock, service::quarantine_dead_letter::QuarantineDeadLetter, store};
use tests::{
    Api, Sandbox, TestStack,
    console::Browser,
    datadog::Notification,
    faults::{Fault, FaultInjector, FaultRates, Outage},
    patient,
};
use tokio::time::Instant;

use crate::kill;

/// The troubles of the table, by its columns.
const TROUBLES: [(&str, Fault); 4] = [
    ("hangs", Fault::Hung),
    ("throttles", Fault::Throttled),
    ("resets connections", Fault::Unsent),
    ("refuses permission", Fault::Denied),
];

/// What is in trouble: everything, or only what comes last in a function.
const SCOPES: [Option<&[&str]>; 2] = [None, Some(&["TransactWriteItems", "SendMessage", "Query"])];

/// The functions that call no service while they answer, unless their credentials are old.
const ALONE: [&str; 2] = ["Authorize", "Health"];

/// The rows that the events are about.
struct Subjects {
    alert: String,
    incident: String,
    other: String,
    entry: String,
    messages: Vec<Json>,
    cookies: Vec<String>,
}

impl Subjects {
    async fn on(stack: &TestStack) -> Self {
        let sandbox = Sandbox::on(Api::to(stack.access()));
        let incident = sandbox.open_incident().await;
        let other = sandbox.in_another_environment().open_incident().await;
        // One alert must stay when another leaves.
        sandbox.deliver(&sandbox.monitor()).await;
        let alert = sandbox.alerts().await[0]["id"].as_str().expect("an id").to_owned();
        let tables = store::Tables::new(stack.local().environment("QuarantineDeadLetters"), stack.local().aws());
        let mover = QuarantineDeadLetter::new(&tables, 1).expect("configured");
        let dead = serde_json::to_string(&kill::delivery(&sandbox.monitor())).expect("JSON");
        let entry = mover.put("dead", &dead, clock::now(), patient()).await.expect("put").pop().expect("an entry");
        let monitors = (0..10).map(|number| sandbox.monitor().at(sandbox.time + SignedDuration::from_secs(number)));
        let messages = monitors.map(|monitor: Notification| {
            let body = serde_json::to_string(&kill::delivery(&monitor)).expect("JSON");
            json!({
                "messageId": format!("message-{}", fastrand::u64(..)),
                "receiptHandle": "handle",
                "body": body,
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:AlertsQueue",
                "awsRegion": "us-east-1",
            })
        });
        let browser = Browser::signed_in(&stack.access(), &stack.access().responder_token).await;
        let cookies = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Self { alert, incident, other, entry: entry.to_string(), messages: messages.collect(), cookies }
    }

    /// The event that Lambda passes to a function.
    fn event(&self, function: &str) -> Json {
        let Self { alert, incident, other, entry, messages, .. } = self;
        match function {
            "AddComment" => request("POST", incident, &json!({ "comment": "on it" })),
            "Authorize" => json!({ "identitySource": [format!("Bearer {}", secrets::VIEWER)] }),
            "ChangeAlertStatus" => request("PATCH", alert, &json!({ "status": "resolved" })),
            "ChangeAssignee" => request("PUT", incident, &json!({ "assignee": "alice" })),
            "ChangeStatus" => request("PATCH", incident, &json!({ "status": "INVESTIGATING" })),
            "DeleteAlertPayload" => request("DELETE", alert, &Json::Null),
            "GetAlert" | "GetAlertPayload" => request("GET", alert, &Json::Null),
            "DeleteQuarantineEntry" => request("DELETE", entry, &Json::Null),
            "GetIncident" | "GetIncidentReport" | "ListSimilarIncidents" => request("GET", incident, &Json::Null),
            "GetQuarantineEntry" => request("GET", entry, &Json::Null),
            "GroupAlerts" | "QuarantineDeadLetters" => json!({ "Records": messages }),
            "MergeIncidents" => request("POST", incident, &json!({ "incident_ids": [other] })),
            "SplitIncident" => request("POST", incident, &json!({ "alert_ids": [alert] })),
            "RedriveQuarantine" => {
                let mut event = request("POST", "", &Json::Null);
                event["rawQueryString"] = json!("kind=dead_letter");
                event
            }
            "RedriveQuarantineEntry" => request("POST", entry, &Json::Null),
            "ReceiveWebhook" => {
                let mut event = request("POST", "", &json!({ "title": "Disk is full" }));
                event["rawPath"] = json!("/webhooks/datadog");
                event["requestContext"]["http"]["path"] = event["rawPath"].clone();
                event["pathParameters"] = json!({ "source": "datadog" });
                event["headers"]["x-webhook-token"] = json!(secrets::DATADOG);
                event
            }
            "Console" => self.page(),
            "ReceiveAlarm" => alarm(),
            // Health, lists, statistics and sealing.
            _ => request("GET", "", &Json::Null),
        }
    }
}

impl Subjects {
    /// A page of the console, which the browser of a responder asks for.
    fn page(&self) -> Json {
        let mut event = request("GET", "", &Json::Null);
        event["rawPath"] = json!("/console/incidents");
        event["requestContext"]["http"]["path"] = event["rawPath"].clone();
        event["requestContext"]["domainName"] = json!("127.0.0.1");
        event["headers"]["host"] = json!("127.0.0.1");
        event["cookies"] = json!(self.cookies);
        event
    }
}

/// An alarm that EventBridge sends.
fn alarm() -> Json {
    json!({
        "version": "0", "id": "1", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "account": "123456789012", "time": "2026-11-24T09:00:00Z", "region": "eu-west-1",
        "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:disk"],
        "detail": {
            "alarmName": "disk", "configuration": { "metrics": [] },
            "state": { "value": "ALARM", "timestamp": "2026-11-24T09:00:00.000+0000" },
        },
    })
}

/// An event of API Gateway in payload format 2.0. The authorizer has identified a responder.
fn request(method: &str, id: &str, body: &Json) -> Json {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "host": "api.example.com" },
        "pathParameters": { "id": id },
        "requestContext": {
            "accountId": "123456789012", "apiId": "api", "domainName": "api.example.com", "domainPrefix": "api",
            "authorizer": { "lambda": { "name": "alice", "role": "responder" } },
            "http": {
                "method": method, "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"
            },
            "requestId": "request", "routeKey": "$default", "stage": "$default",
            "time": "24/Nov/2026:09:00:00 +0000", "timeEpoch": 1_795_510_800_000_i64,
        },
        "body": if body.is_null() { Json::Null } else { body.to_string().into() },
        "isBase64Encoded": false,
    })
}

/// Asserts that an answer tells its caller that nothing is lost: 503 with the time to try again, or
/// every message back to the queue.
fn check_answer(function: &str, answer: &Json, what: &str) {
    match function {
        "GroupAlerts" | "QuarantineDeadLetters" => {
            let failed = answer["batchItemFailures"].as_array().expect("a report");
            assert_eq!(failed.len(), 10, "{function}, {what}: {answer}");
        }
        "Authorize" => assert_eq!(answer["isAuthorized"], true, "{what}"),
        "Health" => assert_eq!(answer["statusCode"], StatusCode::OK.as_u16(), "{what}"),
        // What it could not seal is sealed a minute later.
        "SealSegments" => assert_eq!(*answer, Json::Null, "{what}"),
        // A person loads the page again.
        "Console" => assert_eq!(answer["statusCode"], StatusCode::SERVICE_UNAVAILABLE.as_u16(), "{what}: {answer}"),
        _ => {
            assert_eq!(answer["statusCode"], StatusCode::SERVICE_UNAVAILABLE.as_u16(), "{function}, {what}: {answer}");
            assert_eq!(answer["headers"]["retry-after"], "1", "{function}, {what}: {answer}");
        }
    }
}

/// The rows of the table in docs/LIMITS.md: the name of a function, and the seconds in its columns.
fn documented() -> BTreeMap<String, Vec<f64>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/LIMITS.md");
    let page = std::fs::read_to_string(page).expect("the page exists");
    let section = page.split("## Answers in an outage").nth(1).expect("the section exists");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let name = cells.next().unwrap_or_default().trim_matches('`').to_owned();
        let seconds = cells.map(|cell| cell.trim_end_matches(" s").parse().unwrap_or_else(|_| panic!("{cell:?}")));
        (name, seconds.collect())
    })
    .collect()
}

/// `ReceiveWebhook` is `receive-webhook` in the table.
fn kebab_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[tokio::test]
async fn each_function_answers_in_the_documented_time_whatever_a_service_does() {
    let faults = FaultInjector::seeded(3, FaultRates::none());
    let options = local::Options { wire: Some(faults.wire()), patience: Duration::ZERO, ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let subjects = Subjects::on(&stack).await;
    let documented = documented();
    let (mut table, mut violations) = (String::new(), String::new());
    tokio::time::pause();
    for function in stack.local().functions() {
        let limit = stack.local().timeout(function).expect("a time limit").as_secs_f64();
        let _ = write!(table, "| `{}` | {limit} s |", kebab_case(function));
        let mut expected = documented.get(&kebab_case(function)).cloned().unwrap_or_default().into_iter();
        assert_eq!(expected.next(), Some(limit), "the time limit of {function} in docs/LIMITS.md");
        for (trouble, fault) in TROUBLES {
            let mut longest = Duration::ZERO;
            for operations in SCOPES {
                faults.set_outage(Some(Outage { fault, operations }));
                let start = Instant::now();
                let answer = stack.local().invoke(function, &subjects.event(function)).await;
                longest = longest.max(start.elapsed());
                faults.set_outage(None);
                // Lambda repeats a call that fails.
                if function == "ReceiveAlarm" {
                    assert!(answer.is_err(), "{trouble} {operations:?}: {answer:?}");
                    continue;
                }
                let answer = answer.expect("an answer");
                let reaches_it = operations.is_none() || !is_spared(function);
                if reaches_it {
                    check_answer(function, &answer, &format!("{trouble} {operations:?}"));
                }
            }
            let _ = write!(table, " {:.1} s |", longest.as_secs_f64());
            let bound = expected.next().unwrap_or_default();
            if longest.as_secs_f64() > bound || bound >= limit {
                let _ = writeln!(violations, "{function} takes {longest:?} while a service {trouble}, not {bound} s");
            }
        }
        table.push('\n');
    }
    tokio::time::resume();
    assert!(violations.is_empty(), "{violations}\nMeasured:\n{table}");
    assert_eq!(documented.len(), stack.local().functions().count(), "functions in docs/LIMITS.md");
    stack.stop().await;
}

#[rstest]
#[case("AddComment")]
#[case("ChangeAlertStatus")]
#[case("ChangeAssignee")]
#[case("ChangeStatus")]
#[case("DeleteAlertPayload")]
#[case("DeleteQuarantineEntry")]
#[case("GroupAlerts")]
#[case("MergeIncidents")]
#[case("QuarantineDeadLetters")]
#[case("RedriveQuarantine")]
#[case("RedriveQuarantineEntry")]
#[case("SplitIncident")]
#[tokio::test]
async fn writers_that_always_collide_give_up_before_lambda_ends_them(#[case] function: &str) {
    let faults = FaultInjector::seeded(4, FaultRates::none());
    let options = local::Options { wire: Some(faults.wire()), patience: Duration::ZERO, ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let subjects = Subjects::on(&stack).await;
    tokio::time::pause();
    faults.set_outage(Some(Outage { fault: Fault::Conflict, operations: Some(&["TransactWriteItems"]) }));
    let start = Instant::now();
    let answer = stack.local().invoke(function, &subjects.event(function)).await;
    let took = start.elapsed();
    tokio::time::resume();
    check_answer(function, &answer.expect("an answer"), "collisions");
    let limit = stack.local().timeout(function).expect("a time limit");
    assert!(took < limit, "{took:?} of {limit:?}");
    let attempts = faults.injected()[&Fault::Conflict];
    assert!(attempts >= 10, "{attempts} attempts");
    stack.stop().await;
}

#[tokio::test]
async fn a_refused_permission_is_not_tried_for_each_message() {
    let faults = FaultInjector::seeded(4, FaultRates::none());
    let options = local::Options { wire: Some(faults.wire()), patience: Duration::ZERO, ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let subjects = Subjects::on(&stack).await;
    let mut refused = 0;
    for function in ["GroupAlerts", "QuarantineDeadLetters"] {
        faults.set_outage(Some(Outage { fault: Fault::Denied, operations: None }));
        let answer = stack.local().invoke(function, &subjects.event(function)).await;
        check_answer(function, &answer.expect("an answer"), "refused permissions");
        let since = faults.injected()[&Fault::Denied] - refused;
        refused += since;
        // One for the first message, and one for the gauge of the quarantine.
        assert!(since <= 2, "{since} requests of {function} for 10 messages");
    }
    faults.set_outage(None);
    let answer = stack.local().invoke("GroupAlerts", &subjects.event("GroupAlerts")).await.expect("an answer");
    assert_eq!(answer["batchItemFailures"], json!([]), "once it is permitted, all messages are grouped");
    stack.stop().await;
}

/// Whether a function uses none of the operations that come last.
fn is_spared(function: &str) -> bool {
    ALONE.contains(&function) || ["GetAlert", "GetAlertPayload", "GetQuarantineEntry"].contains(&function)
}
