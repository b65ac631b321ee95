//! `GET /health`: tells that the API answers. Open to all; it touches nothing else.

use std::convert::Infallible;

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    aws::Aws,
    config::Environment,
    http::{Request, Response, answer},
};

/// The function.
#[derive(Debug)]
pub struct Function;

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

impl Function {
    /// Needs nothing.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unused_async, reason = "every function starts the same way")]
    pub async fn start(_environment: &Environment, _aws: &Aws) -> Result<Self, Infallible> {
        Ok(Self)
    }

    /// Answers a request.
    #[expect(clippy::unused_async, reason = "every function is called the same way")]
    pub async fn handle(&self, _request: Request) -> Response {
        answer::json(StatusCode::OK, &Health { status: "ok" })
    }
}
