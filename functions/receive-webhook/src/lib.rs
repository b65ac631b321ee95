//! `POST /webhooks/{source}`: receives the alerts of monitoring sources.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    domain::time::Time,
    http::{Request, Response, answer, headers, path_parameter, problem::Problem, view::ReceiptView},
    service::{
        credentials::CredentialsError,
        receive_webhook::{Receipt, ReceiveWebhook, Refusal},
    },
    sources,
    telemetry::metrics::{Measures, Metrics},
};
use tracing::info;

/// The function.
#[derive(Debug)]
pub struct Function {
    receiver: ReceiveWebhook,
    metrics: Metrics,
}

impl Function {
    /// Fetches the secrets and connects to the queue.
    ///
    /// # Errors
    /// [`CredentialsError`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, CredentialsError> {
        let metrics = Metrics::start(environment)?;
        Ok(Self { receiver: ReceiveWebhook::start(environment, aws, clock::now()).await?, metrics })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        let Some(source) = sources::find(&path_parameter(request, "source")) else {
            self.count("RefusedUnknownSource", now);
            return Err(Problem::not_found("There are no webhooks of this source."));
        };
        let received =
            self.receiver.receive(source, &headers::of_webhook(request.headers()), request.body().as_ref(), now).await;
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
        Ok(answer::json(StatusCode::ACCEPTED, &ReceiptView::from(received.map_err(problem)?)))
    }

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
        Err(Refusal::Queue(_)) => "RefusedUnavailable",
    }
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::TooLarge => Problem::too_large("A webhook may have at most 1 MiB."),
        Refusal::NotAuthentic => Problem::unauthenticated("The webhook does not prove that the source sent it."),
        Refusal::Queue(cause) => Problem::unavailable(&cause),
    }
}
