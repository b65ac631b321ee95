//! A bucket: a base, and a patch with what changed since the base was made.

use std::collections::BTreeSet;

use super::{
    bits::Bits,
    codec::InvalidPart,
    header::Header,
    parts::Part,
    rows::{Row, RowId, Series},
    segment::Segment,
};

/// A bucket, as far as it is in memory.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// What is known of its visible rows.
    pub header: Header,
    /// What was sealed first.
    pub base: Segment,
    /// What was sealed since.
    pub patch: PatchState,
}

/// What is sealed since the base.
#[derive(Debug, Clone)]
pub enum PatchState {
    /// Nothing.
    Absent,
    /// Something that is not in memory.
    Unloaded,
    Loaded(Box<Patch>),
}

/// The rows of a bucket that changed or came since its base was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The rows as they are now.
    pub segment: Segment,
    /// The rows of the base that are not as they were, or gone.
    pub hidden: BTreeSet<u32>,
}

/// What is not in a bucket, or not as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Rows as they are now.
    pub rows: Vec<Row>,
    /// Rows that are gone: in the change log, and not in the table.
    pub gone: Vec<RowId>,
}

impl Changes {
    /// The ids of all, sorted.
    #[must_use]
    pub fn ids(&self) -> Vec<RowId> {
        let ids: BTreeSet<RowId> = self.rows.iter().map(|row| row.id).chain(self.gone.iter().copied()).collect();
        ids.into_iter().collect()
    }
}

impl Patch {
    /// Its bytes. `None` if a part is not in memory.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let hidden = self.hidden.iter().flat_map(|row| row.to_be_bytes());
        let count = u32::try_from(self.hidden.len()).unwrap_or(u32::MAX).to_be_bytes();
        Some(count.into_iter().chain(hidden).chain(self.segment.encode_whole()?).collect())
    }

    /// A patch from its bytes.
    ///
    /// # Errors
    /// [`InvalidPart`] if the bytes are broken or of another version.
    pub fn decode(series: Series, bytes: &[u8]) -> Result<Self, InvalidPart> {
        let split = || {
            let (count, rest) = bytes.split_first_chunk::<4>()?;
            rest.split_at_checked(usize::try_from(u32::from_be_bytes(*count)).ok()?.checked_mul(4)?)
        };
        let (hidden, rest) = split().ok_or(InvalidPart("it ends early"))?;
        let hidden = hidden.as_chunks::<4>().0.iter().map(|row| u32::from_be_bytes(*row));
        Ok(Self { hidden: hidden.collect(), segment: Segment::decode_whole(series, rest)? })
    }
}

/// The visible rows of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    pub base: Bits,
    pub patch: Bits,
}

impl Bucket {
    /// A bucket of rows that are sealed together.
    #[must_use]
    pub fn of(base: Segment) -> Self {
        let header = Header::of(&[(&base, &Bits::all(base.len()))]);
        Self { header, base, patch: PatchState::Absent }
    }

    /// A bucket of which nothing is in memory yet.
    #[must_use]
    pub fn unloaded(series: Series, header: Header, base_rows: usize, has_patch: bool) -> Self {
        let patch = if has_patch { PatchState::Unloaded } else { PatchState::Absent };
        Self { header, base: Segment::unloaded(series, base_rows), patch }
    }

    /// Its patch, if that is in memory.
    #[must_use]
    pub const fn patch(&self) -> Option<&Patch> {
        match &self.patch {
            PatchState::Loaded(patch) => Some(patch),
            PatchState::Absent | PatchState::Unloaded => None,
        }
    }

    /// What must be in memory to change the bucket: all that is not yet.
    #[must_use]
    pub fn missing(&self) -> Vec<Missing> {
        let parts = Part::all(self.base.series(), self.base.len()).into_iter();
        let base = parts.filter(|part| !self.base.has(*part)).map(Missing::Base);
        base.chain(matches!(self.patch, PatchState::Unloaded).then_some(Missing::Patch)).collect()
    }

    /// What must be in memory to tell which rows are visible beside these changes.
    #[must_use]
    pub fn missing_to_hide(&self, changed: &[RowId]) -> Vec<Missing> {
        let mut missing: Vec<Missing> =
            matches!(self.patch, PatchState::Unloaded).then_some(Missing::Patch).into_iter().collect();
        let touching = self.touching(changed);
        if touching.is_empty() {
            return missing;
        }
        let Some(created) = self.base.created() else {
            missing.push(Missing::Base(Part::Created));
            return missing;
        };
        let candidates = touching.iter().flat_map(|id| {
            let first = created.first_from(id.created_ms());
            first..created.first_from(id.created_ms() + 1)
        });
        let parts: BTreeSet<Part> = candidates.map(Part::of_id).filter(|part| !self.base.has(*part)).collect();
        missing.extend(parts.into_iter().map(Missing::Base));
        missing
    }

    /// The rows that are visible beside these changes, once nothing is [missing](Self::missing_to_hide).
    #[must_use]
    pub fn visible(&self, changed: &[RowId]) -> Visible {
        let mut base = Bits::all(self.base.len());
        let mut patch = Bits::none(0);
        if let Some(loaded) = self.patch() {
            loaded.hidden.iter().for_each(|row| base.remove(*row as usize));
            patch = Bits::all(loaded.segment.len());
        }
        for id in self.touching(changed) {
            if let Some(row) = position(&self.base, *id) {
                base.remove(row);
            }
            let row = self.patch().and_then(|loaded| position(&loaded.segment, *id));
            if let Some(row) = row {
                patch.remove(row);
            }
        }
        Visible { base, patch }
    }

    /// Those of some ids, sorted, that a visible row may have.
    #[must_use]
    pub fn touching<'id>(&self, ids: &'id [RowId]) -> &'id [RowId] {
        let Some(bounds) = self.header.created_ms else { return &[] };
        let first = ids.partition_point(|id| id.created_ms() < bounds.min);
        let end = ids.partition_point(|id| id.created_ms() <= bounds.max);
        &ids[first..end.max(first)]
    }

    /// Its visible rows. `None` if something is [missing](Self::missing).
    #[must_use]
    pub fn rows(&self) -> Option<Vec<Row>> {
        let Visible { base, patch } = self.visible(&[]);
        let rows_of =
            |segment: &Segment, rows: Bits| rows.iter().map(|row| segment.row(row)).collect::<Option<Vec<_>>>();
        let mut rows = rows_of(&self.base, base)?;
        if let Some(loaded) = self.patch() {
            rows.extend(rows_of(&loaded.segment, patch)?);
        }
        rows.sort_by_key(|row| row.id);
        self.missing().is_empty().then_some(rows)
    }

    /// The same bucket with changes in its patch. `None` if something is [missing](Self::missing).
    #[must_use]
    pub fn patched(&self, changes: &Changes) -> Option<Self> {
        if !self.missing().is_empty() {
            return None;
        }
        let ids: BTreeSet<RowId> = changes.ids().into_iter().collect();
        let mut hidden = BTreeSet::new();
        let mut rows = Vec::new();
        if let Some(patch) = self.patch() {
            hidden.clone_from(&patch.hidden);
            let all: Option<Vec<Row>> = (0..patch.segment.len()).map(|row| patch.segment.row(row)).collect();
            rows.extend(all?.into_iter().filter(|row| !ids.contains(&row.id)));
        }
        let positions = ids.iter().filter_map(|id| position(&self.base, *id));
        hidden.extend(positions.filter_map(|row| u32::try_from(row).ok()));
        rows.extend(changes.rows.iter().cloned());
        let segment = Segment::of(self.base.series(), rows);
        let mut next = Self { patch: PatchState::Loaded(Box::new(Patch { segment, hidden })), ..self.clone() };
        let Visible { base, patch } = next.visible(&[]);
        let sheets = [Some((&next.base, &base)), next.patch().map(|loaded| (&loaded.segment, &patch))];
        next.header = Header::of(&sheets.into_iter().flatten().collect::<Vec<_>>());
        Some(next)
    }
}

/// What of a bucket is not in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// A part of its base.
    Base(Part),
    /// Its patch.
    Patch,
}

/// The place of an id in a segment, if it is there and its part is in memory.
fn position(segment: &Segment, id: RowId) -> Option<usize> {
    let created = segment.created()?;
    let first = created.first_from(id.created_ms());
    (first..created.first_from(id.created_ms() + 1)).find(|row| segment.id(*row) == Some(id))
}
