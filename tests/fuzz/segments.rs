//! Hostile bytes instead of a stored segment: each is an error or a segment, and takes memory in
//! proportion to the bytes.

use proptest::prelude::*;
use shared::{
    domain::id::AlertId,
    listing::segments::{
        bucket::{Bucket, Changes, Patch},
        filters::{Condition, Filter},
        parts::Part,
        rows::{Field, Number, Row, RowId, Series},
        search,
        segment::Segment,
    },
};

/// DEFLATE unpacks to at most 1,032 times as much, and a text of a column takes a few integers.
const MAX_GROWTH: usize = 32 * 1_032;

/// A segment with all parts, from a seed.
fn segment(seed: u64, rows: usize) -> Segment {
    let mut random = fastrand::Rng::with_seed(seed);
    let rows: Vec<Row> = (0..rows)
        .map(|_| {
            let id = RowId::new(1_700_000_000_000 + random.i64(0..1_000_000), random.u128(..));
            let services: Vec<String> = (0..random.usize(..3)).map(|_| format!("service-{}", random.u8(..9))).collect();
            Row::new(id)
                .with_labels(Field::Status, ["firing"])
                .with_labels(Field::Service, services)
                .with_labels(Field::Words, [search::words(["Disk of web-1 is full", "größe"])])
                .with_labels(Field::IncidentId, [AlertId::from(id)])
                .with_number(Number::Count, Some(random.i64(1..5)))
                .with_number(Number::ResolvedAt, random.bool().then_some(1_700_000_000_000))
        })
        .collect();
    Segment::of(Series::Alerts, rows)
}

/// Uses whatever was decoded as lists do.
fn use_up(segment: &Segment, bytes: usize) -> Result<(), TestCaseError> {
    prop_assert!(segment.memory() <= MAX_GROWTH * bytes + size_of::<Segment>());
    let filter = Filter::default()
        .any_of(Field::Service, &["service-1"])
        .words(&search::query_words("dis"))
        .and(Condition::Between { number: Number::Count, from: Some(2), to: None });
    for condition in filter.conditions() {
        let found = condition.select(segment);
        prop_assert!(found.is_none_or(|rows| rows.count() <= segment.len()));
    }
    for row in (0..segment.len()).take(50) {
        let _ = (segment.row(row), segment.id(row));
    }
    Ok(())
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    for series in [Series::Alerts, Series::Incidents] {
        for rows in [0, 1, 401] {
            for part in Part::all(series, rows) {
                let mut segment = Segment::unloaded(series, rows);
                if segment.decode(part, bytes).is_ok() {
                    use_up(&segment, bytes.len())?;
                }
            }
        }
        if let Ok(segment) = Segment::decode_whole(series, bytes) {
            use_up(&segment, bytes.len())?;
        }
        if let Ok(patch) = Patch::decode(series, bytes) {
            use_up(&patch.segment, bytes.len())?;
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_or_a_segment(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes)?;
    }

    #[test]
    fn a_segment_with_changed_bytes_is_an_error_or_a_segment(
        seed in any::<u64>(), rows in 0_usize..450,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4), cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let segment = segment(seed, rows);
        let base = Bucket::of(segment.clone());
        let patch = base.patched(&Changes::default()).expect("all is in memory");
        let patch = patch.patch().and_then(Patch::encode).expect("all is in memory");
        for mut bytes in [segment.encode_whole().expect("all is in memory"), patch] {
            for (place, value) in &changes {
                let place = place.index(bytes.len());
                bytes[place] = *value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            check(&bytes)?;
        }
    }

    #[test]
    fn a_part_is_no_other_part_and_of_no_other_segment(seed in any::<u64>(), rows in 1_usize..450) {
        let segment = segment(seed, rows);
        for part in Part::all(Series::Alerts, rows) {
            let bytes = segment.encode(part).expect("it is in memory");
            for other in Part::all(Series::Alerts, rows).into_iter().filter(|other| *other != part) {
                prop_assert!(Segment::unloaded(Series::Alerts, rows).decode(other, &bytes).is_err());
            }
            prop_assert!(Segment::unloaded(Series::Alerts, rows + 1).decode(part, &bytes).is_err());
            prop_assert!(Segment::unloaded(Series::Incidents, rows).decode(part, &bytes).is_err());
            prop_assert!(Segment::unloaded(Series::Alerts, rows).decode(part, &bytes).is_ok());
        }
    }
}
