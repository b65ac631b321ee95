//! How to connect each source to this stack, and how to find one's way.

mod sources;

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{http::Response, sources::SOURCES};

use super::layout::{self, Head, Section};
use crate::{answer, cookies::Reach, parts::icons::icon, visit::Visit};

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
            @if visit.arrival.reach == Reach::Local { (local(base)) }
            section aria-labelledby="connect" {
                h2 #connect { "Connect a source" }
                p { "A source sends webhooks to this stack. Each has an address and a secret of its own." }
                @for source in SOURCES { (source_card(base, source.name())) }
            }
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
            (sources::steps(base, name))
        }
    }
}

/// The name of a source, as it writes it itself.
fn title(name: &str) -> &str {
    match name {
        "alertmanager" => "Alertmanager",
        "cloudwatch" => "CloudWatch",
        "datadog" => "Datadog",
        "generic" => "Generic",
        "grafana" => "Grafana Alerting",
        "pagerduty" => "PagerDuty",
        "pagerduty-events" => "PagerDuty Events",
        "sentry" => "Sentry",
        other => other,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_name_and_steps_of_its_own() {
        let unknown = sources::steps("https://a.example", "unknown").into_string();
        for source in SOURCES {
            assert!(title(source.name()).starts_with(char::is_uppercase), "{}", source.name());
            let steps = sources::steps("https://a.example", source.name()).into_string();
            assert!(steps.matches("<li>").count() >= 3, "{steps}");
            assert_ne!(steps, unknown.replace("unknown", source.name()));
        }
    }
}
