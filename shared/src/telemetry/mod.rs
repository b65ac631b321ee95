//! Writes logs and metrics to standard output. Lambda passes them on to CloudWatch. A log line is
//! one JSON object about one fact. It holds ids and reasons, never bodies, secrets or tokens.

pub mod metrics;

use tracing::error;
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging. Call it once, before everything else. A panic is logged with its place only,
/// since its message may quote a webhook.
pub fn init() {
    let logs = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        // The span of the Lambda runtime carries the request id.
        .with_current_span(true)
        .with_span_list(false)
        // Lambda adds the time to each line.
        .without_time()
        .with_filter(metrics::is_no_metric());
    tracing_subscriber::registry().with(LevelFilter::INFO).with(logs).with(metrics::Lines).init();
    std::panic::set_hook(Box::new(|panic| error!(place = panic.location().map(ToString::to_string), "panicked")));
}
