//! What the program says when the stack is up.

use local::secrets::{DATADOG, RESPONDER, SENTRY, VIEWER};

/// An alert in the form that our template for Datadog gives it. The first part of its body.
const ALERT: &str =
    r#"{"transition":"Triggered","priority":"P1","title":"[Triggered] Checkout p99 latency above 2 s","#;

/// Where the stack is, what opens it, and three commands that work as they stand.
pub fn of(url: &str) -> String {
    // An id of its own, so that a second copy is not a duplicate.
    let rest = r#""id":"'$RANDOM$RANDOM'","alert_id":"4711","scope":"service:checkout","tags":"service:checkout,env:production,team:payments"}"#;
    format!(
        "\
listening on {url}

  tokens           {VIEWER} (reads), {RESPONDER} (also changes)
  Datadog webhook  {url}/webhooks/datadog   header X-Webhook-Token: {DATADOG}
  Sentry webhook   {url}/webhooks/sentry    signed with {SENTRY}

The critical incidents that are open:

  curl '{url}/incidents?status=OPEN&severity=critical&limit=5' -H 'Authorization: Bearer {VIEWER}'

Datadog sends an alert:

  curl {url}/webhooks/datadog -H 'X-Webhook-Token: {DATADOG}' -H 'Content-Type: application/json' -d '{ALERT}{rest}'

It is there, with its incident and why it belongs to that one:

  curl '{url}/alerts?service=checkout&limit=1' -H 'Authorization: Bearer {VIEWER}'

Ctrl-C stops.
"
    )
}
