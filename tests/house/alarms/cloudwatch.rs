//! How CloudWatch evaluates an alarm (Amazon CloudWatch User Guide, "Alarm evaluation" and
//! "Configuring how CloudWatch alarms treat missing data").

use std::collections::BTreeMap;

use super::{
    condition::{Alarm, Missing, Series},
    filter::{Filter, filters},
    math,
};

/// The values that were written, by metric and minute.
pub struct Metrics {
    values: BTreeMap<String, BTreeMap<usize, Vec<f64>>>,
    filters: Vec<Filter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { values: BTreeMap::new(), filters: filters() }
    }
}

impl Metrics {
    /// Writes a value. `metric` is such as `AWS/Lambda Errors FunctionName=ReceiveWebhook`.
    pub fn add(&mut self, metric: &str, minute: usize, value: f64) {
        self.values.entry(metric.to_owned()).or_default().entry(minute).or_default().push(value);
    }

    /// Writes a line of the API's access log, which metric filters count. API Gateway itself answers 429.
    pub fn log(&mut self, route: &str, status: u16, minute: usize) {
        self.log_of(if status == 429 { "-" } else { "1" }, route, status, minute);
    }

    /// Writes the line of a request that a function answered.
    pub fn log_of_function(&mut self, route: &str, status: u16, minute: usize) {
        self.log_of("1", route, status, minute);
    }

    fn log_of(&mut self, function_request_id: &str, route: &str, status: u16, minute: usize) {
        let line = [
            ("route", route.to_owned()),
            ("status", status.to_string()),
            ("function_request_id", function_request_id.to_owned()),
        ];
        let line = line.into();
        let counted: Vec<String> =
            self.filters.iter().filter(|filter| filter.matches(&line)).map(|filter| filter.metric.clone()).collect();
        for metric in counted {
            self.add(&metric, minute, 1.0);
        }
    }

    /// The data point of a period, which ends before the minute `end`.
    fn datapoint(&self, series: &Series, end: isize, period: usize) -> Option<f64> {
        let minutes = self.values.get(&series.metric)?;
        let period = isize::try_from(period).expect("small");
        let minute = |minute: isize| usize::try_from(minute.max(0)).expect("not negative");
        let values = minutes.range(minute(end - period)..minute(end)).flat_map(|(_, values)| values);
        statistic(&series.statistic, values.copied().collect())
    }
}

fn statistic(name: &str, mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let largest = values.last().copied()?;
    Some(match name {
        "Sum" => values.iter().sum(),
        "Maximum" => largest,
        "p99" => values[(values.len() * 99).div_ceil(100) - 1],
        other => panic!("the statistic {other}"),
    })
}

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Ok,
    Alarm,
}

/// The state at the end of each minute. CloudWatch evaluates an alarm each minute, and moves its
/// periods on each time. It looks at `extra` data points more than the alarm needs.
pub fn states(alarm: &Alarm, metrics: &Metrics, minutes: usize, extra: usize) -> Vec<State> {
    let mut state = State::Ok;
    let ends = 1..=isize::try_from(minutes).expect("small");
    ends.map(|end| {
        state = evaluate(alarm, metrics, end, state, extra);
        state
    })
    .collect()
}

fn evaluate(alarm: &Alarm, metrics: &Metrics, end: isize, before: State, extra: usize) -> State {
    let period = isize::try_from(alarm.period_minutes).expect("small");
    let range = isize::try_from(alarm.evaluation_periods + extra).expect("small");
    let points = (0..range).filter_map(|ago| value(alarm, metrics, end - ago * period));
    // The newest. If some are missing, older ones take their places.
    let real: Vec<f64> = points.take(alarm.evaluation_periods).collect();
    let is_short = real.len() < alarm.evaluation_periods;
    if is_short && alarm.missing == Missing::Ignore {
        return before;
    }
    let breaching = real.iter().filter(|value| **value > alarm.threshold).count();
    if breaching >= alarm.needed_datapoints { State::Alarm } else { State::Ok }
}

fn value(alarm: &Alarm, metrics: &Metrics, end: isize) -> Option<f64> {
    let points: BTreeMap<&str, Option<f64>> = alarm
        .series
        .iter()
        .map(|series| (series.id.as_str(), metrics.datapoint(series, end, alarm.period_minutes)))
        .collect();
    match &alarm.expression {
        None => points["only"],
        Some(expression) => math::evaluate(expression, &points),
    }
}

#[test]
fn a_percentile_is_the_smallest_value_that_enough_do_not_exceed() {
    let values: Vec<f64> = (1..=200).map(f64::from).collect();
    assert_eq!(statistic("p99", values), Some(198.0));
    assert_eq!(statistic("p99", vec![7.0]), Some(7.0));
    assert_eq!(statistic("Sum", vec![]), None);
}

#[test]
fn missing_points_are_not_breaching_and_older_ones_take_their_places_only_if_they_suffice() {
    let alarm = Alarm {
        name: "A".to_owned(),
        series: vec![Series { id: "only".to_owned(), metric: "m".to_owned(), statistic: "Sum".to_owned() }],
        expression: None,
        period_minutes: 1,
        evaluation_periods: 3,
        needed_datapoints: 3,
        threshold: 0.0,
        missing: Missing::NotBreaching,
    };
    // What the alarms had before: three points in a row never come from retries every three minutes.
    let mut metrics = Metrics::default();
    (0..60).step_by(3).for_each(|minute| metrics.add("m", minute, 1.0));
    assert!(!states(&alarm, &metrics, 60, 2).contains(&State::Alarm));
    (0..3).for_each(|minute| metrics.add("m", minute, 1.0));
    assert_eq!(states(&alarm, &metrics, 4, 0), [State::Ok, State::Ok, State::Alarm, State::Alarm]);
}
