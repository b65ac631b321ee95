//! What to paste where, so that a source sends its webhooks. No I/O.

use crate::document::TOPICS;

/// Who makes the secret of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretMaker {
    /// This command: a random text.
    Us,
    /// This command: a key of Standard Webhooks.
    UsAsKey,
    /// This command: a key as long as PagerDuty's, for clients that check the length.
    UsAsRoutingKey,
    /// The source. The text says what to enter.
    Source(&'static str),
}

/// Who makes the secret of a source.
#[must_use]
pub fn secret_maker(source: &str) -> SecretMaker {
    match source {
        "cloudwatch" => SecretMaker::Source("the ARN of the SNS topic that may send"),
        "generic" => SecretMaker::UsAsKey,
        "pagerduty-events" => SecretMaker::UsAsRoutingKey,
        "pagerduty" => SecretMaker::Source("the secret that PagerDuty shows once, when the webhook is added"),
        "sentry" => SecretMaker::Source("the client secret of the integration"),
        _ => SecretMaker::Us,
    }
}

/// What to paste where. A secret that the source made is not shown, but for the ARN of a topic.
#[must_use]
pub fn settings(source: &str, url: &str, secret: &str) -> String {
    let webhook = format!("{url}/webhooks/{source}");
    match source {
        "alertmanager" => format!(
            "\
Add the receiver to alertmanager.yml, and name it in a route. If there is no route yet:

route:
  receiver: incident-review
  group_by: [alertname, cluster]
receivers:
  - name: incident-review
    webhook_configs:
      - url: {webhook}
        http_config:
          authorization: {{ credentials: {} }}

Check the file: amtool check-config alertmanager.yml
",
            quoted(secret)
        ),
        "cloudwatch" => {
            let region = secret.split(':').nth(3).unwrap_or_default();
            format!(
                "\
Subscribe the topic. The subscription confirms itself:

aws sns set-topic-attributes --region {region} --topic-arn {secret} \\
  --attribute-name SignatureVersion --attribute-value 2
aws sns subscribe --region {region} --topic-arn {secret} \\
  --protocol https --notification-endpoint {webhook}

Then name the topic in the actions of your alarms.
"
            )
        }
        "datadog" => format!(
            "\
Datadog: Integrations, Webhooks, New
  URL             {webhook}
  custom headers  {{\"X-Webhook-Token\": {}}}
  payload         docs/SOURCES.md#connect-datadog
",
            quoted(secret)
        ),
        "generic" => generic(&webhook, secret),
        "grafana" => format!(
            "\
Grafana: Alerting, Contact points, New, Webhook
  URL               {webhook}
  HTTP method       POST
  HMAC signature    {secret}                     (Grafana 12 and later)
  timestamp header  X-Grafana-Alerting-Timestamp
  or, before 12:    Authorization scheme Bearer, credentials {secret}
"
        ),
        "pagerduty" => format!(
            "\
PagerDuty: Integrations, Generic Webhooks (v3), New
  URL     {webhook}
  events  incident.triggered, incident.reopened, incident.unacknowledged,
          incident.priority_updated, incident.resolved
"
        ),
        "pagerduty-events" => format!(
            "\
Where a tool asks for them:
  URL              {webhook}
                   or {webhook}/v2/enqueue
  integration key  {secret}

As a receiver of Alertmanager:

receivers:
  - name: incident-review
    pagerduty_configs:
      - url: {webhook}
        routing_key: {}
",
            quoted(secret)
        ),
        "sentry" => format!(
            "\
Sentry: Settings, Developer Settings, your internal integration
  webhook URL        {webhook}
  alert rule action  on
  webhooks           issue; also error, for every event
"
        ),
        _ => format!("URL  {webhook}\n"),
    }
}

fn generic(webhook: &str, secret: &str) -> String {
    if secret.starts_with("whsec_") {
        return format!(
            "\
Send to           {webhook}
Signing key       {secret}   (Standard Webhooks)

A tool that cannot sign needs a secret that does not begin with whsec_: enter one with
`credentials webhook rotate generic --enter`.
"
        );
    }
    format!(
        "\
Send to           {webhook}
with the header   Authorization: Bearer <the secret that you entered>
"
    )
}

/// A text as YAML and JSON write it, whatever is in it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What becomes of the old secrets of a source.
#[must_use]
pub fn of_old_ones(source: &str) -> String {
    if source == TOPICS {
        return format!("Other topics stay allowed. To remove the oldest: credentials webhook retire {source}\n");
    }
    format!("An old secret stays valid beside the new one until you run: credentials webhook retire {source}\n")
}

#[cfg(test)]
mod tests {
    use shared::sources::SOURCES;

    use super::*;

    #[test]
    fn each_source_has_settings_with_its_address_and_the_secret_that_we_made() {
        for source in SOURCES.iter().map(|source| source.name()) {
            let made = if source == "generic" { "whsec_s3cret" } else { "s3cret" };
            let text = settings(source, "https://api.example.com", made);
            assert!(text.contains(&format!("https://api.example.com/webhooks/{source}")), "{source}");
            let is_made_here = !matches!(secret_maker(source), SecretMaker::Source(_));
            assert_eq!(text.contains("s3cret"), is_made_here || source == "cloudwatch", "{source}");
            assert!(text.lines().count() > 1, "{source} has no settings of its own");
        }
    }

    #[test]
    fn a_token_that_was_entered_is_no_signing_key() {
        let text = settings("generic", "https://api.example.com", "an entered token");
        assert!(text.contains("Authorization: Bearer") && !text.contains("an entered token"), "{text}");
    }

    /// The part of a text that is YAML.
    fn yaml<'text>(text: &'text str, begin: &str) -> &'text str {
        let rest = &text[text.find(begin).unwrap()..];
        rest.split("\n\n").next().unwrap()
    }

    #[test]
    fn the_receivers_of_alertmanager_are_yaml_whatever_is_in_the_secret() {
        let secret = "a: \"b\" #c {d}";
        let text = settings("alertmanager", "https://api.example.com", secret);
        let config: serde_json::Value = serde_norway::from_str(yaml(&text, "route:")).unwrap();
        let webhook = &config["receivers"][0]["webhook_configs"][0];
        assert_eq!(webhook["url"], "https://api.example.com/webhooks/alertmanager");
        assert_eq!(webhook["http_config"]["authorization"]["credentials"], secret);
        assert_eq!(config["route"]["receiver"], config["receivers"][0]["name"]);
        let text = settings("pagerduty-events", "https://api.example.com", secret);
        let config: serde_json::Value = serde_norway::from_str(yaml(&text, "receivers:")).unwrap();
        assert_eq!(config["receivers"][0]["pagerduty_configs"][0]["routing_key"], secret);
    }

    #[test]
    fn a_topic_is_subscribed_in_its_region() {
        let text = settings("cloudwatch", "https://api.example.com", "arn:aws:sns:eu-west-1:123456789012:alarms");
        assert_eq!(text.matches("--region eu-west-1").count(), 2, "{text}");
    }
}
