//! Whatever is sealed, patched or live, and whatever of it is in memory: a view answers as a naive
//! model does, which is a map of rows.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use proptest::prelude::*;

use super::{
    bucket::{Bucket, Changes, Missing, Patch, PatchState},
    facets::FacetValues,
    filters::{Condition, Filter},
    order::{Direction, Order},
    parts::Part,
    query::{Listed, Listing, Position, Query, Start},
    rows::{Field, Number, Row, RowId, Series},
    search,
    segment::Segment,
    view::{Needs, View},
};
use crate::domain::{id::IncidentId, time::Time};

const BUCKET_MS: i64 = 10;
pub(super) const FIRST_MS: i64 = 1_700_000_000_000;
const NOW_SECONDS: i64 = 50;

/// What happens to a row: it is as given, or gone.
pub(super) type Change = (Row, bool);

pub(super) fn row(series: Series) -> impl Strategy<Value = Row> {
    let some_of =
        |texts: &'static [&'static str], least: usize, most: usize| prop::sample::subsequence(texts, least..=most);
    let texts = (
        some_of(&["OPEN", "CLOSED"], 1, 1),
        some_of(&["info", "warning", "error", "critical"], 1, 1),
        some_of(&["web", "payments", "größe"], 0, 3),
        some_of(&["infra", "shop"], 0, 1),
        some_of(&["Disk is full", "disk of web-1", "CPU"], 1, 1),
        some_of(&["datadog|1", "datadog|2"], 1, 1),
    );
    let number =
        || prop_oneof![4 => (0_i64..6).prop_map(Some), 1 => (0_i64..3_000_000_000).prop_map(Some), 1 => Just(None)];
    let numbers = (number(), number(), number(), prop::option::of(prop_oneof![Just(40_i64), Just(50), Just(60)]));
    let time = || prop::option::of((-20_i64..20_000_000).prop_map(|at| FIRST_MS + at));
    let times = (time(), time(), time(), any::<bool>(), 0_u128..3);
    ((0_i64..6 * BUCKET_MS, 0_u128..3), texts, numbers, times).prop_map(move |((at, random), texts, numbers, times)| {
        let (acknowledged, resolved, occurred, is_recurrence, incident) = times;
        let incident = (incident > 0).then(|| IncidentId::from(RowId::new(FIRST_MS, incident << 70)));
        let (status, severity, services, teams, title, problem) = texts;
        let (updated, count, last, expires) = numbers;
        let is_alert = series == Series::Alerts;
        Row::new(RowId::new(FIRST_MS + at, random << 70))
            .with_labels(Field::Status, status)
            .with_labels(Field::Severity, severity)
            .with_labels(Field::Service, if is_alert { services.into_iter().take(1).collect() } else { services })
            .with_labels(Field::Team, teams)
            .with_labels(Field::Words, [search::words(title)])
            .with_labels(Field::IsRecurrence, (!is_alert).then_some(is_recurrence))
            .with_labels(Field::IncidentId, incident.filter(|_| is_alert))
            .with_number(Number::AcknowledgedAt, acknowledged.filter(|_| !is_alert))
            .with_number(Number::ResolvedAt, resolved)
            .with_number(Number::OccurredAt, occurred.filter(|_| is_alert))
            .with_labels(Field::Problem, is_alert.then_some(problem).into_iter().flatten())
            .with_number(Number::UpdatedAt, updated)
            .with_number(Number::Count, count)
            .with_number(Number::LastAlertAt, last)
            .with_number(Number::ExpiresAt, expires)
    })
}

pub(super) fn changes(series: Series, rows: usize) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((row(series), prop::bool::weighted(0.2)), 0..rows)
}

pub(super) fn filter() -> impl Strategy<Value = Filter> {
    let values = |texts: &'static [&'static str]| prop::sample::subsequence(texts, 0..=texts.len());
    let bound = || prop::option::of(0_i64..6);
    let at = || prop::option::of((-2..6 * BUCKET_MS + 2).prop_map(|at| FIRST_MS + at));
    let fields = (
        values(&["OPEN", "CLOSED", "other"]),
        values(&["web", "payments", "absent"]),
        values(&["infra", "shop"]),
        values(&["error", "critical"]),
    );
    let rest = ((bound(), bound()), (at(), at()), prop::sample::select(vec!["", "disk", "d web", "cpu", "none"]));
    (fields, rest, any::<(bool, bool, bool)>()).prop_map(
        |((status, service, team, severity), rest, (not_team, or_no_team, has_range))| {
            let ((from, to), (created_from, created_to), words) = rest;
            let filter = Filter::default()
                .any_of(Field::Status, &status)
                .none_of(Field::Service, &service)
                .any_of(Field::Severity, &severity)
                .and(Condition::Created { from: created_from, to: created_to })
                .words(&search::query_words(words));
            let teams = team.iter().map(|team| Some((*team).to_owned())).chain(or_no_team.then_some(None));
            let (field, values) = (Field::Team, teams.collect());
            let team = if not_team { Condition::NoneOf { field, values } } else { Condition::AnyOf { field, values } };
            let filter = filter.and(team);
            if has_range { filter.and(Condition::Between { number: Number::UpdatedAt, from, to }) } else { filter }
        },
    )
}

fn query(series: Series) -> impl Strategy<Value = Query> {
    let order = (prop::sample::select(series.orders()), any::<bool>()).prop_map(|((_, by), descends)| Order {
        by,
        direction: if descends { Direction::Descending } else { Direction::Ascending },
    });
    let start = prop_oneof![
        3 => (0_u64..40).prop_map(Start::Offset),
        1 => ((-1_i64..6, 0..6 * BUCKET_MS), 0_u128..3, any::<bool>()).prop_map(|((value, at), random, is_time)| {
            let id = RowId::new(FIRST_MS + at, random << 70);
            Start::After(Position { value: if is_time { FIRST_MS + at } else { value }, id })
        }),
    ];
    let facets = prop::sample::subsequence(&[Field::Status, Field::Service, Field::Team, Field::Severity][..], 0..=4);
    (filter(), order, start, 1_usize..12, facets).prop_map(|(filter, order, start, limit, facets)| Query {
        filter,
        order,
        start,
        limit,
        facets,
    })
}

/// Rows as they are.
pub(super) type Model = BTreeMap<RowId, Row>;

pub(super) fn apply(model: &mut Model, changes: &[Change]) {
    for (row, is_gone) in changes {
        if *is_gone {
            model.remove(&row.id);
        } else {
            model.insert(row.id, row.clone());
        }
    }
}

/// What the changes come to: of a row the last counts.
pub(super) fn collected(changes: impl Iterator<Item = Change>) -> Changes {
    let last: BTreeMap<RowId, Change> = changes.map(|change| (change.0.id, change)).collect();
    let (gone, rows): (Vec<_>, Vec<_>) = last.into_values().partition(|(_, is_gone)| *is_gone);
    Changes {
        rows: rows.into_iter().map(|(row, _)| row).collect(),
        gone: gone.into_iter().map(|(row, _)| row.id).collect(),
    }
}

fn bucket_of(id: RowId) -> i64 {
    id.created_ms().div_euclid(BUCKET_MS)
}

/// Buckets that were sealed in steps. Of some, the base is made anew.
pub(super) fn sealed(series: Series, steps: &[Vec<Change>], rebased: &BTreeSet<i64>) -> BTreeMap<i64, Bucket> {
    let mut buckets: BTreeMap<i64, Bucket> = BTreeMap::new();
    for step in steps {
        let touched: BTreeSet<i64> = step.iter().map(|(row, _)| bucket_of(row.id)).collect();
        for number in touched {
            let changes = collected(step.iter().filter(|(row, _)| bucket_of(row.id) == number).cloned());
            let next = match buckets.get(&number) {
                Some(bucket) => bucket.patched(&changes).unwrap(),
                None => Bucket::of(Segment::of(series, changes.rows)),
            };
            buckets.insert(number, next);
        }
    }
    for number in rebased {
        if let Some(bucket) = buckets.get_mut(number) {
            *bucket = Bucket::of(Segment::of(series, bucket.rows().unwrap()));
        }
    }
    buckets
}

/// The same buckets without anything in memory, and how to bring it there.
pub(super) struct Stored {
    pub(super) whole: Vec<Bucket>,
}

impl Stored {
    pub(super) fn unloaded(&self, series: Series) -> Vec<Bucket> {
        let unloaded = |bucket: &Bucket| {
            let header = serde_json::from_str(&serde_json::to_string(&bucket.header).unwrap()).unwrap();
            Bucket::unloaded(series, header, bucket.base.len(), bucket.patch().is_some())
        };
        self.whole.iter().map(unloaded).collect()
    }

    pub(super) fn load(&self, view: &mut View, needs: &Needs) {
        for need in &needs.0 {
            let (stored, series) = (&self.whole[need.bucket], view.series());
            let bucket = view.bucket_mut(need.bucket).unwrap();
            match need.missing {
                Missing::Base(part) => {
                    assert!(!bucket.base.has(part), "{part} is needed again");
                    bucket.base.decode(part, &stored.base.encode(part).unwrap()).unwrap();
                }
                Missing::Patch => {
                    assert!(matches!(bucket.patch, PatchState::Unloaded));
                    let patch = Patch::decode(series, &stored.patch().unwrap().encode().unwrap()).unwrap();
                    bucket.patch = PatchState::Loaded(Box::new(patch));
                }
            }
        }
    }

    fn list(&self, view: &mut View, query: &Query) -> Listed {
        let mut listing = Listing::new(query.clone(), now());
        for _ in 0..6 {
            match listing.step(view) {
                Ok(listed) => return listed,
                Err(needs) => {
                    assert!(!needs.0.is_empty());
                    self.load(view, &needs);
                }
            }
        }
        panic!("needs more and more");
    }
}

pub(super) fn now() -> Time {
    Time::from_millis(NOW_SECONDS * 1_000).unwrap()
}

pub(super) fn exists(row: &Row) -> bool {
    row.number(Number::ExpiresAt).is_none_or(|expires| expires > NOW_SECONDS)
}

fn naive_facet(rows: &[&Row], filter: &Filter, field: Field) -> FacetValues {
    let others = filter.conditions().iter().filter(|condition| condition.field() != Some(field));
    let others = others.fold(Filter::default(), |filter, condition| filter.and(condition.clone()));
    let mut counts: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| others.matches(row)) {
        let labels: Vec<Option<String>> = row.labels(field).iter().cloned().map(Some).collect();
        for label in if labels.is_empty() { vec![None] } else { labels } {
            *counts.entry(label).or_default() += 1;
        }
    }
    let mut values: Vec<(Option<String>, u64)> = counts.into_iter().collect();
    values.sort_by_key(|(_, count)| Reverse(*count));
    FacetValues { field, values, omitted: 0 }
}

fn naive(model: &Model, query: &Query) -> Listed {
    let rows: Vec<&Row> = model.values().filter(|row| exists(row)).collect();
    let mut list: Vec<(i64, RowId)> =
        rows.iter().filter(|row| query.filter.matches(row)).map(|row| (query.order.by.value(row), row.id)).collect();
    list.sort_unstable();
    if query.order.direction == Direction::Descending {
        list.reverse();
    }
    let is_before = |row: &(i64, RowId), position: Position| match query.order.direction {
        Direction::Ascending => *row <= (position.value, position.id),
        Direction::Descending => *row >= (position.value, position.id),
    };
    let offset = match query.start.in_order(query.order.by) {
        Start::Offset(offset) => usize::try_from(offset).unwrap(),
        Start::After(position) => list.partition_point(|row| is_before(row, position)),
    };
    let page: Vec<(i64, RowId)> = list.iter().skip(offset).take(query.limit).copied().collect();
    let end = page.last().filter(|_| offset + page.len() < list.len());
    Listed {
        next: end.map(|(value, id)| Position { value: *value, id: *id }),
        ids: page.into_iter().map(|(_, id)| id).collect(),
        total: list.len() as u64,
        offset: offset as u64,
        facets: query.facets.iter().map(|field| naive_facet(&rows, &query.filter, *field)).collect(),
    }
}

pub(super) fn history(series: Series) -> impl Strategy<Value = (Vec<Vec<Change>>, Vec<Change>, BTreeSet<i64>)> {
    let steps = prop::collection::vec(changes(series, 24), 0..4);
    let rebased = prop::collection::btree_set(0_i64..6, 0..3);
    let rebased = rebased.prop_map(|numbers| numbers.iter().map(|number| FIRST_MS / BUCKET_MS + number).collect());
    (steps, changes(series, 16), rebased)
}

fn check(
    series: Series,
    (steps, live, rebased): (Vec<Vec<Change>>, Vec<Change>, BTreeSet<i64>),
    queries: &[Query],
) -> Result<(), TestCaseError> {
    let mut model = Model::new();
    let buckets = sealed(series, &steps, &rebased);
    for step in &steps {
        apply(&mut model, step);
    }
    for (number, bucket) in &buckets {
        let rows: Vec<Row> = model.values().filter(|row| bucket_of(row.id) == *number).cloned().collect();
        prop_assert_eq!(&Bucket::of(Segment::of(series, rows.clone())).header, &bucket.header);
        prop_assert_eq!(bucket.rows().unwrap(), rows);
    }
    apply(&mut model, &live);
    let stored = Stored { whole: buckets.into_values().collect() };
    let mut view = View::new(series, stored.unloaded(series), collected(live.into_iter()));
    for query in queries {
        // What one list brought into memory does not change the next.
        let listed = stored.list(&mut view, query);
        prop_assert_eq!(&listed, &naive(&model, query), "{:?}", query);
    }
    Ok(())
}

proptest! {
    #[test]
    fn lists_of_alerts_are_those_of_the_naive_model(
        history in history(Series::Alerts), queries in prop::collection::vec(query(Series::Alerts), 1..5),
    ) {
        check(Series::Alerts, history, &queries)?;
    }

    #[test]
    fn lists_of_incidents_are_those_of_the_naive_model(
        history in history(Series::Incidents), queries in prop::collection::vec(query(Series::Incidents), 1..5),
    ) {
        check(Series::Incidents, history, &queries)?;
    }

    #[test]
    fn cursors_lead_through_the_whole_list_in_any_order(
        history in history(Series::Incidents), query in query(Series::Incidents),
    ) {
        let (steps, live, rebased) = history;
        let mut model = Model::new();
        steps.iter().chain([&live]).for_each(|step| apply(&mut model, step));
        let stored = Stored { whole: sealed(Series::Incidents, &steps, &rebased).into_values().collect() };
        let mut view = View::new(Series::Incidents, stored.unloaded(Series::Incidents), collected(live.into_iter()));
        let mut query = Query { start: Start::Offset(0), ..query };
        let whole = naive(&model, &Query { limit: 1_000, ..query.clone() });
        let mut seen = Vec::new();
        loop {
            let Listed { ids, offset, next, .. } = stored.list(&mut view, &query);
            prop_assert_eq!(offset, seen.len() as u64);
            seen.extend(ids);
            let Some(next) = next else { break };
            prop_assert_eq!(next.to_string().parse(), Ok(next));
            query.start = Start::After(next);
        }
        prop_assert_eq!(seen, whole.ids);
    }

    #[test]
    fn a_segment_survives_its_bytes(rows in prop::collection::vec(row(Series::Alerts), 0..900)) {
        let segment = Segment::of(Series::Alerts, rows);
        prop_assert_eq!(&Segment::decode_whole(Series::Alerts, &segment.encode_whole().unwrap()).unwrap(), &segment);
        prop_assert!(Segment::decode_whole(Series::Incidents, &segment.encode_whole().unwrap()).is_err());
    }

    #[test]
    fn broken_bytes_are_an_error_and_leave_the_segment_as_it_was(
        rows in prop::collection::vec(row(Series::Incidents), 1..60), place in any::<prop::sample::Index>(),
        part in any::<prop::sample::Index>(), change in 1_u8.., cut in any::<bool>(),
    ) {
        let segment = Segment::of(Series::Incidents, rows);
        let parts = Part::all(Series::Incidents, segment.len());
        let part = *part.get(&parts);
        let mut bytes = segment.encode(part).unwrap();
        let place = place.index(bytes.len());
        if cut { bytes.truncate(place) } else { bytes[place] ^= change }
        let mut other = Segment::unloaded(Series::Incidents, segment.len());
        // A changed bit of DEFLATE may not matter to what it unpacks to.
        if other.decode(part, &bytes).is_ok() {
            prop_assert_eq!(other.encode(part), segment.encode(part));
        } else {
            prop_assert_eq!(other, Segment::unloaded(Series::Incidents, segment.len()));
        }
    }
}

#[test]
fn a_filter_of_a_rare_value_skips_the_buckets_without_it() {
    let row = |at: i64, service: &str| Row::new(RowId::new(FIRST_MS + at, 0)).with_labels(Field::Service, [service]);
    let common = Bucket::of(Segment::of(Series::Alerts, (0..9).map(|at| row(at, "web"))));
    let rare =
        Bucket::of(Segment::of(Series::Alerts, (10..19).map(|at| row(at, if at == 12 { "rare" } else { "web" }))));
    let stored = Stored { whole: vec![common, rare] };
    let view = View::new(Series::Alerts, stored.unloaded(Series::Alerts), Changes::default());
    let query = Query {
        filter: Filter::default().any_of(Field::Service, &["rare"]),
        order: Order::NEWEST_FIRST,
        start: Start::Offset(0),
        limit: 50,
        facets: Vec::new(),
    };
    let Err(Needs(needs)) = Listing::new(query.clone(), now()).step(&view) else { panic!("without columns") };
    assert_eq!(
        needs.iter().map(|need| (need.bucket, need.missing)).collect::<Vec<_>>(),
        [(1, Missing::Base(Part::Filters))]
    );
    // Nothing but the page is read if everything matches.
    let all = Query { filter: Filter::default(), facets: vec![Field::Service], ..query };
    let Err(Needs(needs)) = Listing::new(Query { limit: 5, ..all }, now()).step(&view) else { panic!("without ids") };
    assert_eq!(
        needs.iter().map(|need| (need.bucket, need.missing)).collect::<Vec<_>>(),
        [(1, Missing::Base(Part::Created))]
    );
}
