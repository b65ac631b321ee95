//! Counts a list, bucket by bucket: what is remembered is not counted again, what is counted is remembered.
//!
//! What is not known is read in as few, as long ranges as there are, side by side, whatever the number of buckets in
//! them: each row says itself which it belongs to. So the first count of a list reads its index once.
//!
//! Remembering is best effort: no list fails because of it. When time runs out, what is whole is remembered.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::{StreamExt, stream};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, warn};

use super::tally::Tally;
use crate::{
    domain::time::Time,
    listing::{
        buckets::{Unit, bridged, gaps},
        marks::Marks,
        plan::{Memory, Plan, Run},
    },
    store::{
        Item, StoreError,
        counts::{Counts, Generations, HourPositions, MonthCounts},
        index::{IndexQuery, IndexReader, IndexRows, ReadOrder},
    },
};

/// How many requests run side by side.
pub const PARALLEL: usize = 16;

/// How many positions of a bucket are kept while a list is read: those of a storm, in a few megabytes.
const MAX_POSITIONS: usize = 100_000;

/// Up to how many positions of a closed bucket are remembered with those of its day. Of more, a page lies within few
/// buckets, which are read; of fewer, it might span a year.
pub const SPARSE: usize = 25;

/// A bucket of more rows is crowded: it is marked, so that a page within it is found without reading the rows before it.
/// So is one that takes more than a request to read, however few of its rows match.
pub const CROWDED: usize = 250;

/// How many ranges are read apart at the most. A day on which many old rows changed leaves as many gaps.
const MAX_GAPS: usize = 64;

/// How long writing what was counted may take: what the function's time limit leaves after reading.
const REMEMBERING: Duration = Duration::from_secs(2);

/// A list could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A table cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Time ran out. What was counted is remembered, so that the next attempt gets further.
    #[error("the list could not be counted in time")]
    OutOfTime,
}

/// What lists read from and remember in, and until when.
#[derive(Debug, Clone, Copy)]
pub struct ListContext<'list> {
    /// The indexes.
    pub reader: &'list IndexReader,
    /// What is remembered; nothing is, without it.
    pub counts: Option<&'list Counts>,
    /// When it is.
    pub now: Time,
    /// When reading ends.
    pub deadline: Instant,
}

/// A part of a list: the rows of a bucket that are in its range.
#[derive(Debug, Clone)]
pub struct Bucket<T> {
    /// The number of the bucket.
    pub number: i64,
    /// The generation at which it was counted.
    pub generation: u64,
    /// What was counted.
    pub value: T,
}

/// What is known of a list before it is counted.
struct Known<'list, T> {
    counts: &'list Counts,
    memory: &'list Memory,
    generations: Generations,
    months: BTreeMap<String, MonthCounts<T>>,
}

/// A range that is read apart: the gap that it is of, its first and its last bucket.
type Slice = (usize, i64, i64);

/// What the runs of a slice say: every bucket before the first number is whole.
type SliceTally<T> = (i64, BTreeMap<i64, T>);

/// What one run says.
struct RunTally<T> {
    tallies: BTreeMap<i64, T>,
    /// Every bucket before this one is whole.
    reached: i64,
    requests: u32,
    /// Buckets that took more than one.
    crowded: BTreeSet<i64>,
}

/// Counts a list: its buckets that are not empty, in the order of time.
///
/// # Errors
/// [`ListError`]
pub async fn count<T: Tally + Clone>(
    context: ListContext<'_>,
    plan: &Plan,
    unit: Unit,
) -> Result<Vec<Bucket<T>>, ListError> {
    let (from, to) = plan.range;
    let (first, last) = (unit.number(from), unit.number(to));
    // The buckets that are whole in the range, and closed.
    let first_closed = if unit.start(first) == from { first } else { first + 1 };
    let last_whole = if unit.end(last) == to { last } else { last - 1 };
    let last_closed = match &plan.memory {
        Some(memory) => last_whole.min(memory.series.first_open(unit, context.now) - 1),
        None => first_closed - 1,
    };
    let closed = first_closed..=last_closed;
    let mut known =
        if closed.is_empty() { None } else { recall::<T>(context, plan, unit, (first_closed, last_closed)).await };

    let mut buckets = BTreeMap::new();
    let mut cursor = MonthCursor::new(unit);
    for number in closed.clone() {
        let Some(known) = &mut known else { break };
        let (month, place) = cursor.of(number);
        let generation = known.generation(unit, number);
        let value = known.months.get_mut(month).and_then(|counts| counts.take(place, generation));
        if let Some(value) = value {
            buckets.insert(number, Bucket { number, generation, value });
        }
    }
    let remembered = buckets.len();

    let gaps = bridged(&gaps(first, last, |number| buckets.contains_key(&number)), MAX_GAPS);
    let mut reads = Vec::new();
    for (gap, (start, end)) in gaps.iter().enumerate() {
        for (times, runs) in plan.slices(unit.start(*start).max(from), unit.end(*end).min(to)) {
            let slice = (gap, unit.number(times.0), unit.number(times.1));
            reads.extend(runs.into_iter().map(|run| read_run(context, plan, unit, slice, run)));
        }
    }
    let mut reads = stream::iter(reads).buffer_unordered(PARALLEL);
    let mut requests = 0;
    // What was read until something failed is not read again.
    let mut failure = None;
    let mut crowded = BTreeSet::new();
    // Slices that are read apart; a bucket lies in one, except where months end, which is where buckets end.
    let mut slices: BTreeMap<Slice, SliceTally<T>> = BTreeMap::new();
    while let Some(read) = reads.next().await {
        let (slice, run, failed) = read;
        failure = failure.or(failed);
        requests += run.requests;
        crowded.extend(run.crowded);
        let (reached, tallies) = slices.entry(slice).or_insert((i64::MAX, BTreeMap::new()));
        *reached = run.reached.min(*reached);
        for (number, tally) in run.tallies {
            tallies.entry(number).or_default().merge(tally, MAX_POSITIONS);
        }
    }
    let mut is_whole = true;
    let mut counted = 0_usize;
    let mut fresh = Vec::new();
    for ((_, start, end), (reached, mut tallies)) in slices {
        is_whole &= reached > end;
        for number in start..=end.min(reached - 1) {
            let generation = known.as_ref().map_or(0, |known| known.generation(unit, number));
            let value = tallies.remove(&number).unwrap_or_default();
            counted += 1;
            if closed.contains(&number) {
                fresh.push(number);
            }
            buckets.insert(number, Bucket { number, generation, value });
        }
    }
    debug!(index = plan.index.name, kind = T::KIND, remembered, counted, gaps = gaps.len(), requests, "counted");
    if let Some(known) = known {
        let remembering = known.remember(context, unit, (&fresh, &crowded), &buckets);
        if timeout(REMEMBERING, remembering).await.is_err() {
            warn!("not all of it is remembered: writing takes too long");
        }
    }
    if !is_whole {
        return Err(failure.map_or(ListError::OutOfTime, ListError::Store));
    }
    Ok(buckets.into_values().filter(|bucket| !bucket.value.is_empty()).collect())
}

/// Which month a bucket is of, and its place there, for numbers that ascend.
struct MonthCursor {
    unit: Unit,
    buckets: std::ops::Range<i64>,
    month: String,
}

impl MonthCursor {
    fn new(unit: Unit) -> Self {
        Self { unit, buckets: 0..0, month: String::new() }
    }

    fn of(&mut self, number: i64) -> (&str, usize) {
        if !self.buckets.contains(&number) {
            let month = self.unit.start(number).month();
            self.buckets = self.unit.of_month(month);
            self.month = month.to_string();
        }
        (&self.month, usize::try_from(number - self.buckets.start).unwrap_or(0))
    }
}

async fn recall<'list, T: Tally>(
    context: ListContext<'list>,
    plan: &'list Plan,
    unit: Unit,
    (first, last): (i64, i64),
) -> Option<Known<'list, T>> {
    let (counts, memory) = (context.counts?, plan.memory.as_ref()?);
    let (first, last) = (unit.start(first).month(), unit.start(last).month());
    let generations = async {
        if memory.is_final && T::ATTRIBUTES.is_empty() {
            return Ok(Generations::default());
        }
        counts.generations(memory.series, first, last).await
    };
    // The generations first: what was counted after they moved does not count as counted before.
    let read = async {
        let generations = generations.await?;
        let months = counts.months((&memory.key, T::KIND), (first, last), context.now).await?;
        Ok::<_, StoreError>((generations, months))
    };
    match timeout_at(context.deadline, read).await {
        Ok(Ok((generations, months))) => Some(Known { counts, memory, generations, months }),
        Ok(Err(error)) => {
            warn!(%error, "nothing is remembered: all is counted");
            None
        }
        Err(_) => None,
    }
}

async fn read_run<T: Tally>(
    context: ListContext<'_>,
    plan: &Plan,
    unit: Unit,
    slice: Slice,
    run: Run,
) -> (Slice, RunTally<T>, Option<StoreError>) {
    let (_, first, last) = slice;
    let mut tally = RunTally { tallies: BTreeMap::new(), reached: first, requests: 0, crowded: BTreeSet::new() };
    let mut attributes = vec![plan.index.sort_key];
    attributes.extend(T::ATTRIBUTES.iter().chain([&plan.position]).filter(|other| **other != plan.index.sort_key));
    let mut start = None;
    loop {
        let query = IndexQuery {
            index: plan.index,
            run: &run,
            filter: &plan.filter,
            attributes: &attributes,
            order: ReadOrder::Ascending,
            limit: None,
        };
        let read = context.reader.rows(&query, start);
        let IndexRows { items: rows, next } = match timeout_at(context.deadline, read).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return (slice, tally, Some(error)),
            Err(_) => return (slice, tally, None),
        };
        tally.requests += 1;
        for mut row in rows {
            let number = time_of(plan, &row).map(|at| unit.number(at));
            let position = row.remove(plan.position).and_then(|position| position.as_s().ok().cloned());
            let (Some(number), Some(position)) = (number, position) else { continue };
            let bucket = tally.tallies.entry(number).or_default();
            bucket.add(position, &row, MAX_POSITIONS);
        }
        tally.reached = match &next {
            None => last + 1,
            Some(key) => {
                let number = time_of(plan, key).map_or(tally.reached, |at| unit.number(at));
                if number == tally.reached {
                    tally.crowded.insert(number);
                }
                number
            }
        };
        start = next;
        if start.is_none() {
            return (slice, tally, None);
        }
    }
}

fn time_of(plan: &Plan, row: &Item) -> Option<Time> {
    (plan.keys.time)(row.get(plan.index.sort_key)?.as_s().ok()?)
}

impl<T: Tally + Clone> Known<'_, T> {
    fn generation(&self, unit: Unit, number: i64) -> u64 {
        self.generations.of(unit, number)
    }

    async fn remember(
        mut self,
        context: ListContext<'_>,
        unit: Unit,
        (fresh, crowded): (&[i64], &BTreeSet<i64>),
        buckets: &BTreeMap<i64, Bucket<T>>,
    ) {
        let mut changed: BTreeSet<String> = BTreeSet::new();
        let mut positions: BTreeMap<i64, Vec<HourPositions<'_>>> = BTreeMap::new();
        let mut marked = Vec::new();
        let mut cursor = MonthCursor::new(unit);
        let at_rest = fresh.iter().filter(|number| self.generations.is_at_rest(unit, **number, context.now));
        for bucket in at_rest.filter_map(|number| buckets.get(number)) {
            let at = unit.start(bucket.number);
            let (month, place) = cursor.of(bucket.number);
            let counts = self
                .months
                .entry(month.to_owned())
                .or_insert_with(|| MonthCounts::empty(unit, at.month(), context.now));
            counts.set(place, bucket.generation, bucket.value.clone());
            changed.insert(month.to_owned());
            let Some(rows) = bucket.value.positions() else { continue };
            if (1..=SPARSE).contains(&rows.len()) {
                positions.entry(Unit::Day.number(at)).or_default().push((bucket.number, bucket.generation, rows));
            } else if rows.len() > CROWDED || (rows.len() > SPARSE && crowded.contains(&bucket.number)) {
                marked.push((bucket.number, bucket.generation, rows));
            }
        }
        let (counts, key, months) = (self.counts, &self.memory.key, &self.months);
        // The counts first: without them the list is counted anew each time, without positions a page is read.
        let of_months = changed.iter().filter_map(|month| Some((month, months.get(month)?)));
        side_by_side("counts", of_months.map(|(month, of_month)| counts.remember((key, T::KIND), month, of_month)))
            .await;
        let of_days = positions.into_iter();
        side_by_side("positions", of_days.map(|(day, hours)| counts.remember_positions(key, day, hours, context.now)))
            .await;
        let of_hours = marked.into_iter().map(|(number, generation, rows)| {
            counts.remember_marks(key, (number, generation), Marks::of(rows.to_vec()), context.now)
        });
        side_by_side("marks", of_hours).await;
    }
}

/// Writes what is to be remembered, at best effort.
async fn side_by_side<W: Future<Output = Result<(), StoreError>>>(what: &str, writes: impl Iterator<Item = W>) {
    let writes: Vec<W> = writes.collect();
    let mut writes = stream::iter(writes).buffer_unordered(PARALLEL);
    while let Some(written) = writes.next().await {
        if let Err(error) = written {
            warn!(%error, what, "not remembered");
        }
    }
}
