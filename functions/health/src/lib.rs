//! `GET /health`: answers that the API works. It needs no token and calls no other service.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    aws::Aws,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Request, Response, answer, problem::Problem},
};

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function;

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

impl HttpFunction for Function {
    async fn start(_environment: &Environment, _aws: &Aws) -> Result<Self, Error> {
        Ok(Self)
    }

    async fn answer(&self, _request: &Request, _now: Time, _deadline: Deadline) -> Result<Response, Problem> {
        Ok(answer::json(StatusCode::OK, &Health { status: "ok" }))
    }
}
