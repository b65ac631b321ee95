//! How to connect each source to this stack, and how to find one's way.

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{http::Response, sources::SOURCES};

use super::layout::{self, Head, Section};
use crate::{answer, cookies::Reach, parts::icons::icon, visit::Visit};

/// The payload template of Datadog, as `docs/SOURCES.md` shows it.
const DATADOG: &str = r#"{"id":"$ID","alert_id":"$ALERT_ID","alert_cycle_key":"$ALERT_CYCLE_KEY",
 "aggreg_key":"$AGGREG_KEY","transition":"$ALERT_TRANSITION","alert_type":"$ALERT_TYPE",
 "priority":"$ALERT_PRIORITY","event_type":"$EVENT_TYPE","title":"$EVENT_TITLE",
 "body":"$TEXT_ONLY_MSG","scope":"$ALERT_SCOPE","tags":"$TAGS","hostname":"$HOSTNAME",
 "query":"$ALERT_QUERY","metric":"$ALERT_METRIC","link":"$LINK","snapshot":"$SNAPSHOT",
 "date":"$DATE","last_updated":"$LAST_UPDATED","org":{"id":"$ORG_ID","name":"$ORG_NAME"}}"#;

/// Shows the page.
#[must_use]
pub fn show(visit: &Visit) -> Response {
    let head = Head { title: "Help", section: Some(Section::Help) };
    answer::page(StatusCode::OK, layout::page(visit, head, &render(visit)))
}

fn render(visit: &Visit) -> Markup {
    let base = &visit.arrival.base;
    html! {
        header.head { h1 { "Help" } }
        div.help {
            section aria-labelledby="connect" {
                h2 #connect { "Connect a source" }
                p { "A source sends webhooks to this stack. Each has an address and a secret of its own." }
                @for source in SOURCES { (source_card(base, source.name())) }
            }
            @if visit.arrival.reach == Reach::Local { (local(base)) }
            section aria-labelledby="words" {
                h2 #words { "Words" }
                dl.pairs {
                    dt { "Alert" } dd { "One episode of one problem, from firing until it is resolved." }
                    dt { "Incident" } dd { "Alerts that belong together. People review it: Open, Investigating, Resolved, Closed." }
                    dt { "Quarantine" } dd { "Webhooks that are authentic but could not be processed. Nothing is lost: redrive them." }
                    dt { "Why it is here" } dd { "Each alert says why it joined its incident, and where its severity comes from." }
                }
            }
            section aria-labelledby="api" {
                h2 #api { "API" }
                p { "Everything here is also an HTTP API at " code { (base) } ", with the same tokens." }
                p { button.script type="button" data-open="keys" { (icon("keys")) "Keyboard shortcuts" } }
            }
        }
    }
}

fn source_card(base: &str, name: &str) -> Markup {
    html! {
        div.source {
            h3 { (title(name)) }
            div.copyable {
                code id={ "url-" (name) } { (base) "/webhooks/" (name) }
                button.quiet.script type="button" data-copy={ "url-" (name) } { "Copy" }
            }
            (steps(base, name))
        }
    }
}

fn title(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn steps(base: &str, name: &str) -> Markup {
    match name {
        "datadog" => html! {
            ol {
                li { "In Datadog, open " b { "Integrations → Webhooks" } " and add a webhook with the address above." }
                li { "Custom header: " code { r#"{"X-Webhook-Token":"…"}"# } " with Datadog's secret of this stack." }
                li {
                    "Payload:"
                    pre.code #datadog-payload tabindex="0" { (DATADOG) }
                    button.quiet.script type="button" data-copy="datadog-payload" { "Copy the payload" }
                }
                li { "Name the webhook in the messages of your monitors: " code { "@webhook-name" } "." }
                li { "Tag your monitors with " code { "service:" } ", " code { "env:" } " and " code { "team:" } "." }
            }
        },
        "sentry" => html! {
            ol {
                li { "In Sentry, open " b { "Settings → Developer Settings → New Internal Integration" } "." }
                li { "Webhook URL: the address above. Switch " b { "Alert Rule Action" } " on." }
                li { "Webhooks: " b { "issue" } "; also " b { "error" } ", if you want every event." }
                li { "Give the client secret to this stack: " code { "cargo run -p credentials -- webhook rotate sentry" } }
            }
        },
        _ => html! {
            ol {
                li { "Let it send its webhooks as JSON to " code { (base) "/webhooks/" (name) } "." }
                li { "Make its secret: " code { "cargo run -p credentials -- webhook rotate " (name) } }
                li { "The page about sources in the documentation says how it proves itself." }
            }
        },
    }
}

/// How to try it out on this machine.
fn local(base: &str) -> Markup {
    let alert = r#"{"transition":"Triggered","priority":"P1","title":"Checkout p99 latency above 2 s","id":"'$RANDOM'","alert_id":"4711","tags":"service:checkout,env:production,team:payments"}"#;
    html! {
        section aria-labelledby="try" {
            h2 #try { "Try it on this machine" }
            p { "Send an alert like Datadog. It is an incident within a second." }
            pre.code #try-alert tabindex="0" {
                "curl " (base) "/webhooks/datadog -H 'X-Webhook-Token: local-datadog-secret' \\\n  -H 'Content-Type: application/json' -d '" (alert) "'"
            }
            button.quiet.script type="button" data-copy="try-alert" { "Copy the command" }
        }
    }
}
