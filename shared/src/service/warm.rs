//! The first call of a client, made while a function starts: Lambda gives it more of a CPU then, and shaking hands for TLS
//! is most of what a cold start costs. So the first request finds the connection open.

use std::{fmt::Display, time::Duration};

use tracing::warn;

/// How long a first call may take. A start may take 10 s in Lambda, and whoever called waits meanwhile.
const WARM_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes a call for the sake of its connection. At best effort: if it fails, the first request will tell why.
pub async fn warm<T, E: Display>(service: &'static str, call: impl Future<Output = Result<T, E>>) {
    match tokio::time::timeout(WARM_TIMEOUT, call).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => warn!(service, %error, "not warmed"),
        Err(_) => warn!(service, "not warmed: no answer within {WARM_TIMEOUT:?}"),
    }
}
