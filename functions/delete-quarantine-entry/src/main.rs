//! Starts the function.

use std::convert::Infallible;

use lambda_http::{Error, run, service_fn};
use shared::{aws::Aws, config::Environment, telemetry};

use delete_quarantine_entry::Function;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let environment = Environment::process();
    let function = Function::start(&environment, &Aws::of_function(&environment)?).await?;
    run(service_fn(|request| async { Ok::<_, Infallible>(function.handle(request).await) })).await
}
