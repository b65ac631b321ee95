//! Writes logs and metrics to standard output. Lambda passes them on to CloudWatch. A log line is
//! one JSON object about one fact. It holds ids and reasons, never bodies, secrets or tokens.

mod logs;
pub mod metrics;
pub mod refusals;

use std::io;

use tracing::error;
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::Environment;

/// Starts logging. Call it once, before everything else. A panic is logged with its place only,
/// since its message may quote a webhook.
pub fn init(environment: &Environment) {
    // Functions share a log group, so each line names its function.
    let logs = logs::layer(io::stdout, environment.function_name()).with_filter(metrics::is_no_metric());
    tracing_subscriber::registry().with(LevelFilter::INFO).with(logs).with(metrics::Lines).init();
    std::panic::set_hook(Box::new(|panic| error!(place = panic.location().map(ToString::to_string), "panicked")));
}
