//! The metric `QuarantineEntries`, which the alarm of the quarantine reads.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use shared::telemetry::metrics;
use tests::{Api, TestStack, WAIT_TIMEOUT, WebhookRequest, eventually, random_digits};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

use crate::quarantine::{delete, redrive};

/// The metric lines that were logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Value>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == metrics::TARGET {
            event.record(&mut self.clone());
        }
    }
}

impl Visit for Lines {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "line" {
            let line = serde_json::from_str(&format!("{value:?}")).expect("a line is JSON");
            self.0.lock().expect("nobody panics with it").push(line);
        }
    }
}

impl Lines {
    /// The values of `QuarantineEntries` so far.
    fn entries(&self) -> Vec<u64> {
        let lines = self.0.lock().expect("nobody panics with it");
        lines.iter().filter_map(|line| line["QuarantineEntries"].as_u64()).collect()
    }

    async fn entries_when(&self, count: usize) -> Vec<u64> {
        eventually(WAIT_TIMEOUT, async || {
            let entries = self.entries();
            if entries.len() >= count { Ok(entries) } else { Err(format!("{entries:?}")) }
        })
        .await
    }
}

// On one thread, so that the subscriber of this test gets the lines of the functions.
#[tokio::test(flavor = "current_thread")]
async fn the_gauge_counts_pending_entries_after_each_change_and_each_whole_list() {
    let lines = Lines::default();
    // With one subscriber, tracing caches the interest of the thread that logs first. With two, it
    // asks both each time.
    let _other = tracing::Dispatch::new(tracing_subscriber::registry());
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let api = Api::to(stack.access());
    for count in 1..=2 {
        let body = json!({ "action": "created", "data": { "nothing": random_digits(20) } }).to_string();
        api.deliver(WebhookRequest::sentry("issue", body)).await.quarantined();
        let entries = lines.entries_when(count).await;
        assert_eq!(entries.last(), Some(&(count as u64)));
    }
    api.quarantine("source=sentry").await;
    let page = api.quarantine("").await;
    for id in page.ids() {
        redrive(&api, id).await.problem(422);
        delete(&api, id).await.expect(204);
    }
    api.quarantine("").await;
    assert_eq!(lines.entries(), [1, 2, 2, 1, 0, 0]);

    let lines = lines.0.lock().unwrap().clone();
    let line = lines.iter().find(|line| line["QuarantineEntries"].is_u64()).expect("a line");
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "QuarantineEntries");
    assert_eq!(line["Stack"], "local");
    stack.stop().await;
}
