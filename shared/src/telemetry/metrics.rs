//! Writes metrics in CloudWatch's embedded metric format: a log line from which CloudWatch makes
//! the metrics. This needs no request, and costs nothing while nothing happens.
//!
//! CloudWatch charges $0.30 a month for each combination of name and dimensions, by the hour in
//! which it is written. So there are few metrics, with the stack as their only dimension. What is counted
//! by source is rare.

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
    config::{Environment, InvalidVariable},
    domain::time::Time,
};

/// The `tracing` target of metrics. [`super::init`] tells them from log lines by this name.
pub const TARGET: &str = "metrics";

const NAMESPACE: &str = "IncidentReview";

/// The most values that a line may have for one metric (Amazon CloudWatch User Guide,
/// "Specification: Embedded metric format").
const MAX_VALUES: usize = 100;

/// Writes the metrics of a function.
#[derive(Debug, Clone)]
pub struct Metrics {
    stack: String,
}

/// The metrics of one call of a function.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measures(BTreeMap<&'static str, Measure>);

#[derive(Debug, Clone, PartialEq)]
enum Measure {
    Count(u64),
    Milliseconds(Vec<i64>),
}

impl Metrics {
    /// Metrics with the stack of this environment as their dimension.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `STACK_NAME`.
    pub fn new(environment: &Environment) -> Result<Self, InvalidVariable> {
        Ok(Self { stack: environment.stack_name()? })
    }

    /// Writes all measures as one line. Writes nothing if there are none.
    pub fn write(&self, measures: &Measures, now: Time) {
        if !measures.0.is_empty() {
            info!(target: TARGET, line = %self.line(measures, now));
        }
    }

    /// Writes all measures as one line: as metrics of the stack, and of a source of webhooks, too.
    pub fn write_of_source(&self, measures: &Measures, source: &'static str, now: Time) {
        if !measures.0.is_empty() {
            info!(target: TARGET, line = %self.line_of_source(measures, source, now));
        }
    }

    fn line_of_source(&self, measures: &Measures, source: &'static str, now: Time) -> Value {
        let mut line = self.line(measures, now);
        line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([["Stack"], ["Stack", "Source"]]);
        line["Source"] = json!(source);
        line
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
            "timestamp": now.to_string(),
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
    /// Adds 1 to a counter.
    pub fn count(&mut self, name: &'static str) {
        if let Measure::Count(count) = self.0.entry(name).or_insert(Measure::Count(0)) {
            *count += 1;
        }
    }

    /// Adds a number to a counter.
    pub fn count_many(&mut self, name: &'static str, number: u64) {
        if let Measure::Count(count) = self.0.entry(name).or_insert(Measure::Count(0)) {
            *count += number;
        }
    }

    /// Sets a gauge.
    pub fn gauge(&mut self, name: &'static str, value: u64) {
        self.0.insert(name, Measure::Count(value));
    }

    /// Adds a duration, in milliseconds. After 100 values of one metric in a call, more are
    /// dropped.
    pub fn took(&mut self, name: &'static str, from: Time, to: Time) {
        if let Measure::Milliseconds(values) = self.0.entry(name).or_insert(Measure::Milliseconds(Vec::new()))
            && values.len() < MAX_VALUES
        {
            // The two times may come from different clocks.
            values.push((to.as_millis() - from.as_millis()).max(0));
        }
    }
}

/// Lets log lines through, and keeps metrics out.
pub(super) fn is_no_metric<S>() -> impl Filter<S> {
    FilterFn::new(|metadata: &Metadata<'_>| metadata.target() != TARGET)
}

/// Writes metric lines unchanged. CloudWatch looks for `_aws` at the top level of the JSON.
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
                "timestamp": "1970-01-01T00:00:00.007Z",
                "Stack": "review",
                "Joined": 2,
                "ReceiptToIncident": [42, 0],
            })
        );
    }

    #[test]
    fn what_is_counted_by_source_is_a_metric_of_the_stack_as_well() {
        let metrics = Metrics { stack: "review".to_owned() };
        let mut measures = Measures::default();
        measures.count_many("LimitedEvents", 500);
        let line = metrics.line_of_source(&measures, "generic", Time::EARLIEST);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Stack"], ["Stack", "Source"]]));
        assert_eq!(
            (&line["Stack"], &line["Source"], &line["LimitedEvents"]),
            (&json!("review"), &json!("generic"), &json!(500))
        );
    }
}
