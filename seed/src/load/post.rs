//! Posts one webhook, and tries again while the stack fails.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;

use super::{summary::Outcome, target::Request};

const MAX_ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The stack's answer to a webhook.
#[derive(Deserialize)]
struct Answer {
    status: String,
    /// How many events of a group are accepted.
    #[serde(default)]
    accepted: usize,
    #[serde(default)]
    quarantined: usize,
}

pub async fn post(client: &Client, request: Request) -> Outcome {
    let Request { address, headers, body } = request;
    let mut attempt = 1;
    loop {
        let request = client.post(&address).headers(headers.clone()).body(body.clone());
        let failure = match request.send().await {
            Ok(response) if !is_temporary(response.status()) => return outcome(response).await,
            Ok(response) => format!("{}, {MAX_ATTEMPTS} times", response.status()),
            Err(error) => format!("no answer, {MAX_ATTEMPTS} times: {}", cause(&error)),
        };
        if attempt == MAX_ATTEMPTS {
            return Outcome::Refused { reason: failure };
        }
        let max_pause = FIRST_PAUSE * 2_u32.pow(attempt - 1);
        tokio::time::sleep(max_pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        attempt += 1;
    }
}

/// Whether the next attempt may succeed.
fn is_temporary(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

async fn outcome(response: Response) -> Outcome {
    let status = response.status();
    if !status.is_success() {
        return Outcome::Refused { reason: status.to_string() };
    }
    let answer = response.json::<Answer>().await;
    match answer.as_ref().map(|answer| (answer.status.as_str(), answer)) {
        // The answer to PagerDuty's clients does not tell what is ignored.
        Ok(("accepted" | "confirmed" | "success", _)) => Outcome::Accepted,
        Ok(("group", answer)) if answer.accepted > 0 => Outcome::Accepted,
        Ok(("group", answer)) if answer.quarantined > 0 => Outcome::Quarantined,
        Ok(("ignored" | "group", _)) => Outcome::Ignored,
        Ok(("quarantined", _)) => Outcome::Quarantined,
        _ => Outcome::Refused { reason: format!("{status} with an unknown answer") },
    }
}

/// The innermost error. It does not repeat the address.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
