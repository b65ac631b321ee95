//! The greeting of the program when the stack runs.

use local::secrets::{DATADOG, RESPONDER, SENTRY, VIEWER};

/// The first part of an alert, in the form of our payload template for Datadog.
const ALERT: &str =
    r#"{"transition":"Triggered","priority":"P1","title":"[Triggered] Checkout p99 latency above 2 s","#;

/// The addresses, the credentials, and three commands to copy.
pub fn of(url: &str) -> String {
    // The shell makes a new id each time, so that a second alert is no duplicate.
    let rest = r#""id":"'$RANDOM$RANDOM'","alert_id":"4711","scope":"service:checkout","tags":"service:checkout,env:production,team:payments"}"#;
    format!(
        "\
Console: {url}/console   (sign in with {RESPONDER})

listening on {url}

  tokens           {VIEWER} (reads), {RESPONDER} (reads and changes)
  Datadog webhook  {url}/webhooks/datadog   header X-Webhook-Token: {DATADOG}
  Sentry webhook   {url}/webhooks/sentry    signed with {SENTRY}

List open critical incidents:

  curl '{url}/incidents?status=OPEN&severity=critical&limit=5' -H 'Authorization: Bearer {VIEWER}'

Send an alert like Datadog:

  curl {url}/webhooks/datadog -H 'X-Webhook-Token: {DATADOG}' -H 'Content-Type: application/json' -d '{ALERT}{rest}'

See the alert, its incident, and why it belongs to that incident:

  curl '{url}/alerts?service=checkout&limit=1' -H 'Authorization: Bearer {VIEWER}'

Ctrl-C stops the stack.
"
    )
}
