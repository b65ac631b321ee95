//! The steps that connect each source, in the words of `docs/SOURCES.md`.

use maud::{Markup, html};

/// The payload template of Datadog, as `docs/SOURCES.md` shows it.
const DATADOG: &str = r#"{"id":"$ID","alert_id":"$ALERT_ID","alert_cycle_key":"$ALERT_CYCLE_KEY",
 "aggreg_key":"$AGGREG_KEY","transition":"$ALERT_TRANSITION","alert_type":"$ALERT_TYPE",
 "priority":"$ALERT_PRIORITY","event_type":"$EVENT_TYPE","title":"$EVENT_TITLE",
 "body":"$TEXT_ONLY_MSG","scope":"$ALERT_SCOPE","tags":"$TAGS","hostname":"$HOSTNAME",
 "query":"$ALERT_QUERY","metric":"$ALERT_METRIC","link":"$LINK","snapshot":"$SNAPSHOT",
 "date":"$DATE","last_updated":"$LAST_UPDATED","org":{"id":"$ORG_ID","name":"$ORG_NAME"}}"#;

/// A webhook of the generic source.
const GENERIC: &str = r#"{"type":"alert.firing",
 "data":{"key":"backup/orders-db","title":"Backup of orders-db is 9 h late","severity":"error",
         "service":"orders","environment":"production","team":"data"}}"#;

/// What to do to connect a source.
pub fn steps(base: &str, name: &str) -> Markup {
    match name {
        "alertmanager" => alertmanager(base),
        "cloudwatch" => cloudwatch(),
        "datadog" => datadog(),
        "generic" => generic(),
        "grafana" => grafana(),
        "pagerduty" => pagerduty(),
        "pagerduty-events" => pagerduty_events(),
        "sentry" => sentry(),
        _ => html! {
            ol {
                li { "Make its secret: " (rotate(name)) "." }
                li { "Let it send its webhooks to the address above." }
                li { "The page about sources in the documentation says how it proves itself." }
            }
        },
    }
}

/// The command that makes or takes the secret of a source.
fn rotate(name: &str) -> Markup {
    html! { code { "cargo run -p credentials -- webhook rotate " (name) } }
}

/// A text to copy.
fn copied(id: &str, text: &str) -> Markup {
    html! {
        pre.code id=(id) tabindex="0" { (text) }
        button.quiet.script type="button" data-copy=(id) { "Copy" }
    }
}

fn alertmanager(base: &str) -> Markup {
    let receiver = format!(
        "receivers:\n  - name: incident-review\n    webhook_configs:\n      - url: {base}/webhooks/alertmanager\n        \
         http_config:\n          authorization: {{ credentials: \"<the secret>\" }}"
    );
    html! {
        ol {
            li { "Run " (rotate("alertmanager")) ". It prints a receiver with a new secret." }
            li {
                "Paste the receiver into " code { "alertmanager.yml" } ". It sends " code { "Authorization: Bearer <the secret>" } "."
                (copied("alertmanager-receiver", &receiver))
            }
            li { "Name " code { "incident-review" } " in a route. Mimir, Thanos and VictoriaMetrics can be connected likewise." }
            li { "If several clusters send, give each an external label such as " code { "cluster" } "." }
        }
    }
}

fn cloudwatch() -> Markup {
    html! {
        ol {
            li {
                "For the alarms of this account and region, deploy the stack with " code { "ReceiveAlarms=on" }
                ". They come by EventBridge, without a secret. The next steps are for SNS."
            }
            li { "Run " (rotate("cloudwatch")) " and enter the ARN of the topic. Only topics of this list are trusted." }
            li { "Run the commands that it prints. They subscribe the address above, and choose " code { "SignatureVersion" } " 2." }
            li { "Do not switch raw message delivery on. The signature of SNS is the proof, and raw messages have none." }
        }
    }
}

fn datadog() -> Markup {
    html! {
        ol {
            li { "In Datadog, open " b { "Integrations → Webhooks → New" } ". URL: the address above." }
            li { "Custom headers: " code { r#"{"X-Webhook-Token":"<the secret>"}"# } ", with Datadog's secret of this stack." }
            li { "Payload:" (copied("datadog-payload", DATADOG)) }
            li { "Add " code { "@webhook-<name>" } " to the messages of your monitors." }
            li { "Tag your monitors with " code { "service:" } ", " code { "env:" } " and " code { "team:" } "." }
        }
    }
}

fn generic() -> Markup {
    html! {
        ol {
            li {
                "Run " (rotate("generic")) ". It makes a key, " code { "whsec_…" } ", for senders that sign as Standard Webhooks does. "
                "With " code { "--enter" } ", enter a secret for tools that cannot sign."
            }
            li {
                "Let the sender prove itself: with the headers " code { "webhook-id" } ", " code { "webhook-timestamp" } " and "
                code { "webhook-signature" } ", or with " code { "Authorization: Bearer <the secret>" } "."
            }
            li { "Send JSON like this to the address above:" (copied("generic-webhook", GENERIC)) }
            li { "When it is over, send the same key with " code { r#""type":"alert.resolved""# } "." }
        }
    }
}

fn grafana() -> Markup {
    html! {
        ol {
            li { "Run " (rotate("grafana")) "." }
            li {
                "In Grafana, open " b { "Alerting → Contact points → New" } ", and choose " b { "Webhook" }
                ". URL: the address above. Method: POST."
            }
            li {
                "Grafana 12 and later: under " b { "HMAC Signature" } ", enter the secret, and "
                code { "X-Grafana-Alerting-Timestamp" } " as the timestamp header. Before 12: the authorization scheme "
                code { "Bearer" } " with the secret."
            }
            li { b { "Test" } " sends a notification that is never resolved. It opens no incident." }
        }
    }
}

fn pagerduty() -> Markup {
    html! {
        ol {
            li { "In PagerDuty, open " b { "Integrations → Generic Webhooks (v3) → New" } ". URL: the address above." }
            li {
                "Events: "
                @for event in ["triggered", "reopened", "unacknowledged", "priority_updated"] { code { "incident." (event) } ", " }
                code { "incident.resolved" } "."
            }
            li {
                "PagerDuty shows a secret once. Run " (rotate("pagerduty")) " and enter it. It signs the header "
                code { "X-PagerDuty-Signature" } "."
            }
            li { "If a monitor sends to PagerDuty and also here, its alerts come twice. Connect only one of the two." }
        }
    }
}

fn pagerduty_events() -> Markup {
    html! {
        ol {
            li { "Run " (rotate("pagerduty-events")) "." }
            li {
                "Whatever sends to PagerDuty's Events API can send here: give it the address above, or the same with "
                code { "/v2/enqueue" } "."
            }
            li { "Integration or routing key: the secret. It comes as " code { "routing_key" } " in the body, and is not stored." }
        }
    }
}

fn sentry() -> Markup {
    html! {
        ol {
            li { "In Sentry, open " b { "Settings → Developer Settings → New Internal Integration" } "." }
            li { "Webhook URL: the address above. Switch " b { "Alert Rule Action" } " on." }
            li { "Webhooks: " b { "issue" } "; also " b { "error" } ", if you want every event." }
            li {
                "Give the integration's client secret to this stack: " (rotate("sentry")) ". It signs the header "
                code { "Sentry-Hook-Signature" } "."
            }
        }
    }
}
