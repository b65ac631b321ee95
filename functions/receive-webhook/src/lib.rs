//! `POST /webhooks/{source}`: receives the webhooks of monitoring sources.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Request, Response, answer, headers, pagerduty_events, path_parameter, problem::Problem, view::ReceiptView},
    service::receive_webhook::{GroupReceipt, Receipt, ReceiveWebhook, Refusal},
    sources::{self, AnswerForm},
    telemetry::metrics::{Measures, Metrics},
};
use tracing::info;

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    receive_webhook: ReceiveWebhook,
    metrics: Metrics,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let metrics = Metrics::new(environment)?;
        Ok(Self { receive_webhook: ReceiveWebhook::start(environment, aws, clock::now()).await?, metrics })
    }

    async fn answer(&self, request: &Request, now: Time, _deadline: Deadline) -> Result<Response, Problem> {
        let Some(source) = sources::find(&path_parameter(request, "source")) else {
            self.count("RefusedUnknownSource", now);
            return Err(Problem::not_found("There is no source with this name."));
        };
        let headers = headers::of_webhook(request.headers());
        let received = self.receive_webhook.receive(source, &headers, request.body().as_ref(), now).await;
        let name = source.name();
        match &received {
            Ok(Receipt::Accepted { delivery_id, .. }) => info!(source = name, %delivery_id, "webhook accepted"),
            Ok(Receipt::Group(GroupReceipt { accepted, ignored, quarantined, left_out })) => {
                info!(source = name, accepted, ignored, quarantined, left_out, "webhook with several events accepted");
            }
            Ok(Receipt::Confirmed) => info!(source = name, "subscription confirmed"),
            Ok(Receipt::Ignored { reason }) => info!(source = name, reason, "webhook ignored"),
            Ok(Receipt::Quarantined { delivery_id, reason }) => {
                info!(source = name, %delivery_id, reason, "webhook quarantined");
            }
            Err(refusal) => info!(source = name, %refusal, "webhook refused"),
        }
        self.measure(&received, now);
        if source.answer_form() == AnswerForm::PagerDutyEvents
            && let Some(answer) = pagerduty_events::answer(&received)
        {
            return Ok(answer);
        }
        Ok(answer::json(StatusCode::ACCEPTED, &ReceiptView::from(received.map_err(problem)?)))
    }
}

impl Function {
    fn measure(&self, received: &Result<Receipt, Refusal>, now: Time) {
        let Ok(Receipt::Group(group)) = received else { return self.count(metric(received), now) };
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

fn metric(received: &Result<Receipt, Refusal>) -> &'static str {
    match received {
        Ok(Receipt::Accepted { .. } | Receipt::Group(_)) => "Accepted",
        Ok(Receipt::Confirmed) => "Confirmed",
        Ok(Receipt::Ignored { .. }) => "Ignored",
        Ok(Receipt::Quarantined { .. }) => "Quarantined",
        Err(Refusal::TooLarge { .. }) => "RefusedTooLarge",
        Err(Refusal::NotAuthentic) => "RefusedNotAuthentic",
        Err(Refusal::Queue(_) | Refusal::Confirmation(_)) => "RefusedUnavailable",
    }
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::TooLarge { max_bytes } => {
            Problem::too_large(&format!("A webhook of this source may be at most {} MiB.", max_bytes / (1024 * 1024)))
        }
        Refusal::NotAuthentic => {
            Problem::unauthenticated("The signature or the token of the webhook is missing or wrong.")
        }
        Refusal::Queue(cause) => Problem::unavailable(&cause),
        Refusal::Confirmation(cause) => Problem::unavailable(&cause),
    }
}
