//! `POST /webhooks/{vendor}`: receives the alerts of monitoring vendors.

use lambda_http::http::StatusCode;
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    domain::time::Time,
    http::{Request, Response, answer, path_parameter, problem::Problem, view::ReceiptView},
    service::{
        credentials::CredentialsError,
        receive::{Receiver, Refusal},
    },
    vendors,
};
use tracing::info;

/// The function.
#[derive(Debug)]
pub struct Function {
    receiver: Receiver,
}

impl Function {
    /// Fetches the secrets and connects to the queue.
    ///
    /// # Errors
    /// [`CredentialsError`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, CredentialsError> {
        Ok(Self { receiver: Receiver::start(environment, aws, clock::now()).await? })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.answer(&request, clock::now()).await.unwrap_or_else(Response::from)
    }

    async fn answer(&self, request: &Request, now: Time) -> Result<Response, Problem> {
        let vendor = vendors::find(&path_parameter(request, "vendor"));
        let vendor = vendor.ok_or_else(|| Problem::not_found("There are no webhooks of this vendor."))?;
        let received = self.receiver.receive(vendor, request.headers(), request.body().as_ref(), now).await;
        match &received {
            Ok(receipt) => info!(vendor = vendor.name(), ?receipt, "webhook accepted"),
            Err(refusal) => info!(vendor = vendor.name(), %refusal, "webhook refused"),
        }
        Ok(answer::json(StatusCode::ACCEPTED, &ReceiptView::from(received.map_err(problem)?)))
    }
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::TooLarge => Problem::too_large("A webhook may have at most 1 MiB."),
        Refusal::NotAuthentic => Problem::unauthenticated("The webhook does not prove that the vendor sent it."),
        Refusal::NotJson(error) => Problem::malformed_body(format!("{error}.")),
        Refusal::Queue(cause) => Problem::unavailable(&cause),
    }
}
