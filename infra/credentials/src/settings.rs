//! What to paste where, so that a source sends its webhooks. No I/O.

/// Who makes the secret of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretMaker {
    /// This command: a random text.
    Us,
    /// This command: a key of Standard Webhooks.
    UsAsKey,
    /// The source. The text says what to enter.
    Source(&'static str),
}

/// Who makes the secret of a source.
#[must_use]
pub fn secret_maker(source: &str) -> SecretMaker {
    match source {
        "cloudwatch" => SecretMaker::Source("the ARN of the SNS topic that may send"),
        "generic" => SecretMaker::UsAsKey,
        "pagerduty" => SecretMaker::Source("the secret that PagerDuty shows once, when the webhook is added"),
        "sentry" => SecretMaker::Source("the client secret of the integration"),
        _ => SecretMaker::Us,
    }
}

/// What to paste where. A secret that the source made is not shown.
#[must_use]
pub fn settings(source: &str, url: &str, secret: &str) -> String {
    let webhook = format!("{url}/webhooks/{source}");
    match source {
        "alertmanager" => format!(
            "\
alertmanager.yml:

receivers:
  - name: incident-review
    webhook_configs:
      - url: {webhook}
        http_config:
          authorization: {{ credentials: {secret} }}

Then name the receiver `incident-review` in a route.
"
        ),
        "cloudwatch" => format!(
            "\
Subscribe the topic. The subscription confirms itself:

aws sns subscribe --protocol https --topic-arn {secret} \\
  --notification-endpoint {webhook}
aws sns set-topic-attributes --topic-arn {secret} \\
  --attribute-name SignatureVersion --attribute-value 2
"
        ),
        "datadog" => format!(
            "\
Datadog: Integrations, Webhooks, New
  URL             {webhook}
  custom headers  {{\"X-Webhook-Token\": \"{secret}\"}}
"
        ),
        "generic" => format!(
            "\
Send to           {webhook}
Signing key       {secret}   (Standard Webhooks)

A tool that cannot sign needs a secret that does not begin with whsec_: enter one with
`credentials webhook rotate generic --enter`, and send it as `Authorization: Bearer <secret>`.
"
        ),
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

Alertmanager: pagerduty_configs: [{{ url: {webhook}, routing_key: {secret} }}]
"
        ),
        "sentry" => format!(
            "\
Sentry: Settings, Developer Settings, New Internal Integration
  webhook URL     {webhook}
"
        ),
        _ => format!("URL  {webhook}\n"),
    }
}

#[cfg(test)]
mod tests {
    use shared::sources::SOURCES;

    use super::*;

    #[test]
    fn each_source_has_settings_with_its_address_and_the_secret_that_we_made() {
        for source in SOURCES.iter().map(|source| source.name()) {
            let text = settings(source, "https://api.example.com", "s3cret");
            assert!(text.contains(&format!("https://api.example.com/webhooks/{source}")), "{source}");
            let is_made_here = !matches!(secret_maker(source), SecretMaker::Source(_));
            assert_eq!(text.contains("s3cret"), is_made_here || source == "cloudwatch", "{source}");
            assert!(text.lines().count() > 1, "{source} has no settings of its own");
        }
    }
}
