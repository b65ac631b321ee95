//! The greeting of the program when the stack runs.

use crate::secrets::{
    ALERTMANAGER, CLOUDWATCH, DATADOG, GENERIC, GENERIC_TOKEN, GRAFANA, PAGERDUTY, PAGERDUTY_EVENTS, RESPONDER, SENTRY,
    VIEWER,
};

/// The first part of an alert, in the form of our payload template for Datadog.
const ALERT: &str =
    r#"{"transition":"Triggered","priority":"P1","title":"[Triggered] Checkout p99 latency above 2 s","#;

/// The addresses, the credentials, and commands to copy.
#[must_use]
pub fn of(url: &str) -> String {
    // The shell makes a new id each time, so that a second alert is no duplicate.
    let rest = r#""id":"'$RANDOM$RANDOM'","alert_id":"4711","scope":"service:checkout","tags":"service:checkout,env:production,team:payments"}"#;
    format!(
        "\
Console: {url}/console   (sign in with {RESPONDER})

listening on {url}

Tokens: {VIEWER} (reads), {RESPONDER} (reads and changes)

Webhooks: {url}/webhooks/<source>. docs/SOURCES.md shows how to connect each.

  alertmanager      Authorization: Bearer {ALERTMANAGER}
  cloudwatch        SNS messages of {CLOUDWATCH}; `cargo seed load` signs them
  datadog           X-Webhook-Token: {DATADOG}
  generic           Authorization: Bearer {GENERIC_TOKEN}, or signed with {GENERIC}
  grafana           Authorization: Bearer {GRAFANA}, or signed with it
  pagerduty         signed with {PAGERDUTY}
  pagerduty-events  \"routing_key\": \"{PAGERDUTY_EVENTS}\"
  sentry            signed with {SENTRY}

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

#[cfg(test)]
mod tests {
    use shared::sources::SOURCES;

    use super::*;
    use crate::secrets;

    #[test]
    fn it_names_each_source_with_each_of_its_secrets() {
        let greeting = of("http://127.0.0.1:3000");
        let secrets = secrets::value();
        for source in SOURCES.iter().map(|source| source.name()) {
            let line = greeting.lines().find(|line| line.trim_start().starts_with(&format!("{source} ")));
            let line = line.unwrap_or_else(|| panic!("{source} is not in the greeting"));
            for secret in secrets["webhook_secrets"][source].as_array().unwrap() {
                assert!(line.contains(secret.as_str().unwrap()), "{source}: {secret}");
            }
        }
    }
}
