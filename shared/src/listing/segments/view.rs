//! A view: all rows of a series as they are now. Sealed buckets, and what changed since.

use super::{
    bits::Bits,
    bucket::{Bucket, Changes, Missing, PatchState, Visible},
    filters::{Condition, Verdict},
    parts::Part,
    rows::{Row, RowId, Series},
    segment::Segment,
};

/// All rows of a series.
///
/// The times of creation of two buckets do not overlap, and buckets are in the order of time.
#[derive(Debug, Clone)]
pub struct View {
    buckets: Vec<Bucket>,
    /// The rows that changed since they were sealed.
    live: Segment,
    /// Ids whose rows in buckets do not count, sorted.
    changed: Vec<RowId>,
}

/// What must be brought into memory before there is an answer: each once, in the order of buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs(pub Vec<Need>);

/// What is missing of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The place of the bucket in the view.
    pub bucket: usize,
    pub missing: Missing,
}

/// Which rows of a bucket match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    Nothing,
    /// All that the bucket's header counts; its columns need not be in memory.
    Everything,
    Rows(Visible),
}

/// Which rows of a view match.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) buckets: Vec<Chosen>,
    pub(super) live: Bits,
}

/// Rows of a segment that match.
#[derive(Debug)]
pub(super) struct Sheet<'view> {
    pub(super) segment: &'view Segment,
    pub(super) rows: Bits,
    /// The bucket whose base it is, if it is one.
    pub(super) base_of: Option<usize>,
}

/// Which conditions count: all, or all but some.
pub(super) type Mask<'query> = Box<dyn Fn(&Condition) -> bool + 'query>;

impl Sheet<'_> {
    /// What must be brought into memory to know the id of a row.
    pub(super) fn need_of_id(&self, row: usize) -> Option<Need> {
        self.base_of.map(|bucket| Need { bucket, missing: Missing::Base(Part::of_id(row)) })
    }
}

impl Needs {
    /// Fails unless nothing is needed.
    pub(super) fn check(mut needs: Vec<Need>) -> Result<(), Self> {
        needs.sort_unstable();
        needs.dedup();
        if needs.is_empty() { Ok(()) } else { Err(Self(needs)) }
    }
}

impl View {
    /// The view of sealed buckets, in the order of time, and what changed since they were sealed.
    #[must_use]
    pub fn new(series: Series, buckets: Vec<Bucket>, changes: Changes) -> Self {
        Self { buckets, changed: changes.ids(), live: Segment::of(series, changes.rows) }
    }

    /// The view of these rows and no others.
    #[must_use]
    pub fn of_rows(series: Series, rows: Vec<Row>) -> Self {
        Self::new(series, Vec::new(), Changes { rows, gone: Vec::new() })
    }

    /// Takes other changes instead of those so far.
    pub fn set_changes(&mut self, changes: Changes) {
        self.changed = changes.ids();
        self.live = Segment::of(self.series(), changes.rows);
    }

    /// What its rows are.
    #[must_use]
    pub const fn series(&self) -> Series {
        self.live.series()
    }

    /// Its buckets.
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// A bucket, to bring into memory what is needed of it.
    pub fn bucket_mut(&mut self, place: usize) -> Option<&mut Bucket> {
        self.buckets.get_mut(place)
    }

    /// The rows that are not in buckets, or not as they are there.
    pub(super) const fn live(&self) -> &Segment {
        &self.live
    }

    /// Which rows match, for each mask of the conditions.
    pub(super) fn select(&self, conditions: &[Condition], masks: &[Mask<'_>]) -> Result<Vec<Selection>, Needs> {
        let mut needs = Vec::new();
        let mut selections: Vec<Selection> = Vec::new();
        for mask in masks {
            let mut live = Bits::all(self.live.len());
            for condition in conditions.iter().filter(|condition| mask(condition)) {
                // All of its parts are in memory.
                condition.select(&self.live).iter().for_each(|found| live.intersect(found));
            }
            selections.push(Selection { buckets: Vec::with_capacity(self.buckets.len()), live });
        }
        for (place, bucket) in self.buckets.iter().enumerate() {
            match self.select_in(bucket, conditions, masks) {
                Ok(chosen) => {
                    selections.iter_mut().zip(chosen).for_each(|(selection, chosen)| selection.buckets.push(chosen));
                }
                Err(missing) => needs.extend(missing.into_iter().map(|missing| Need { bucket: place, missing })),
            }
        }
        Needs::check(needs)?;
        Ok(selections)
    }

    fn select_in(
        &self,
        bucket: &Bucket,
        conditions: &[Condition],
        masks: &[Mask<'_>],
    ) -> Result<Vec<Chosen>, Vec<Missing>> {
        let verdicts: Vec<Verdict> = conditions.iter().map(|condition| condition.verdict(&bucket.header)).collect();
        let is_touched = !bucket.touching(&self.changed).is_empty();
        let decided: Vec<Option<Chosen>> = masks
            .iter()
            .map(|mask| {
                let mut verdicts = conditions.iter().zip(&verdicts).filter(|(condition, _)| mask(condition));
                if bucket.header.rows == 0 || verdicts.clone().any(|(_, verdict)| *verdict == Verdict::Never) {
                    Some(Chosen::Nothing)
                } else {
                    let is_all = !is_touched && verdicts.all(|(_, verdict)| *verdict == Verdict::Always);
                    is_all.then_some(Chosen::Everything)
                }
            })
            .collect();
        let asks = |condition: &Condition| {
            masks.iter().zip(&decided).any(|(mask, decided)| decided.is_none() && mask(condition))
        };
        let open: Vec<&Condition> = conditions
            .iter()
            .zip(&verdicts)
            .filter(|(condition, verdict)| **verdict == Verdict::Perhaps && asks(condition))
            .map(|(condition, _)| condition)
            .collect();
        if decided.iter().all(Option::is_some) {
            return Ok(decided.into_iter().flatten().collect());
        }
        let mut missing = bucket.missing_to_hide(&self.changed);
        missing.extend(bucket.missing_of(open.iter().map(|condition| condition.part())));
        if !missing.is_empty() {
            return Err(missing);
        }
        let visible = bucket.visible(&self.changed);
        let found: Vec<(&Condition, Visible)> =
            open.into_iter().map(|condition| (condition, bucket.select(condition))).collect();
        let choose = |mask: &Mask<'_>| {
            let mut rows = visible.clone();
            for (_, found) in found.iter().filter(|(condition, _)| mask(condition)) {
                rows.base.intersect(&found.base);
                rows.patch.intersect(&found.patch);
            }
            Chosen::Rows(rows)
        };
        let chosen = masks.iter().zip(decided).map(|(mask, decided)| decided.unwrap_or_else(|| choose(mask)));
        Ok(chosen.collect())
    }

    /// How many rows of a bucket are chosen.
    pub(super) fn count_in(&self, place: usize, chosen: &Chosen) -> usize {
        match chosen {
            Chosen::Nothing => 0,
            Chosen::Everything => self.buckets.get(place).map_or(0, |bucket| bucket.header.rows),
            Chosen::Rows(visible) => visible.base.count() + visible.patch.count(),
        }
    }

    /// How many rows are chosen.
    pub(super) fn count(&self, selection: &Selection) -> usize {
        let buckets = selection.buckets.iter().enumerate().map(|(place, chosen)| self.count_in(place, chosen));
        buckets.sum::<usize>() + selection.live.count()
    }

    /// The chosen rows of some buckets, once these parts of them are in memory. Of the live rows it has none.
    pub(super) fn sheets(
        &self,
        selection: &Selection,
        places: impl Iterator<Item = usize>,
        parts: &[Part],
    ) -> Result<Vec<Sheet<'_>>, Needs> {
        let (mut needs, mut sheets) = (Vec::new(), Vec::new());
        for place in places {
            let (Some(bucket), Some(chosen)) = (self.buckets.get(place), selection.buckets.get(place)) else {
                continue;
            };
            if self.count_in(place, chosen) == 0 {
                continue;
            }
            let patch = matches!(bucket.patch, PatchState::Unloaded).then_some(Missing::Patch);
            let missing = bucket.missing_of(parts.iter().copied()).chain(patch);
            let before = needs.len();
            needs.extend(missing.map(|missing| Need { bucket: place, missing }));
            if needs.len() == before {
                let rows = match chosen {
                    Chosen::Rows(visible) => visible.clone(),
                    // It is not touched.
                    Chosen::Everything | Chosen::Nothing => bucket.visible(&[]),
                };
                sheets.push(Sheet { segment: &bucket.base, rows: rows.base, base_of: Some(place) });
                let patch =
                    bucket.patch().map(|patch| Sheet { segment: &patch.segment, rows: rows.patch, base_of: None });
                sheets.extend(patch);
            }
        }
        Needs::check(needs)?;
        Ok(sheets)
    }

    /// The chosen live rows.
    pub(super) fn live_sheet(&self, rows: Bits) -> Sheet<'_> {
        Sheet { segment: &self.live, rows, base_of: None }
    }
}

impl Bucket {
    /// Which of these parts of the base are not in memory.
    fn missing_of(&self, parts: impl Iterator<Item = Part>) -> impl Iterator<Item = Missing> {
        parts.filter(|part| !self.base.has(*part)).map(Missing::Base)
    }

    /// The rows that match a condition whose part is in memory.
    fn select(&self, condition: &Condition) -> Visible {
        let select = |segment: &Segment| condition.select(segment).unwrap_or_else(|| Bits::none(segment.len()));
        Visible {
            base: select(&self.base),
            patch: self.patch().map_or_else(|| Bits::none(0), |patch| select(&patch.segment)),
        }
    }
}
