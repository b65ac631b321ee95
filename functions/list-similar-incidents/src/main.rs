//! Runs the function on Lambda.

use shared::function::{Error, run_http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_http::<list_similar_incidents::Function>().await
}
