//! Statistics: their query parameters and the bodies of their answers.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{
    Parameters, Request, filters,
    parameters::{whole_number, word},
    problem::Problem,
};
use crate::{
    domain::{id::AlertId, source::Source, time::Time},
    listing::segments::{
        filters::Filter,
        rows,
        statistics::{
            Durations, Group, Series, Statistics, StatisticsQuery, alerts::AlertFigures, incidents::IncidentFigures,
        },
    },
    service::{
        get_alert_stats::{AlertStats, AlertStatsQuery, ProblemStats},
        get_incident_stats::StatsError,
    },
};

const DEFAULT_PROBLEMS: u64 = 10;
const MAX_PROBLEMS: u64 = 100;

/// Reads the parameters of `GET /stats/incidents`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn incidents(request: &Request) -> Result<StatisticsQuery, Problem> {
    let mut parameters = Parameters::of(request);
    let filter = filters::incidents(&mut parameters);
    let query = query(&mut parameters, rows::Series::Incidents, filter);
    parameters.finish()?;
    Ok(query)
}

/// Reads the parameters of `GET /stats/alerts`.
///
/// # Errors
/// A 400 [`Problem`] that names every wrong parameter.
pub fn alerts(request: &Request) -> Result<AlertStatsQuery, Problem> {
    let mut parameters = Parameters::of(request);
    let (filter, _) = filters::alerts(&mut parameters);
    let statistics = query(&mut parameters, rows::Series::Alerts, filter);
    let problems = parameters.one("problems", |value| match whole_number(value) {
        Ok(problems @ 0..=MAX_PROBLEMS) => Ok(problems),
        _ => Err(format!("must be a whole number from 0 to {MAX_PROBLEMS}")),
    });
    parameters.finish()?;
    let problems = usize::try_from(problems.unwrap_or(DEFAULT_PROBLEMS)).unwrap_or(0);
    Ok(AlertStatsQuery { statistics, problems })
}

fn query(parameters: &mut Parameters, series: rows::Series, filter: Filter) -> StatisticsQuery {
    let interval = parameters.one("interval", word);
    let time_zone = parameters.one("time_zone", time_zone);
    if time_zone.is_some() && interval.is_none() {
        parameters.error("time_zone", "is only for intervals: add interval");
    }
    let group_by = parameters.one("group_by", |value| filters::facet(series, value));
    StatisticsQuery { filter, interval, time_zone: time_zone.unwrap_or(TimeZone::UTC), group_by }
}

fn time_zone(value: &str) -> Result<TimeZone, &'static str> {
    let zone = TimeZone::get(value).ok().filter(|zone| !zone.is_unknown());
    zone.ok_or("must be the IANA name of a time zone, such as Europe/Berlin")
}

impl From<StatsError> for Problem {
    fn from(error: StatsError) -> Self {
        match error {
            StatsError::List(error) => error.into(),
            StatsError::TooManyIntervals(error) => Self::invalid(
                "interval",
                format!("{error}: ask for a longer interval, or for less time by created_from and created_to"),
            ),
        }
    }
}

/// The body of statistics.
#[derive(Debug, Serialize)]
pub struct StatsView<F> {
    interval: Option<String>,
    time_zone: Option<String>,
    group_by: Option<String>,
    total: F,
    intervals: Vec<IntervalView<F>>,
    groups: Vec<GroupView<F>>,
    /// How many more groups there are.
    omitted_groups: usize,
}

#[derive(Debug, Serialize)]
struct GroupView<F> {
    value: Option<String>,
    total: F,
    intervals: Vec<IntervalView<F>>,
}

#[derive(Debug, Serialize)]
struct IntervalView<F> {
    from: Time,
    /// When the next begins.
    to: Time,
    #[serde(flatten)]
    figures: F,
}

/// Figures of incidents.
#[derive(Debug, Serialize)]
pub struct IncidentFiguresView {
    opened: u64,
    acknowledged: u64,
    resolved: u64,
    still_open: u64,
    recurrences: u64,
    time_to_acknowledge: Option<DurationsView>,
    time_to_resolve: Option<DurationsView>,
}

/// Figures of alerts.
#[derive(Debug, Serialize)]
pub struct AlertFiguresView {
    alerts: u64,
    occurrences: u64,
    resolved: u64,
    still_firing: u64,
    firing_seconds: f64,
    time_to_resolve: Option<DurationsView>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "members of JSON say their unit")]
struct DurationsView {
    mean_seconds: f64,
    p50_seconds: f64,
    p90_seconds: f64,
}

/// The body of statistics of alerts.
#[derive(Debug, Serialize)]
pub struct AlertStatsView {
    #[serde(flatten)]
    stats: StatsView<AlertFiguresView>,
    problems: Vec<ProblemView>,
}

/// A problem, as its newest alert describes it.
#[derive(Debug, Serialize)]
struct ProblemView {
    source: Source,
    dedup_key: String,
    title: String,
    service: Option<String>,
    environment: String,
    team: Option<String>,
    latest_alert_id: AlertId,
    occurrences: u64,
    episodes: u64,
    firing_seconds: f64,
    /// Of its episodes, from 0 to 1: those in an incident that a person acknowledged.
    acted_on_share: f64,
}

impl<F> StatsView<F> {
    /// The body of an answer.
    pub fn of<T: Into<F>>(query: &StatisticsQuery, statistics: Statistics<T>) -> Self {
        let Statistics { intervals, all, groups, omitted_groups } = statistics;
        let series = |figures: Vec<T>| -> Vec<IntervalView<F>> {
            let view = |((from, to), figures): (&(Time, Time), T)| IntervalView {
                from: *from,
                to: *to,
                figures: figures.into(),
            };
            intervals.iter().zip(figures).map(view).collect()
        };
        let group = |Group { value, figures: Series { total, intervals } }: Group<T>| GroupView {
            value,
            total: total.into(),
            intervals: series(intervals),
        };
        Self {
            interval: query.interval.map(|interval| interval.to_string()),
            time_zone: query.interval.and_then(|_| query.time_zone.iana_name()).map(str::to_owned),
            group_by: query.group_by.map(|field| field.to_string()),
            total: all.total.into(),
            intervals: series(all.intervals),
            groups: groups.into_iter().map(group).collect(),
            omitted_groups,
        }
    }
}

impl AlertStatsView {
    /// The body of an answer.
    #[must_use]
    pub fn of(query: &AlertStatsQuery, stats: AlertStats) -> Self {
        let problems = stats.problems.into_iter().map(ProblemView::from).collect();
        Self { stats: StatsView::of(&query.statistics, stats.statistics), problems }
    }
}

impl From<IncidentFigures> for IncidentFiguresView {
    fn from(figures: IncidentFigures) -> Self {
        Self {
            opened: figures.opened,
            acknowledged: figures.acknowledged,
            resolved: figures.resolved,
            still_open: figures.still_open,
            recurrences: figures.recurrences,
            time_to_acknowledge: figures.time_to_acknowledge.map(DurationsView::from),
            time_to_resolve: figures.time_to_resolve.map(DurationsView::from),
        }
    }
}

impl From<AlertFigures> for AlertFiguresView {
    fn from(figures: AlertFigures) -> Self {
        Self {
            alerts: figures.alerts,
            occurrences: figures.occurrences,
            resolved: figures.resolved,
            still_firing: figures.still_firing,
            firing_seconds: seconds(figures.time_firing),
            time_to_resolve: figures.time_to_resolve.map(DurationsView::from),
        }
    }
}

impl From<Durations> for DurationsView {
    fn from(Durations { mean, p50, p90 }: Durations) -> Self {
        Self { mean_seconds: seconds(mean), p50_seconds: seconds(p50), p90_seconds: seconds(p90) }
    }
}

impl From<ProblemStats> for ProblemView {
    fn from(ProblemStats { figures, latest }: ProblemStats) -> Self {
        let dedup_key = latest.dedup_key();
        Self {
            source: latest.state.source,
            dedup_key,
            title: latest.report.title.value,
            service: latest.state.service,
            environment: latest.state.environment,
            team: latest.state.team,
            latest_alert_id: latest.id,
            occurrences: figures.occurrences,
            episodes: figures.episodes,
            firing_seconds: seconds(figures.time_firing),
            acted_on_share: share(figures.acted_on, figures.episodes),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of 280,000 years are exact")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts 2^53 alerts")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (1_000.0 * part as f64 / whole as f64).round() / 1_000.0 }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;
    use crate::listing::segments::{rows::Field, statistics::intervals::IntervalKind};

    fn request(query: &str) -> Request {
        let request = lambda_http::http::Request::builder().uri(format!("https://api.example.com/stats?{query}"));
        request.body(Body::Empty).unwrap()
    }

    #[test]
    fn statistics_take_the_filters_of_the_list() {
        let query = incidents(&request("team=infra&interval=Day&time_zone=europe/berlin&group_by=Service")).unwrap();
        let expected = StatisticsQuery {
            filter: Filter::default().any_of(Field::Team, &["infra"]),
            interval: Some(IntervalKind::Day),
            time_zone: TimeZone::get("Europe/Berlin").unwrap(),
            group_by: Some(Field::Service),
        };
        assert_eq!((query.time_zone.iana_name(), &query), (Some("Europe/Berlin"), &expected));
        assert_eq!(alerts(&request("status=firing&problems=0")).unwrap().problems, 0);
    }

    #[test]
    fn bad_values_are_refused() {
        for query in [
            "interval=minute",
            "interval=day&time_zone=Mars/Base",
            "interval=day&time_zone=",
            "interval=day&time_zone=Etc/Unknown",
            "interval=day&time_zone=%2B02:00",
            "time_zone=UTC",
            "group_by=title",
            "group_by=team,service",
            "problems=101",
            "sort=created_at",
            "limit=5",
            "interval=day&interval=week",
        ] {
            assert!(alerts(&request(query)).is_err(), "{query}");
        }
        assert!(incidents(&request("problems=5")).is_err());
    }

    #[test]
    fn shares_are_rounded_to_thousandths() {
        assert_eq!([share(1, 3), share(0, 0), share(5, 5)].map(|share| share.to_string()), ["0.333", "0", "1"]);
    }
}
