//! Carries out a plan: the exact total, and one page.
//!
//! The buckets' counts tell in which of them the page lies. Only those are read: what is in them is known if they were
//! just counted, remembered if they hold few, else read from the index.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout_at;
use tracing::{debug, warn};

use super::{
    count::{Bucket, CROWDED, ListContext, ListError, PARALLEL, SPARSE, count},
    tally::{Count, Tally},
};
use crate::{
    listing::{
        buckets::Unit,
        cursor::Cursor,
        marks::{Marks, Stretch},
        page::{Page, PageRequest, Start, locate},
        plan::{Plan, Run},
    },
    store::{
        Item,
        index::{IndexQuery, IndexRows, ReadOrder},
    },
};

/// A row of a page: its position, and the row as the index holds it if it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its position.
    pub position: String,
    /// What the index holds of it.
    pub item: Option<Item>,
}

/// How many rows are read whole at the most: the largest page, and those of its buckets that are not on it.
const WHOLE_ROWS: usize = 500;

/// Reads one page of a list and counts the list. `list` is the key of the list for its cursors.
///
/// # Errors
/// [`ListError`]
pub async fn list(
    context: ListContext<'_>,
    plan: &Plan,
    request: &PageRequest,
    list: &str,
) -> Result<Page<Row>, ListError> {
    // One more than the page tells whether the list goes on.
    let wanted = request.limit + 1;
    let (total, mut rows) = if plan.is_ordered() {
        let mut buckets = count::<Count>(context, plan, Unit::Hour).await?;
        let total = buckets.iter().map(|bucket| bucket.value.rows).sum();
        if !request.ascending {
            buckets.reverse();
        }
        (total, page_of(context, plan, request, &buckets, wanted).await?)
    } else {
        all_sorted(context, plan, request, wanted).await?
    };
    let goes_on = rows.len() > request.limit;
    rows.truncate(request.limit);
    let offset = request.start.offset();
    let shown = rows.len() as u64 + u64::from(goes_on);
    let total = match request.start {
        // Rows that came after the count: an answer does not contradict itself.
        Start::Offset(offset) if shown > 0 => total.max(offset.saturating_add(shown)),
        _ => total,
    };
    let next_cursor = rows.last().filter(|_| goes_on).map(|row| Cursor {
        position: row.position.clone(),
        offset: offset.saturating_add(rows.len() as u64),
        list: list.to_owned(),
    });
    Ok(Page { items: rows, total, limit: request.limit, offset, next_cursor })
}

/// The rows at positions of an ordered list without a filter, so that every row between two of them is one of them.
///
/// # Errors
/// [`ListError`]
pub async fn rows_between(context: ListContext<'_>, plan: &Plan, positions: &[&str]) -> Result<Vec<Row>, ListError> {
    let (Some(first), Some(last)) = (positions.iter().min(), positions.iter().max()) else { return Ok(Vec::new()) };
    let (Some(from), Some(to)) = ((plan.keys.time)(first), (plan.keys.time)(last)) else { return Ok(Vec::new()) };
    let runs = plan.slices(from, to).into_iter().flat_map(|(_, runs)| runs);
    let runs = runs.filter_map(|run| between(&run, first, last)).collect();
    read(context, plan, runs, &[], (true, None)).await
}

/// The part of a run from one position to another, both included.
fn between(run: &Run, first: &str, last: &str) -> Option<Run> {
    let from = run.from.as_str().max(first).to_owned();
    let to = run.to.as_str().min(last).to_owned();
    (from <= to).then(|| Run { partition: run.partition.clone(), from, to })
}

/// The rows of a page, and no more than are `wanted`, from buckets in the order of the list.
async fn page_of(
    context: ListContext<'_>,
    plan: &Plan,
    request: &PageRequest,
    buckets: &[Bucket<Count>],
    wanted: usize,
) -> Result<Vec<Row>, ListError> {
    let Some((first, mut skip, mut after)) = begin(plan, request, buckets) else { return Ok(Vec::new()) };
    let (mut rest, mut rows) = (&buckets[first..], Vec::new());
    // Without a filter no row is read in vain, so the first rows of an hour need no marks.
    let marks = match rest.first() {
        Some(bucket) if skip > 0 || !plan.filter.is_empty() => remembered_marks(context, plan, bucket).await,
        _ => None,
    };
    if let (Some(marks), Some(position)) = (&marks, after) {
        if let Some(until) = marks.until(position, wanted, request.ascending) {
            let stretch = Stretch { after, until: Some(until), skip: 0 };
            rows = stretched(context, plan, (&rest[0], stretch), request.ascending).await?;
            if rows.len() >= wanted {
                rest = &[];
            } else {
                rows.clear();
            }
        }
    } else if let Some(marks) = &marks {
        let end = marks.rows.min(skip + wanted);
        let stretch = marks.stretch(skip..end, request.ascending);
        rows = if marks.are_all() {
            marked(marks, skip..end, request.ascending)
        } else {
            stretched(context, plan, (&rest[0], stretch), request.ascending).await?
        };
        rows.truncate(end - skip);
        if rows.len() == end - skip {
            // The next buckets have what is still wanted.
            (rest, skip) = (&rest[1..], 0);
        } else {
            // Rows went without a word: what is there counts, not what is remembered.
            (rows, skip, after) = (Vec::new(), stretch.skip, stretch.after);
        }
    }
    while rows.len() < wanted.saturating_add(skip) && !rest.is_empty() {
        let missing = wanted.saturating_add(skip) - rows.len();
        let mut expected = 0;
        let enough = rest.iter().position(|bucket| {
            expected += bucket.value.rows;
            expected >= missing as u64
        });
        let (next, others) = rest.split_at(enough.map_or(rest.len(), |last| last + 1));
        rest = others;
        let mut part = rows_of(context, plan, next, (request.ascending, after), missing).await?;
        sort(&mut part, request.ascending, |row| &row.position);
        rows.append(&mut part);
    }
    rows.drain(..skip.min(rows.len()));
    rows.truncate(wanted);
    Ok(rows)
}

/// Where a page begins: in which bucket, how many of its rows come before, and after which position. `None` if the list ends
/// before.
fn begin<'request>(
    plan: &Plan,
    request: &'request PageRequest,
    buckets: &[Bucket<Count>],
) -> Option<(usize, usize, Option<&'request str>)> {
    match &request.start {
        Start::Offset(offset) => {
            let (first, skip) = locate(buckets.iter().map(|bucket| bucket.value.rows), *offset)?;
            Some((first, usize::try_from(skip).unwrap_or(usize::MAX), None))
        }
        Start::Cursor(Cursor { position, .. }) => {
            // One that a stranger made up may be of no time.
            let number = Unit::Hour.number((plan.keys.time)(position)?);
            let is_before = |bucket: &Bucket<Count>| {
                if request.ascending { bucket.number < number } else { bucket.number > number }
            };
            Some((buckets.partition_point(is_before), 0, Some(position)))
        }
    }
}

/// Rows of an hour of which every row is marked, given their places in the order of reading.
fn marked(marks: &Marks, wanted: std::ops::Range<usize>, ascending: bool) -> Vec<Row> {
    let wanted = if ascending { wanted } else { marks.rows - wanted.end..marks.rows - wanted.start };
    let positions = marks.positions.get(wanted).unwrap_or_default().iter().cloned();
    let mut rows: Vec<Row> = positions.map(|position| Row { position, item: None }).collect();
    sort(&mut rows, ascending, |row| &row.position);
    rows
}

/// The rows of a stretch of a bucket, without those that it skips.
async fn stretched(
    context: ListContext<'_>,
    plan: &Plan,
    (bucket, stretch): (&Bucket<Count>, Stretch<'_>),
    ascending: bool,
) -> Result<Vec<Row>, ListError> {
    let (from, to) = (Unit::Hour.start(bucket.number), Unit::Hour.end(bucket.number));
    let runs = plan.slices(from, to).into_iter().flat_map(|(_, runs)| runs);
    let runs = runs.filter_map(|run| {
        let (from, to) = if ascending { (stretch.after, stretch.until) } else { (stretch.until, stretch.after) };
        between(&run, from.unwrap_or(&run.from), to.unwrap_or(&run.to))
    });
    let mut rows = read(context, plan, runs.collect(), &[], (ascending, None)).await?;
    rows.retain(|row| Some(row.position.as_str()) != stretch.after);
    sort(&mut rows, ascending, |row| &row.position);
    rows.drain(..stretch.skip.min(rows.len()));
    debug!(bucket = bucket.number, rows = rows.len(), "page located by marks");
    Ok(rows)
}

/// What is remembered of a crowded bucket whose positions are not known.
async fn remembered_marks(context: ListContext<'_>, plan: &Plan, bucket: &Bucket<Count>) -> Option<Marks> {
    let (counts, memory) = (context.counts?, plan.memory.as_ref()?);
    let is_sparse = bucket.value.rows <= SPARSE as u64;
    let may_be_marked = !plan.filter.is_empty() || bucket.value.rows > CROWDED as u64;
    if is_sparse || !may_be_marked || bucket.value.positions().is_some() {
        return None;
    }
    match timeout_at(context.deadline, counts.marks(&memory.key, bucket.number, bucket.generation)).await {
        Ok(Ok(marks)) => marks.filter(|marks| marks.rows as u64 == bucket.value.rows),
        Ok(Err(error)) => {
            warn!(%error, "no marks are remembered: the index is read");
            None
        }
        Err(_) => None,
    }
}

/// The rows of some neighbouring buckets, after one position if there is one: at least the first `missing` of them.
async fn rows_of(
    context: ListContext<'_>,
    plan: &Plan,
    buckets: &[Bucket<Count>],
    (ascending, after): (bool, Option<&str>),
    missing: usize,
) -> Result<Vec<Row>, ListError> {
    let is_after =
        |position: &str| after.is_none_or(|after| if ascending { position > after } else { position < after });
    let mut remembered = remembered_positions(context, plan, buckets).await;
    let mut rows = Vec::new();
    let mut unread: Vec<(i64, i64)> = Vec::new();
    for bucket in buckets {
        let positions = match bucket.value.positions() {
            Some(positions) => Some(positions.to_vec()),
            None => remembered
                .remove(&bucket.number)
                .filter(|(generation, known)| {
                    *generation == bucket.generation && known.len() as u64 == bucket.value.rows
                })
                .map(|(_, known)| known),
        };
        match (positions, unread.last_mut()) {
            (Some(positions), _) => {
                let after = positions.into_iter().filter(|position| is_after(position));
                rows.extend(after.map(|position| Row { position, item: None }));
            }
            (None, Some((_, end))) if *end + 1 == bucket.number => *end = bucket.number,
            (None, Some((start, _))) if *start - 1 == bucket.number => *start = bucket.number,
            (None, _) => unread.push((bucket.number, bucket.number)),
        }
    }
    let mut runs = Vec::new();
    for (start, end) in &unread {
        let (from, to) = plan.range;
        for (_, slice) in plan.slices(Unit::Hour.start(*start).max(from), Unit::Hour.end(*end).min(to)) {
            runs.extend(slice.into_iter().filter_map(|run| match after {
                Some(after) if ascending => between(&run, after, &run.to),
                Some(after) => between(&run, &run.from, after),
                None => Some(run),
            }));
        }
    }
    debug!(buckets = buckets.len(), known = rows.len(), runs = runs.len(), "page located");
    // A run that goes on after a position begins with that position, which is not wanted again.
    let most = missing.saturating_add(usize::from(after.is_some()));
    // Of many rows, which come before the page, the positions are enough.
    let attributes = [plan.position];
    let attributes = if missing > WHOLE_ROWS { attributes.as_slice() } else { &[] };
    let read = read(context, plan, runs, attributes, (ascending, Some(most))).await?;
    rows.extend(read.into_iter().filter(|row| is_after(&row.position)));
    Ok(rows)
}

/// What is remembered of the positions of buckets that hold few.
async fn remembered_positions(
    context: ListContext<'_>,
    plan: &Plan,
    buckets: &[Bucket<Count>],
) -> HashMap<i64, (u64, Vec<String>)> {
    let is_asked = |bucket: &&Bucket<Count>| bucket.value.positions().is_none() && bucket.value.rows <= SPARSE as u64;
    let hours: Vec<i64> = buckets.iter().filter(is_asked).map(|bucket| bucket.number).collect();
    let (Some(counts), Some(memory), false) = (context.counts, &plan.memory, hours.is_empty()) else {
        return HashMap::new();
    };
    match timeout_at(context.deadline, counts.positions(&memory.key, &hours)).await {
        Ok(Ok(positions)) => positions,
        Ok(Err(error)) => {
            warn!(%error, "no positions are remembered: the index is read");
            HashMap::new()
        }
        Err(_) => HashMap::new(),
    }
}

/// The index orders rows otherwise, so the positions of all of them are read and sorted.
async fn all_sorted(
    context: ListContext<'_>,
    plan: &Plan,
    request: &PageRequest,
    wanted: usize,
) -> Result<(u64, Vec<Row>), ListError> {
    let (from, to) = plan.range;
    let runs = plan.slices(from, to).into_iter().flat_map(|(_, runs)| runs);
    let read = read(context, plan, runs.collect(), &[plan.position], (true, None)).await?;
    let mut positions: Vec<String> = read.into_iter().map(|row| row.position).collect();
    sort(&mut positions, request.ascending, |position| position);
    // A row that changed between two reads may stand in two places of the index.
    positions.dedup();
    let total = positions.len() as u64;
    let row = |position| Row { position, item: None };
    let page = match &request.start {
        Start::Offset(offset) => {
            positions.into_iter().skip(usize::try_from(*offset).unwrap_or(usize::MAX)).take(wanted).map(row).collect()
        }
        Start::Cursor(Cursor { position: after, .. }) => positions
            .into_iter()
            .filter(|position| if request.ascending { position > after } else { position < after })
            .take(wanted)
            .map(row)
            .collect(),
    };
    Ok((total, page))
}

/// The rows of runs, side by side: of each, at least the first `most` that match; of an index without a filter, no more.
async fn read(
    context: ListContext<'_>,
    plan: &Plan,
    runs: Vec<Run>,
    attributes: &[&str],
    order: (bool, Option<usize>),
) -> Result<Vec<Row>, ListError> {
    let reads: Vec<_> = runs.into_iter().map(|run| read_run(context, plan, run, attributes, order)).collect();
    let rows: Vec<Vec<Row>> = stream::iter(reads).buffer_unordered(PARALLEL).try_collect().await?;
    Ok(rows.into_iter().flatten().collect())
}

async fn read_run(
    context: ListContext<'_>,
    plan: &Plan,
    run: Run,
    attributes: &[&str],
    (ascending, most): (bool, Option<usize>),
) -> Result<Vec<Row>, ListError> {
    let mut found = Vec::new();
    let mut start = None;
    loop {
        // Without a filter each row read is a match, so no row need be read in vain.
        let limit = most.filter(|_| plan.filter.is_empty()).map(|most| most.saturating_sub(found.len()));
        let query = IndexQuery {
            index: plan.index,
            run: &run,
            filter: &plan.filter,
            attributes,
            order: ReadOrder::of(ascending),
            limit,
        };
        let read = context.reader.rows(&query, start);
        let IndexRows { items: rows, next } =
            timeout_at(context.deadline, read).await.map_err(|_| ListError::OutOfTime)??;
        for mut item in rows {
            let position = item.get(plan.position).and_then(|position| position.as_s().ok()).cloned();
            let Some(position) = position else { continue };
            if !attributes.is_empty() {
                // Not the whole row.
                item.clear();
            }
            found.push(Row { position, item: Some(item).filter(|item| !item.is_empty()) });
        }
        start = next;
        if start.is_none() || most.is_some_and(|most| found.len() >= most) {
            return Ok(found);
        }
    }
}

fn sort<T>(rows: &mut [T], ascending: bool, position: impl Fn(&T) -> &String) {
    rows.sort_unstable_by(|one, other| position(one).cmp(position(other)));
    if !ascending {
        rows.reverse();
    }
}

/// The last moment of reading, given when it begins.
#[must_use]
pub fn deadline(budget: std::time::Duration) -> tokio::time::Instant {
    tokio::time::Instant::now() + budget
}
