//! Metrics in CloudWatch's embedded metric format: a line of the log, out of which CloudWatch makes them. So they cost
//! no request, and nothing while nothing happens.
//!
//! Each metric that is written within an hour is paid for, by the name and dimensions, $0.30 a month: so they are few,
//! and have one dimension, the stack.

use std::{collections::BTreeMap, fmt, io::Write};

use serde_json::{Value, json};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    info,
};
use tracing_subscriber::{
    Layer,
    filter::FilterFn,
    layer::{Context, Filter},
};

use crate::{
    config::{Environment, MissingVariable},
    domain::time::Time,
};

/// The target of events that are metrics. Whoever does not know it sees lines of the log.
pub const TARGET: &str = "metrics";

const NAMESPACE: &str = "IncidentReview";

/// How many values of one metric a line may have.
const MAX_VALUES: usize = 100;

/// Writes the metrics of a function.
#[derive(Debug, Clone)]
pub struct Metrics {
    stack: String,
}

/// What happened in one call of a function.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measures(BTreeMap<&'static str, Measure>);

#[derive(Debug, Clone, PartialEq)]
enum Measure {
    Count(u64),
    Milliseconds(Vec<i64>),
}

impl Metrics {
    /// Metrics of the stack that the environment names.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn start(environment: &Environment) -> Result<Self, MissingVariable> {
        Ok(Self { stack: environment.stack_name()? })
    }

    /// Writes what happened, as one line; nothing if nothing did.
    pub fn write(&self, measures: &Measures, now: Time) {
        if !measures.0.is_empty() {
            info!(target: TARGET, line = %self.line(measures, now));
        }
    }

    fn line(&self, Measures(measures): &Measures, now: Time) -> Value {
        let names: Vec<Value> = measures
            .iter()
            .map(|(name, measure)| match measure {
                Measure::Count(_) => json!({ "Name": name, "Unit": "Count" }),
                Measure::Milliseconds(_) => json!({ "Name": name, "Unit": "Milliseconds" }),
            })
            .collect();
        let mut line = json!({
            "_aws": {
                "Timestamp": now.as_millis(),
                "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": names }],
            },
            "Stack": self.stack,
        });
        for (name, measure) in measures {
            line[*name] = match measure {
                Measure::Count(count) => json!(count),
                Measure::Milliseconds(values) => json!(values),
            };
        }
        line
    }
}

impl Measures {
    /// One more of these.
    pub fn count(&mut self, name: &'static str) {
        if let Measure::Count(count) = self.0.entry(name).or_insert(Measure::Count(0)) {
            *count += 1;
        }
    }

    /// There are so many of these now.
    pub fn gauge(&mut self, name: &'static str, value: u64) {
        self.0.insert(name, Measure::Count(value));
    }

    /// This took so long. Of more than a hundred in one call, the first are written.
    pub fn took(&mut self, name: &'static str, from: Time, to: Time) {
        if let Measure::Milliseconds(values) = self.0.entry(name).or_insert(Measure::Milliseconds(Vec::new()))
            && values.len() < MAX_VALUES
        {
            // Clocks differ.
            values.push((to.as_millis() - from.as_millis()).max(0));
        }
    }
}

/// Lets everything through but metrics.
pub(super) fn is_no_metric<S>() -> impl Filter<S> {
    FilterFn::new(|metadata: &Metadata<'_>| metadata.target() != TARGET)
}

/// Writes the lines of metrics as they are: CloudWatch looks for `_aws` at their top.
pub(super) struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            event.record(&mut Print);
        }
    }
}

struct Print;

impl Visit for Print {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "line" {
            let _ = writeln!(std::io::stdout().lock(), "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_line_whatever_happened_in_it() {
        let metrics = Metrics { stack: "review".to_owned() };
        let start = Time::EARLIEST;
        let mut measures = Measures::default();
        measures.count("Joined");
        measures.count("Joined");
        measures.took("ReceiptToIncident", start, start.plus_millis(42));
        measures.took("ReceiptToIncident", start.plus_millis(1), start);
        assert_eq!(
            metrics.line(&measures, start.plus_millis(7)),
            json!({
                "_aws": {
                    "Timestamp": 7,
                    "CloudWatchMetrics": [{
                        "Namespace": "IncidentReview",
                        "Dimensions": [["Stack"]],
                        "Metrics": [
                            { "Name": "Joined", "Unit": "Count" },
                            { "Name": "ReceiptToIncident", "Unit": "Milliseconds" },
                        ],
                    }],
                },
                "Stack": "review",
                "Joined": 2,
                "ReceiptToIncident": [42, 0],
            })
        );
    }
}
