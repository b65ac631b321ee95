//! Log lines as JSON: when, how important, what happened, in which function and request.

use std::fmt;

use serde_json::Value;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Json, Writer},
    },
    registry::LookupSpan,
};

/// Writes log lines with the name of the function, if it has one.
pub(super) fn layer<S, W>(writer: W, function: Option<String>) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let function = function.map(|name| Value::from(name).to_string());
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        // The span of the Lambda runtime carries the request id.
        .with_current_span(true)
        .with_span_list(false)
        .map_event_format(|json| Lines { json, function })
        .with_writer(writer)
}

/// One JSON object a line.
struct Lines {
    /// Formats everything but the name of the function. Its `timestamp` is RFC 3339 in UTC.
    json: Format<Json>,
    /// The name of the function as JSON.
    function: Option<String>,
}

impl<S, F> FormatEvent<S, F> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    F: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, F>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(function) = &self.function else { return self.json.format_event(context, writer, event) };
        let mut line = String::new();
        self.json.format_event(context, Writer::new(&mut line), event)?;
        let members = line.strip_prefix('{').ok_or(fmt::Error)?;
        write!(writer, "{{\"function\":{function},{members}")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use tracing::{error, info, info_span};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::domain::time::Time;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that are logged meanwhile.
    fn lines_of(function: Option<&str>, log: impl FnOnce()) -> Vec<Value> {
        let output = Output::default();
        let copy = output.clone();
        let logs = layer(move || copy.clone(), function.map(str::to_owned));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(logs), log);
        let bytes = output.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_line_says_when_where_and_in_which_request() {
        let lines = lines_of(Some("review-\"GroupAlerts\""), || {
            let _request = info_span!("invoke", request_id = "7d1c").entered();
            info!(delivery_id = "sentry-1-6b", "delivery grouped");
            error!("two\nlines");
        });
        assert_eq!(lines.len(), 2);
        for line in &lines {
            assert!(line["timestamp"].as_str().unwrap().parse::<Time>().is_ok(), "{line}");
            assert_eq!(
                (&line["function"], &line["span"]["request_id"]),
                (&"review-\"GroupAlerts\"".into(), &"7d1c".into())
            );
        }
        assert_eq!((&lines[0]["message"], &lines[0]["level"]), (&"delivery grouped".into(), &"INFO".into()));
        assert_eq!(lines[0]["delivery_id"], "sentry-1-6b");
    }

    #[test]
    fn outside_of_lambda_lines_name_no_function() {
        let lines = lines_of(None, || info!("started"));
        assert_eq!((&lines[0]["message"], lines[0].get("function")), (&"started".into(), None));
    }
}
