//! Logs of a deployed function: one JSON line a fact, to standard output, from where Lambda takes them.

/// Starts logging. To be called once, first thing.
pub fn init() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_max_level(tracing::Level::INFO)
        // Lambda stamps each line itself.
        .without_time()
        .init();
}
