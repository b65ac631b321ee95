//! Runs the function on Lambda.

use shared::function::{Error, run_events};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_events::<receive_alarm::Function>().await
}
