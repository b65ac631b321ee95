//! Starts the function.

use std::convert::Infallible;

use lambda_http::{Error, run, service_fn};
use shared::telemetry;

use health::Function;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    run(service_fn(|request| async { Ok::<_, Infallible>(Function.handle(request).await) })).await
}
