//! The events for each function, in the form of API Gateway and SQS.

use std::time::{Duration, Instant};

use local::{Stack, secrets};
use serde_json::{Value as Json, json};
use shared::sources::MAX_GROUP_BYTES;
use tokio::time::sleep;

use crate::{
    notification::{KeyKind, Notification},
    report::Failure,
};

/// The longest time that the stack may take to quarantine a webhook.
const PATIENCE: Duration = Duration::from_secs(10);

/// The `BatchSize` of `group-alerts` in `template.yaml`.
const BATCH: usize = 10;

/// The rows that the events are about.
pub struct Subjects {
    firing_alert: String,
    doomed_alert: String,
    open_incident: String,
    other_incident: String,
    quarantine_entry: String,
    doomed_entry: String,
    /// The cookie of a person who signed in to the console.
    session: String,
}

impl Subjects {
    /// Finds a firing alert and an open incident in the demo data, and creates two quarantine entries.
    pub async fn find(stack: &Stack) -> Result<Self, Failure> {
        for unreadable in ["[1]", "[2]"] {
            let webhook = reqwest::Client::new().post(format!("{}/webhooks/datadog", stack.url()));
            let webhook =
                webhook.header("x-webhook-token", secrets::DATADOG).header("content-type", "application/json");
            webhook.body(unreadable).send().await?.error_for_status()?;
        }
        Ok(Self {
            firing_alert: first(stack, "/alerts?status=firing&limit=1").await?,
            doomed_alert: first(stack, "/alerts?status=firing&limit=1&offset=1").await?,
            open_incident: first(stack, "/incidents?status=OPEN&limit=1").await?,
            other_incident: first(stack, "/incidents?status=OPEN&limit=1&offset=1").await?,
            quarantine_entry: first(stack, "/quarantine?limit=1").await?,
            doomed_entry: first(stack, "/quarantine?limit=1&offset=1").await?,
            session: session(stack).await?,
        })
    }

    /// The event with this number for a function, and a short description of it. `None` if this
    /// module does not know the function.
    pub fn event(&self, function: &str, number: usize) -> Result<Option<(&'static str, Json)>, Failure> {
        let Self {
            firing_alert: alert,
            doomed_alert,
            open_incident: incident,
            other_incident,
            quarantine_entry: entry,
            doomed_entry: doomed,
            session,
        } = self;
        let id = |id: &str| json!({ "id": id });
        Ok(Some(match function {
            "AddComment" => {
                let path = format!("/incidents/{incident}/comments");
                let body = json!({ "comment": format!("Measured {number} times.") });
                ("a comment", with_body(http("POST", &path, "", &id(incident)), &body))
            }
            "Authorize" => ("a viewer's token", authorizer_request()),
            "ChangeAlertStatus" => {
                let path = format!("/alerts/{alert}/status");
                let body = json!({ "status": "resolved" });
                ("a firing alert, then the same", with_body(http("PATCH", &path, "", &id(alert)), &body))
            }
            "ChangeAssignee" => {
                let path = format!("/incidents/{incident}/assignee");
                let body = json!({ "assignee": format!("person {number}") });
                ("another assignee", with_body(http("PUT", &path, "", &id(incident)), &body))
            }
            "ChangeStatus" => {
                let path = format!("/incidents/{incident}/status");
                let body = json!({ "status": "OPEN", "comment": null });
                ("the status that it has", with_body(http("PATCH", &path, "", &id(incident)), &body))
            }
            "Console" => ("the list of incidents as a page", {
                let mut event = http("GET", "/console/incidents", "range=30d", &json!({ "page": "incidents" }));
                event["cookies"] = json!([session.clone()]);
                event
            }),
            "DeleteAlertPayload" => (
                "a payload, then none",
                http("DELETE", &format!("/alerts/{doomed_alert}/payload"), "", &id(doomed_alert)),
            ),
            "DeleteQuarantineEntry" => {
                ("an entry, then the same", http("DELETE", &format!("/quarantine/{doomed}"), "", &id(doomed)))
            }
            "GetAlert" => ("a firing alert", http("GET", &format!("/alerts/{alert}"), "", &id(alert))),
            "GetAlertPayload" => ("its payload", http("GET", &format!("/alerts/{alert}/payload"), "", &id(alert))),
            "GetAlertStats" => {
                let query = "interval=day&group_by=service";
                ("by day and service, noisiest problems", http("GET", "/stats/alerts", query, &json!({})))
            }
            "GetIncident" => ("an open incident", http("GET", &format!("/incidents/{incident}"), "", &id(incident))),
            "GetIncidentReport" => {
                ("an open incident", http("GET", &format!("/incidents/{incident}/report.md"), "", &id(incident)))
            }
            "GetIncidentStats" => {
                ("by day and team", http("GET", "/stats/incidents", "interval=day&group_by=team", &json!({})))
            }
            "GetQuarantineEntry" => ("an entry", http("GET", &format!("/quarantine/{entry}"), "", &id(entry))),
            "GroupAlerts" => ("10 new alerts of an incident", messages(number, BATCH)?),
            "Health" => ("", http("GET", "/health", "", &json!({}))),
            "ListAlerts" => ("50 alerts", http("GET", "/alerts", "severity=error&limit=50", &json!({}))),
            "ListIncidents" => {
                ("50 incidents, facets", http("GET", "/incidents", "limit=50&facets=status", &json!({})))
            }
            "ListQuarantine" => ("the first page", http("GET", "/quarantine", "", &json!({}))),
            "ListSimilarIncidents" => {
                ("an open incident", http("GET", &format!("/incidents/{incident}/similar"), "", &id(incident)))
            }
            "MergeIncidents" => {
                let path = format!("/incidents/{incident}/merge");
                let body = json!({ "incident_ids": [other_incident] });
                ("an incident, then the same", with_body(http("POST", &path, "", &id(incident)), &body))
            }
            "QuarantineDeadLetters" => ("a dead letter", messages(number, 1)?),
            "ReceiveAlarm" => ("an alarm by EventBridge", alarm(number)),
            "ReceiveWebhook" => {
                let mut event = http("POST", "/webhooks/datadog", "", &json!({ "source": "datadog" }));
                event["headers"]["x-webhook-token"] = json!(secrets::DATADOG);
                // All calls send the same webhook, so that grouping in the background stays cheap.
                ("a Datadog notification", with_body(event, &notification("1", "measured").body()))
            }
            "RedriveQuarantine" => {
                let event = http("POST", "/quarantine/redrive", "kind=unreadable", &json!({}));
                ("entries that still cannot be read", event)
            }
            "RedriveQuarantineEntry" => {
                let path = format!("/quarantine/{entry}/redrive");
                ("an entry that still cannot be read", http("POST", &path, "", &id(entry)))
            }
            "SealSegments" => ("a schedule", json!({ "detail-type": "Scheduled Event" })),
            "SplitIncident" => {
                let path = format!("/incidents/{incident}/split");
                let body = json!({ "alert_ids": [alert], "into": null });
                ("an alert, or one that is elsewhere", with_body(http("POST", &path, "", &id(incident)), &body))
            }
            _ => return Ok(None),
        }))
    }
}

/// Signs in to the console. The cookie is the one of a deployed console: the events come from another host.
async fn session(stack: &Stack) -> Result<String, Failure> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let request = client.post(format!("{}/console/sign-in", stack.url()));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(format!("token={}", secrets::RESPONDER)).send().await?.error_for_status()?;
    let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).ok_or("the console set no cookie")?;
    Ok(format!("__Host-{cookie}"))
}

/// Waits until a list has an item, and returns the id of its first one.
async fn first(stack: &Stack, path: &str) -> Result<String, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let request = reqwest::Client::new().get(format!("{}{path}", stack.url()));
        let answer = request.bearer_auth(secrets::RESPONDER).send().await?.error_for_status()?;
        let page: Json = serde_json::from_slice(&answer.bytes().await?)?;
        if let Some(id) = page["items"][0]["id"].as_str() {
            return Ok(id.to_owned());
        }
        if Instant::now() > deadline {
            return Err(format!("{path} was still empty after {PATIENCE:?}").into());
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn notification<'problem>(problem: &'problem str, environment: &'problem str) -> Notification<'problem> {
    Notification {
        problem,
        environment,
        service: "checkout",
        transition: "Triggered",
        id: problem,
        key: KeyKind::Cycle,
    }
}

/// An event with a batch of messages. Each is a new alert.
fn messages(number: usize, size: usize) -> Result<Json, Failure> {
    let records = (0..size).map(|place| {
        let problem = (5_000_000 + number * BATCH + place).to_string();
        Ok(json!({
            "messageId": format!("message-{problem}-{size}"),
            "receiptHandle": problem,
            "body": notification(&problem, "measured-batches").message()?,
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:AlertsQueue",
            "awsRegion": "us-east-1",
        }))
    });
    Ok(json!({ "Records": records.collect::<Result<Vec<_>, Failure>>()? }))
}

/// An event of API Gateway in payload format 2.0. The authorizer has identified a responder.
fn http(method: &str, path: &str, query: &str, parameters: &Json) -> Json {
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "accept": "*/*", "content-type": "application/json", "host": "api.example.com", "user-agent": "curl" },
        "pathParameters": parameters,
        "requestContext": {
            "accountId": "123456789012", "apiId": "measured", "domainName": "api.example.com", "domainPrefix": "api",
            "authorizer": { "lambda": { "name": "measured", "role": "responder" } },
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl" },
            "requestId": "measured", "routeKey": format!("{method} {path}"), "stage": "$default",
            "time": "24/Nov/2026:09:00:00 +0000", "timeEpoch": 1_795_510_800_000_i64,
        },
        "isBase64Encoded": false,
    })
}

fn with_body(mut event: Json, body: &Json) -> Json {
    event["body"] = json!(body.to_string());
    event
}

fn authorizer_request() -> Json {
    let mut event = http("GET", "/incidents", "", &json!({}));
    event["type"] = json!("REQUEST");
    event["identitySource"] = json!([format!("Bearer {}", secrets::VIEWER)]);
    event
}

/// A state of an alarm, as EventBridge sends it.
fn alarm(number: usize) -> Json {
    json!({
        "version": "0", "id": format!("measured-{number}"), "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch", "account": "123456789012", "time": shared::clock::now().to_string(), "region": "eu-west-1",
        "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:measured"],
        "detail": { "alarmName": "measured", "state": { "value": "ALARM" } },
    })
}

/// The largest webhook that is accepted.
pub struct LargestGroup {
    pub event: Json,
    pub bytes: usize,
    pub alerts: usize,
}

/// A group of Alertmanager with as many alerts as fit into a webhook.
pub fn largest_group() -> LargestGroup {
    let alert = |number: usize| {
        json!({
            "status": "firing", "fingerprint": format!("{number:016x}"), "startsAt": "2026-11-23T09:12:44.101Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "https://prometheus.example.com/graph?g0.tab=1",
            "labels": {
                "alertname": "PodNotReady", "cluster": "main", "environment": "measured", "namespace": "checkout",
                "pod": format!("checkout-{number}"), "service": "checkout", "severity": "error", "team": "payments",
            },
            "annotations": { "summary": "A pod is not ready", "description": format!("The pod checkout-{number} is not ready.") },
        })
    };
    let mut group = json!({ "version": "4", "groupKey": "{}:{}", "groupLabels": {}, "alerts": [] });
    let alerts = MAX_GROUP_BYTES / (alert(100_000).to_string().len() + 1) - 1;
    group["alerts"] = (100_000..100_000 + alerts).map(alert).collect();
    let mut event = http("POST", "/webhooks/alertmanager", "", &json!({ "source": "alertmanager" }));
    event["headers"]["authorization"] = json!(format!("Bearer {}", secrets::ALERTMANAGER));
    let bytes = group.to_string().len();
    LargestGroup { event: with_body(event, &group), bytes, alerts }
}
