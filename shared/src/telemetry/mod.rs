//! What a deployed function tells of itself, to standard output, from where Lambda takes it: logs, one JSON line a fact, and
//! metrics. Ids and reasons, never bodies, secrets or tokens.

pub mod metrics;

use tracing::error;
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging. To be called once, first thing. A panic is logged by its place: what it says may quote what was sent.
pub fn init() {
    let logs = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        // The runtime's span carries the id of the request.
        .with_current_span(true)
        .with_span_list(false)
        // Lambda stamps each line itself.
        .without_time()
        .with_filter(metrics::is_no_metric());
    tracing_subscriber::registry().with(LevelFilter::INFO).with(logs).with(metrics::Lines).init();
    std::panic::set_hook(Box::new(|panic| error!(place = panic.location().map(ToString::to_string), "panicked")));
}
