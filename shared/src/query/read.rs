//! Carries out a plan: the exact total, and the positions of one page.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    cursor::Cursor,
    page::{PageRequest, Start, locate},
    plan::{Plan, Run},
};
use crate::store::{Item, StoreError, index::IndexReader};

/// How many runs are read side by side.
const PARALLEL_RUNS: usize = 16;

/// A list could not be read.
pub type ListError = StoreError;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows the list has.
    pub total: u64,
    /// How many rows the page may have.
    pub limit: usize,
    /// How many rows are before it.
    pub offset: u64,
    /// Where the list goes on, if it does.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// The page of a list without rows.
    #[must_use]
    pub fn empty(request: &PageRequest) -> Self {
        Self { items: Vec::new(), total: 0, limit: request.limit, offset: request.start.offset(), next_cursor: None }
    }

    /// The same page with other rows.
    #[must_use]
    pub fn with_items<U>(self, items: Vec<U>) -> Page<U> {
        Page { items, total: self.total, limit: self.limit, offset: self.offset, next_cursor: self.next_cursor }
    }
}

/// Reads the positions of one page of a list and counts the list.
///
/// `list` is the key of the list for its cursors.
///
/// # Errors
/// [`ListError`]
pub async fn list(
    reader: &IndexReader,
    plan: &Plan,
    request: &PageRequest,
    list: &str,
) -> Result<Page<String>, ListError> {
    // One more than the page tells whether the list goes on.
    let wanted = request.limit + 1;
    let (total, mut positions) = if plan.is_ordered() {
        read_ordered(reader, plan, request, wanted).await?
    } else {
        read_unordered(reader, plan, request, wanted).await?
    };
    let goes_on = positions.len() > request.limit;
    positions.truncate(request.limit);
    let offset = request.start.offset();
    let shown = positions.len() as u64 + u64::from(goes_on);
    let total = match request.start {
        // Rows that came after the count: an answer does not contradict itself.
        Start::Offset(offset) if shown > 0 => total.max(offset.saturating_add(shown)),
        _ => total,
    };
    let next_cursor = positions.last().filter(|_| goes_on).map(|position| Cursor {
        position: position.clone(),
        offset: offset.saturating_add(positions.len() as u64),
        list: list.to_owned(),
    });
    Ok(Page { items: positions, total, limit: request.limit, offset, next_cursor })
}

/// Reads the rows at these positions of an ordered list, as the index holds them, in the order of the positions. A
/// row that is gone meanwhile is left out.
///
/// # Errors
/// [`ListError`]
pub async fn rows(reader: &IndexReader, plan: &Plan, positions: &[String]) -> Result<Vec<Item>, ListError> {
    let (Some(first), Some(last)) = (positions.iter().min(), positions.iter().max()) else { return Ok(Vec::new()) };
    let runs: Vec<Run> = plan.slices.iter().flatten().filter_map(|run| between(run, first, last)).collect();
    let read = |run: Run| async move { reader.rows(plan.index, &run, &plan.filter).await };
    let rows = side_by_side(runs.into_iter().map(read).collect()).await?;
    let position = |row: &Item| row.get(plan.position).and_then(|value| value.as_s().ok()).cloned();
    let mut found: HashMap<String, Item> =
        rows.into_iter().flatten().filter_map(|row| Some((position(&row)?, row))).collect();
    Ok(positions.iter().filter_map(|position| found.remove(position)).collect())
}

/// The part of a run from one position to another, both included.
fn between(run: &Run, first: &str, last: &str) -> Option<Run> {
    let from = run.from.as_str().max(first).to_owned();
    let to = run.to.as_str().min(last).to_owned();
    (from <= to).then(|| Run { partition: run.partition.clone(), from, to })
}

async fn read_ordered(
    reader: &IndexReader,
    plan: &Plan,
    request: &PageRequest,
    wanted: usize,
) -> Result<(u64, Vec<String>), ListError> {
    let mut slices: Vec<(&[Run], u64)> = count(reader, plan).await?;
    let total = slices.iter().map(|(_, count)| count).sum();
    if !request.ascending {
        slices.reverse();
    }
    let (first, mut skip) = match &request.start {
        Start::Cursor(_) => (0, 0),
        Start::Offset(offset) => match locate(slices.iter().map(|(_, count)| *count), *offset) {
            Some(found) => found,
            None => return Ok((total, Vec::new())),
        },
    };
    let after = match &request.start {
        Start::Cursor(cursor) => Some(cursor.position.as_str()),
        Start::Offset(_) => None,
    };
    let mut positions = Vec::new();
    for (runs, _) in slices[first..].iter().filter(|(_, count)| *count > 0) {
        let missing = wanted - positions.len();
        if missing == 0 {
            break;
        }
        let skipped = usize::try_from(skip).unwrap_or(usize::MAX);
        let merged = merge(reader, plan, runs, request.ascending, after, missing.saturating_add(skipped)).await?;
        positions.extend(merged.into_iter().skip(skipped));
        skip = 0;
    }
    Ok((total, positions))
}

/// How many rows each slice has.
async fn count<'plan>(reader: &IndexReader, plan: &'plan Plan) -> Result<Vec<(&'plan [Run], u64)>, ListError> {
    let mut counts = Vec::new();
    for (slice, runs) in plan.slices.iter().enumerate() {
        for run in runs {
            counts.push(async move { Ok((slice, reader.count(plan.index, run, &plan.filter).await?)) });
        }
    }
    let mut slices: Vec<(&[Run], u64)> = plan.slices.iter().map(|runs| (runs.as_slice(), 0)).collect();
    for (slice, count) in side_by_side(counts).await? {
        slices[slice].1 += count;
    }
    Ok(slices)
}

/// The first positions of a slice, after one if there is one, in order.
async fn merge(
    reader: &IndexReader,
    plan: &Plan,
    runs: &[Run],
    ascending: bool,
    after: Option<&str>,
    at_most: usize,
) -> Result<Vec<String>, ListError> {
    let rest = |run: &Run| match after {
        Some(after) if ascending => between(run, after, &run.to),
        Some(after) => between(run, &run.from, after),
        None => Some(run.clone()),
    };
    let rest: Vec<Run> = runs.iter().filter_map(rest).collect();
    // A run that goes on after a position begins with that position, which is not wanted again.
    let at_most_of_run = at_most + usize::from(after.is_some());
    let read = |run: Run| async move {
        reader.values((plan.index, &run, &plan.filter), plan.position, ascending, at_most_of_run).await
    };
    let lists = side_by_side(rest.into_iter().map(read).collect()).await?;
    let mut positions: Vec<String> =
        lists.into_iter().flatten().filter(|position| Some(position.as_str()) != after).collect();
    sort(&mut positions, ascending);
    positions.truncate(at_most);
    Ok(positions)
}

/// The index orders rows otherwise, so all of them are read and sorted.
async fn read_unordered(
    reader: &IndexReader,
    plan: &Plan,
    request: &PageRequest,
    wanted: usize,
) -> Result<(u64, Vec<String>), ListError> {
    let runs: Vec<Run> = plan.slices.iter().flatten().cloned().collect();
    let read = |run: Run| async move {
        reader.values((plan.index, &run, &plan.filter), plan.position, true, usize::MAX).await
    };
    let lists = side_by_side(runs.into_iter().map(read).collect()).await?;
    let mut positions: Vec<String> = lists.into_iter().flatten().collect();
    sort(&mut positions, request.ascending);
    // A row that changed between two reads may stand in two places of the index.
    positions.dedup();
    let total = positions.len() as u64;
    let page = match &request.start {
        Start::Offset(offset) => {
            positions.into_iter().skip(usize::try_from(*offset).unwrap_or(usize::MAX)).take(wanted).collect()
        }
        Start::Cursor(Cursor { position: after, .. }) => positions
            .into_iter()
            .filter(|position| if request.ascending { position > after } else { position < after })
            .take(wanted)
            .collect(),
    };
    Ok((total, page))
}

/// Reads with a bound on how many run at a time; the answers come in no order.
async fn side_by_side<T>(reads: Vec<impl Future<Output = Result<T, ListError>>>) -> Result<Vec<T>, ListError> {
    stream::iter(reads).buffer_unordered(PARALLEL_RUNS).try_collect().await
}

fn sort(positions: &mut [String], ascending: bool) {
    positions.sort_unstable();
    if !ascending {
        positions.reverse();
    }
}
