//! Finds the rows of a page.

use std::ops::Range;

use super::{
    bits::Bits,
    bucket::Missing,
    header::Bounds,
    order::{Direction, OrderBy},
    parts::Part,
    pick::{self, Candidate, Candidates, Key, Scan},
    query::{Listed, Position, Query, Start},
    rows::RowId,
    view::{Need, Needs, Selection, View},
};

/// Finds the rows of a page.
#[derive(Debug)]
pub(super) struct Pager<'view> {
    pub(super) view: &'view View,
    pub(super) selection: &'view Selection,
    pub(super) query: &'view Query,
    /// How many rows the list has.
    pub(super) total: usize,
}

/// Rows whose keys do not overlap those of other blocks.
#[derive(Debug)]
struct Block {
    /// The times of creation of its rows. Only the order of creation has several blocks.
    created: Bounds,
    buckets: Vec<usize>,
    /// Places of live rows.
    live: Vec<usize>,
    /// How many rows come before it, in ascending order.
    before: usize,
    count: usize,
}

/// Rows in a range of keys.
struct Stretch<'view> {
    scans: Vec<Scan<'view>>,
    /// How many rows come before them, in ascending order.
    before: usize,
}

/// What the page shall have.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// How many rows come before, in the order of the list.
    first: usize,
    /// How many rows are looked at: besides the page, those with the key of the cursor.
    count: usize,
}

impl<'view> Pager<'view> {
    /// The page, without facets.
    pub(super) fn page(&self) -> Result<Listed, Needs> {
        let Query { start, limit, order, .. } = self.query;
        let start = start.in_order(order.by);
        let blocks = self.blocks();
        let wanted = match start {
            Start::Offset(offset) => Wanted { first: usize::try_from(offset).unwrap_or(usize::MAX), count: *limit },
            Start::After(position) => self.wanted_after(&blocks, position)?,
        };
        let end = wanted.first.saturating_add(wanted.count).min(self.total);
        if wanted.first >= end {
            return Ok(self.listed(Vec::new(), wanted.first));
        }
        let ranks = self.ascending(wanted.first..end);
        let stretch =
            self.stretch(&blocks, |block| block.before < ranks.end && ranks.start < block.before + block.count)?;
        let inner = ranks.start - stretch.before..ranks.end - stretch.before;
        let Candidates { before, rows } = pick::candidates(&stretch.scans, inner);
        let first = self.ascending(stretch.before + before..stretch.before + before + rows.len()).start;
        let mut rows = with_ids(&stretch.scans, &rows)?;
        rows.sort_unstable();
        if self.query.order.direction == Direction::Descending {
            rows.reverse();
        }
        let skipped = match start {
            Start::Offset(_) => wanted.first - first,
            Start::After(position) => rows.partition_point(|row| !self.is_after(*row, position)),
        };
        let page = rows.into_iter().skip(skipped).take(*limit).collect();
        Ok(self.listed(page, first + skipped))
    }

    fn listed(&self, rows: Vec<(Key, RowId)>, offset: usize) -> Listed {
        let last = rows.last().map(|((value, _), id)| Position { value: *value, id: *id });
        let next = last.filter(|_| offset + rows.len() < self.total);
        let ids = rows.into_iter().map(|(_, id)| id).collect();
        Listed { ids, total: self.total as u64, offset: offset as u64, next, facets: Vec::new() }
    }

    /// Ranks in ascending order from ranks in the order of the list, or the other way round.
    fn ascending(&self, ranks: Range<usize>) -> Range<usize> {
        match self.query.order.direction {
            Direction::Ascending => ranks,
            Direction::Descending => self.total - ranks.end..self.total - ranks.start,
        }
    }

    fn is_after(&self, ((value, _), id): (Key, RowId), position: Position) -> bool {
        let (row, position) = ((value, id), (position.value, position.id));
        match self.query.order.direction {
            Direction::Ascending => row > position,
            Direction::Descending => row < position,
        }
    }

    /// The rows behind a position, and those with its key: only ids tell them apart.
    fn wanted_after(&self, blocks: &[Block], position: Position) -> Result<Wanted, Needs> {
        let key = (position.value, position.id.created_ms());
        let stretch = self.stretch(blocks, |block| block.created.contains(key.1))?;
        let (before, same) = pick::count_before(&stretch.scans, key);
        let has_scans = !stretch.scans.is_empty();
        let earlier = blocks.iter().filter(|block| block.created.max < key.1).map(|block| block.count);
        let before = if has_scans { stretch.before + before } else { earlier.sum() };
        let first = self.ascending(before..before + same).start;
        Ok(Wanted { first, count: same.saturating_add(self.query.limit) })
    }

    /// All chosen rows, in blocks in ascending order.
    fn blocks(&self) -> Vec<Block> {
        let Self { view, selection, .. } = self;
        if self.query.order.by != OrderBy::CreatedAt {
            let created = Bounds { min: i64::MIN, max: i64::MAX };
            let buckets = (0..view.buckets().len()).collect();
            return vec![Block {
                created,
                buckets,
                live: selection.live.iter().collect(),
                before: 0,
                count: self.total,
            }];
        }
        let mut blocks: Vec<Block> = Vec::new();
        for (place, bucket) in view.buckets().iter().enumerate() {
            let Some(created) = bucket.header.created_ms else { continue };
            let count = selection.buckets.get(place).map_or(0, |chosen| view.count_in(place, chosen));
            blocks.push(Block { created, buckets: vec![place], live: Vec::new(), before: 0, count });
        }
        // What lies between two buckets.
        let mut gaps: Vec<Option<Block>> = (0..=blocks.len()).map(|_| None).collect();
        selection.live.for_each(|row| {
            let Some(at) = view.live().created().and_then(|created| created.get(row)) else { return };
            let place = blocks.partition_point(|block| block.created.max < at);
            let created = Bounds { min: at, max: at };
            let block = match blocks.get_mut(place) {
                Some(block) if block.created.min <= at => block,
                _ => gaps[place].get_or_insert(Block {
                    created,
                    buckets: Vec::new(),
                    live: Vec::new(),
                    before: 0,
                    count: 0,
                }),
            };
            block.created = block.created.and(created);
            block.live.push(row);
            block.count += 1;
        });
        let mut before = 0;
        let mut all = Vec::new();
        let mut blocks = blocks.into_iter();
        for gap in gaps {
            for mut block in gap.into_iter().chain(blocks.next()) {
                block.before = before;
                before += block.count;
                all.push(block);
            }
        }
        all
    }

    /// The rows of some blocks, which follow each other.
    fn stretch(&self, blocks: &[Block], is_wanted: impl Fn(&Block) -> bool) -> Result<Stretch<'view>, Needs> {
        let Self { view, selection, query, .. } = self;
        let wanted: Vec<&Block> = blocks.iter().filter(|block| is_wanted(block)).collect();
        let places = wanted.iter().flat_map(|block| block.buckets.iter().copied());
        let mut sheets = view.sheets(selection, places, &[Part::Created, query.order.by.part()])?;
        let mut live = Bits::none(selection.live.rows());
        wanted.iter().flat_map(|block| &block.live).for_each(|row| live.insert(*row));
        sheets.push(view.live_sheet(live));
        let scans = sheets.into_iter().filter_map(|sheet| Scan::of(sheet, query.order.by)).collect();
        Ok(Stretch { scans, before: wanted.first().map_or(0, |block| block.before) })
    }
}

/// The keys and ids of candidates.
fn with_ids(scans: &[Scan<'_>], candidates: &[Candidate]) -> Result<Vec<(Key, RowId)>, Needs> {
    let (mut rows, mut needs) = (Vec::with_capacity(candidates.len()), Vec::new());
    for candidate in candidates {
        let scan = &scans[candidate.scan];
        match scan.segment.id(candidate.row) {
            Some(id) => rows.push((candidate.key, id)),
            None => needs
                .extend(scan.base_of.map(|bucket| Need { bucket, missing: Missing::Base(Part::of_id(candidate.row)) })),
        }
    }
    Needs::check(needs)?;
    Ok(rows)
}
