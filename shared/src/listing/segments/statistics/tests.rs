//! Statistics agree with a naive model, which looks at each row by itself.

use std::collections::{BTreeMap, HashSet};

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{
    Durations, Series as Figures, Statistics, StatisticsError, StatisticsQuery,
    alerts::{AlertFigures, alert_statistics},
    incidents::{IncidentFigures, incident_statistics},
    intervals::{IntervalKind, Intervals},
    problems::{Acknowledged, acknowledged, noisiest_problems},
};
use crate::{
    domain::time::Time,
    listing::segments::{
        filters::{Condition, Filter},
        rows::{Field, Number, Row, RowId, Series},
        tests::{FIRST_MS, Model, Stored, apply, collected, exists, filter, history, now, sealed},
        view::View,
    },
};

/// All times of tests are within a day or so of the first; this is later than any.
const AFTER: i64 = FIRST_MS + 100_000_000;

fn query(series: Series) -> impl Strategy<Value = StatisticsQuery> {
    let fields = series.filters().to_vec();
    let kinds = vec![IntervalKind::Hour, IntervalKind::Day, IntervalKind::Week, IntervalKind::Month];
    (filter(), prop::option::of(prop::sample::select(kinds)), prop::option::of(prop::sample::select(fields))).prop_map(
        |(filter, interval, group_by)| StatisticsQuery { filter, interval, time_zone: TimeZone::UTC, group_by },
    )
}

/// Asks until all is in memory.
fn ask<T>(stored: &Stored, view: &mut View, ask: impl Fn(&View) -> Result<T, StatisticsError>) -> T {
    for _ in 0..6 {
        match ask(view) {
            Ok(answer) => return answer,
            Err(StatisticsError::Needs(needs)) => stored.load(view, &needs),
            Err(StatisticsError::TooManyIntervals(error)) => panic!("{error}"),
        }
    }
    panic!("needs more and more")
}

fn naive<F>(rows: &[Row], query: &StatisticsQuery, later: Time, figures: impl Fn(&[&Row]) -> F) -> Statistics<F> {
    let intervals = query.interval.map(|kind| {
        let bounds = query.filter.conditions().iter().find_map(|condition| match condition {
            Condition::Created { from, to } => Some((*from, *to)),
            _ => None,
        });
        let (from, to) = bounds.unwrap_or((None, None));
        let created = || rows.iter().map(|row| row.id.created_ms());
        let end = later.as_millis().max(created().max().unwrap_or(0));
        let to = to.map_or(end, |to| to.min(end));
        let from = from.unwrap_or_else(|| created().min().unwrap_or(to).min(to));
        let time = |millis| Time::from_millis(millis).unwrap();
        if from > to {
            Intervals::default()
        } else {
            Intervals::between(kind, &TimeZone::UTC, time(from), time(to)).unwrap()
        }
    });
    let intervals: Vec<(Time, Time)> = intervals.iter().flat_map(Intervals::iter).collect();
    let series = |rows: &[&Row]| Figures {
        total: figures(rows),
        intervals: intervals
            .iter()
            .map(|(from, to)| {
                let is_in = |row: &&&Row| (*from..*to).contains(&row.id.created_at());
                figures(&rows.iter().filter(is_in).copied().collect::<Vec<_>>())
            })
            .collect(),
    };
    let mut groups: BTreeMap<Option<String>, Vec<&Row>> = BTreeMap::new();
    for (row, field) in rows.iter().filter_map(|row| query.group_by.map(|field| (row, field))) {
        let labels: Vec<Option<String>> = row.labels(field).iter().cloned().map(Some).collect();
        for label in if labels.is_empty() { vec![None] } else { labels } {
            groups.entry(label).or_default().push(row);
        }
    }
    let mut groups: Vec<(Option<String>, Vec<&Row>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    let groups = groups.into_iter().map(|(value, rows)| super::Group { value, figures: series(&rows) }).collect();
    Statistics { all: series(&rows.iter().collect::<Vec<_>>()), groups, omitted_groups: 0, intervals }
}

fn durations(mut found: Vec<i64>) -> Option<Durations> {
    found.sort_unstable();
    let rank = |tenths: usize| (1..=found.len()).find(|rank| rank * 10 >= found.len() * tenths).unwrap() - 1;
    let mean = found.iter().sum::<i64>().checked_div(i64::try_from(found.len()).unwrap())?;
    Some(Durations { mean, p50: found[rank(5)], p90: found[rank(9)] })
}

fn incident_figures(rows: &[&Row]) -> IncidentFigures {
    let times = |number| -> Vec<i64> {
        rows.iter().filter_map(|row| Some((row.number(number)? - row.id.created_ms()).max(0))).collect()
    };
    let (acknowledged, resolved) = (times(Number::AcknowledgedAt), times(Number::ResolvedAt));
    IncidentFigures {
        opened: rows.len() as u64,
        acknowledged: acknowledged.len() as u64,
        resolved: resolved.len() as u64,
        still_open: (rows.len() - resolved.len()) as u64,
        recurrences: rows.iter().filter(|row| row.labels(Field::IsRecurrence) == ["true"]).count() as u64,
        time_to_acknowledge: durations(acknowledged),
        time_to_resolve: durations(resolved),
    }
}

fn fired(row: &Row) -> i64 {
    let since = row.number(Number::OccurredAt).unwrap_or(AFTER);
    (row.number(Number::ResolvedAt).unwrap_or(AFTER) - since).max(0)
}

fn alert_figures(rows: &[&Row]) -> AlertFigures {
    let resolved = rows.iter().filter(|row| row.number(Number::ResolvedAt).is_some());
    let resolved: Vec<i64> = resolved.map(|row| fired(row)).collect();
    AlertFigures {
        alerts: rows.len() as u64,
        occurrences: rows.iter().filter_map(|row| row.number(Number::Count)).sum::<i64>().unsigned_abs(),
        still_firing: (rows.len() - resolved.len()) as u64,
        resolved: resolved.len() as u64,
        time_firing: rows.iter().map(|row| fired(row)).sum(),
        time_to_resolve: durations(resolved),
    }
}

type History = (Vec<Vec<(Row, bool)>>, Vec<(Row, bool)>, std::collections::BTreeSet<i64>);

fn world(series: Series, (steps, live, rebased): History) -> (Stored, View, Vec<Row>) {
    let mut model = Model::new();
    steps.iter().chain([&live]).for_each(|step| apply(&mut model, step));
    let stored = Stored { whole: sealed(series, &steps, &rebased).into_values().collect() };
    let view = View::new(series, stored.unloaded(series), collected(live.into_iter()));
    (stored, view, model.into_values().collect())
}

fn matching(rows: &[Row], filter: &Filter, later: Time) -> Vec<Row> {
    let exists = |row: &&Row| row.number(Number::ExpiresAt).is_none_or(|expires| expires > later.as_seconds());
    rows.iter().filter(exists).filter(|row| filter.matches(row)).cloned().collect()
}

proptest! {
    #[test]
    fn statistics_of_incidents_are_those_of_the_naive_model(
        history in history(Series::Incidents), query in query(Series::Incidents),
    ) {
        let (stored, mut view, rows) = world(Series::Incidents, history);
        let later = Time::from_millis(AFTER).unwrap();
        let found = ask(&stored, &mut view, |view| incident_statistics(view, &query, later));
        let expected = naive(&matching(&rows, &query.filter, later), &query, later, incident_figures);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn statistics_of_alerts_are_those_of_the_naive_model(
        history in history(Series::Alerts), query in query(Series::Alerts),
    ) {
        let (stored, mut view, rows) = world(Series::Alerts, history);
        let later = Time::from_millis(AFTER).unwrap();
        let found = ask(&stored, &mut view, |view| alert_statistics(view, &query, later));
        let expected = naive(&matching(&rows, &query.filter, later), &query, later, alert_figures);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn the_noisiest_problems_are_those_of_the_naive_model(
        history in history(Series::Alerts), filter in filter(), acted_on in 0_u128..8, limit in 1_usize..4,
    ) {
        let (stored, mut view, rows) = world(Series::Alerts, history);
        let later = Time::from_millis(AFTER).unwrap();
        let acknowledged: HashSet<RowId> =
            (0..3).filter(|bit| acted_on >> bit & 1 == 1).map(|bit| RowId::new(FIRST_MS, bit << 70)).collect();
        let found = ask(&stored, &mut view, |view| {
            noisiest_problems(view, &filter, &acknowledged.iter().copied().collect(), limit, later).map_err(StatisticsError::from)
        });
        let mut problems: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in matching(&rows, &filter, later) {
            problems.entry(row.labels(Field::Problem)[0].clone()).or_default().push(row);
        }
        let mut expected: Vec<_> = problems.into_iter().map(|(key, rows)| {
            let figures = alert_figures(&rows.iter().collect::<Vec<_>>());
            let is_acted_on = |row: &&Row| {
                row.labels(Field::IncidentId).iter().any(|id| {
                    acknowledged.contains(&id.parse::<crate::domain::id::IncidentId>().unwrap().into())
                })
            };
            let acted_on = rows.iter().filter(is_acted_on).count() as u64;
            let latest = rows.iter().map(|row| row.id.created_ms()).max().unwrap();
            (key, figures.occurrences, figures.alerts, figures.time_firing, acted_on, latest)
        }).collect();
        expected.sort_by_key(|(_, occurrences, episodes, ..)| std::cmp::Reverse((*occurrences, *episodes)));
        expected.truncate(limit);
        let found: Vec<_> = found.into_iter().map(|problem| {
            let created = problem.latest.created_ms();
            (problem.key, problem.occurrences, problem.episodes, problem.time_firing, problem.acted_on, created)
        }).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn incidents_that_a_person_took_on_are_found(history in history(Series::Incidents)) {
        let (stored, mut view, rows) = world(Series::Incidents, history);
        let found = ask(&stored, &mut view, |view| acknowledged(view, now()).map_err(StatisticsError::from));
        let expected = rows.iter().filter(|row| exists(row) && row.number(Number::AcknowledgedAt).is_some());
        prop_assert_eq!(found, expected.map(|row| row.id).collect::<Acknowledged>());
    }
}

#[test]
fn percentiles_are_of_the_nearest_rank() {
    let durations = |durations: &[i64]| Durations::of(durations.to_vec());
    assert_eq!(durations(&[]), None);
    assert_eq!(durations(&[7]), Some(Durations { mean: 7, p50: 7, p90: 7 }));
    assert_eq!(durations(&[4, 1, 3, 2]), Some(Durations { mean: 2, p50: 2, p90: 4 }));
    assert_eq!(durations(&(1..=10).rev().collect::<Vec<_>>()), Some(Durations { mean: 5, p50: 5, p90: 9 }));
}

#[test]
fn too_many_intervals_are_said_to_be_too_many() {
    let row = Row::new(RowId::new(FIRST_MS, 0));
    let view = View::of_rows(Series::Incidents, vec![row]);
    let query = StatisticsQuery {
        filter: Filter::default(),
        interval: Some(IntervalKind::Hour),
        time_zone: TimeZone::UTC,
        group_by: None,
    };
    let later = Time::from_millis(FIRST_MS).unwrap().plus_minutes(60 * 24 * 32);
    assert!(matches!(incident_statistics(&view, &query, later), Err(StatisticsError::TooManyIntervals(_))));
    let empty = View::of_rows(Series::Incidents, Vec::new());
    let found = incident_statistics(&empty, &query, later).unwrap();
    assert_eq!((found.intervals.len(), found.all.intervals.len()), (1, 1));
}
