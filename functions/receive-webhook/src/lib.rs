//! `POST /webhooks/{source}`: receives the webhooks of monitoring sources.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Request, Response, answer, headers, path_parameter, problem::Problem, view::ReceiptView},
    service::receive_webhook::{Receipt, ReceiveWebhook, Refusal},
    sources,
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

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        let Some(source) = sources::find(&path_parameter(request, "source")) else {
            self.count("RefusedUnknownSource", now);
            return Err(Problem::not_found("There is no source with this name."));
        };
        let headers = headers::of_webhook(request.headers());
        let received = self.receive_webhook.receive(source, &headers, request.body().as_ref(), now, deadline).await;
        let name = source.name();
        match &received {
            Ok(Receipt::Accepted { delivery_id }) => info!(source = name, %delivery_id, "webhook accepted"),
            Ok(Receipt::Ignored { reason }) => info!(source = name, reason, "webhook ignored"),
            Ok(Receipt::Quarantined { delivery_id, reason }) => {
                info!(source = name, %delivery_id, reason, "webhook quarantined");
            }
            Err(refusal) => info!(source = name, %refusal, "webhook refused"),
        }
        self.count(metric(&received), now);
        Ok(answer::json(StatusCode::ACCEPTED, &ReceiptView::from(received.map_err(|refusal| problem(&refusal))?)))
    }
}

impl Function {
    fn count(&self, metric: &'static str, now: Time) {
        let mut measures = Measures::default();
        measures.count(metric);
        self.metrics.write(&measures, now);
    }
}

fn metric(received: &Result<Receipt, Refusal>) -> &'static str {
    match received {
        Ok(Receipt::Accepted { .. }) => "Accepted",
        Ok(Receipt::Ignored { .. }) => "Ignored",
        Ok(Receipt::Quarantined { .. }) => "Quarantined",
        Err(Refusal::TooLarge) => "RefusedTooLarge",
        Err(Refusal::NotAuthentic) => "RefusedNotAuthentic",
        Err(Refusal::Queue(_) | Refusal::OutOfTime(_)) => "RefusedUnavailable",
    }
}

fn problem(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::TooLarge => Problem::too_large("A webhook may be at most 1 MiB."),
        Refusal::NotAuthentic => {
            Problem::unauthenticated("The signature or the token of the webhook is missing or wrong.")
        }
        Refusal::Queue(_) | Refusal::OutOfTime(_) => Problem::unavailable(refusal),
    }
}
