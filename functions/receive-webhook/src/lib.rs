//! `POST /webhooks/{source}`: receives the webhooks of monitoring sources.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Request, Response, answer, edge::Edge, headers, pagerduty_events, problem::Problem, view::ReceiptView},
    service::receive_webhook::{GroupReceipt, Receipt, ReceiveWebhook, Refusal},
    sources::{self, AnswerForm},
    telemetry::{
        metrics::{Measures, Metrics},
        refusals::{Reason, Refusals},
    },
};
use tracing::info;

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    edge: Edge,
    receive_webhook: ReceiveWebhook,
    metrics: Metrics,
    refusals: Refusals,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let metrics = Metrics::new(environment)?;
        Ok(Self {
            edge: Edge::new(environment),
            receive_webhook: ReceiveWebhook::start(environment, aws, clock::now()).await?,
            refusals: Refusals::new(metrics.clone()),
            metrics,
        })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let from = self.edge.source_address_of(request);
        let Some(source) = sources::at(path_below_webhooks(request)) else {
            let reason = Reason { metric: "RefusedUnknownSource", text: "there is no such source", source: None };
            self.refusals.count(reason, from, now);
            return Err(Problem::not_found("There is no source with this name."));
        };
        let headers = headers::of_webhook(request.headers());
        let body = request.body().as_ref();
        let received = self.receive_webhook.receive(source, &headers, body, from, now, deadline).await;
        let name = source.name();
        match &received {
            Ok(Receipt::Accepted { delivery_id, .. }) => {
                info!(source = name, %delivery_id, "webhook accepted");
                self.count("Accepted", now);
            }
            Ok(Receipt::Group(group)) => {
                let GroupReceipt { accepted, ignored, quarantined, left_out } = group;
                info!(source = name, accepted, ignored, quarantined, left_out, "webhook with several events accepted");
                self.count_group(*group, now);
            }
            Ok(Receipt::Confirmed) => {
                info!(source = name, "subscription confirmed");
                self.count("Confirmed", now);
            }
            Ok(Receipt::Ignored { reason }) => {
                info!(source = name, reason, "webhook ignored");
                self.count("Ignored", now);
            }
            Ok(Receipt::Quarantined { delivery_id, reason }) => {
                info!(source = name, %delivery_id, reason, "webhook quarantined");
                self.count("Quarantined", now);
            }
            // Each of these may be lost, so each has its line.
            Err(refusal @ (Refusal::Queue(_) | Refusal::OutOfTime(_) | Refusal::Confirmation(_))) => {
                info!(source = name, %refusal, "webhook not accepted");
                self.count("RefusedUnavailable", now);
            }
            Err(refusal) => {
                let (metric, text) = reason(refusal);
                self.refusals.count(Reason { metric, text, source: Some(name) }, from, now);
            }
        }
        if source.answer_form() == AnswerForm::PagerDutyEvents
            && let Some(answer) = pagerduty_events::answer(&received, body)
        {
            return Ok(answer);
        }
        Ok(answer::json(StatusCode::ACCEPTED, &ReceiptView::from(received.map_err(|refusal| problem(&refusal))?)))
    }
}

/// What of the path tells the source.
fn path_below_webhooks(request: &Request) -> &str {
    request.uri().path().split_once("/webhooks/").map_or("", |(_, rest)| rest)
}

impl Function {
    fn count_group(&self, group: GroupReceipt, now: Time) {
        let mut measures = Measures::default();
        measures.count_many("Accepted", group.accepted as u64);
        measures.count_many("Ignored", group.ignored as u64);
        measures.count_many("Quarantined", group.quarantined as u64);
        measures.count_many("LeftOut", group.left_out);
        self.metrics.write(&measures, now);
    }

    fn count(&self, metric: &'static str, now: Time) {
        let mut measures = Measures::default();
        measures.count(metric);
        self.metrics.write(&measures, now);
    }
}

/// The metric of a refusal, and its reason for the log.
fn reason(refusal: &Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::TooLarge { .. } => ("RefusedTooLarge", "the webhook is too large"),
        Refusal::NotAuthentic => ("RefusedNotAuthentic", "the signature or token of the webhook is wrong"),
        Refusal::Address => ("RefusedAddress", "the address is not allowed, but the webhook is authentic"),
        Refusal::OverLimit(_) => ("RefusedOverLimit", "the source sends more events a minute than its limit"),
        Refusal::Stranger => ("RefusedStranger", "the address is not allowed"),
        Refusal::Queue(_) | Refusal::OutOfTime(_) => ("RefusedUnavailable", "the queue did not take the webhook"),
        Refusal::Confirmation(_) => ("RefusedUnavailable", "the subscription could not be confirmed"),
    }
}

fn problem(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::TooLarge { max_bytes } => {
            Problem::too_large(format!("A webhook of this source may be at most {} MiB.", max_bytes / (1024 * 1024)))
        }
        Refusal::NotAuthentic => {
            Problem::unauthenticated("The signature or the token of the webhook is missing or wrong.")
        }
        Refusal::Address | Refusal::Stranger => {
            Problem::forbidden("This address may not send webhooks of this source.")
        }
        Refusal::OverLimit(refused) => Problem::over_limit(*refused),
        Refusal::Queue(_) | Refusal::OutOfTime(_) | Refusal::Confirmation(_) => Problem::unavailable(refusal),
    }
}
