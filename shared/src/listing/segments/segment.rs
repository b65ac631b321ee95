//! A segment: rows as columns, in the order of their ids. Each part of it may be in memory or not.

use std::{collections::BTreeMap, mem::size_of_val, sync::Arc};

use strum::EnumCount;

use super::{
    columns::{Labels, Numbers},
    parts::{IDS_PER_PART, Part},
    rows::{Field, Number, Row, RowId, Series},
};

/// The random part of an id.
pub(super) type Random = [u8; 10];

/// Rows as columns. Cloning it is cheap: columns are shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    series: Series,
    rows: usize,
    pub(super) created: Option<Arc<Numbers>>,
    pub(super) labels: [Option<Arc<Labels>>; Field::COUNT],
    pub(super) numbers: [Option<Arc<Numbers>>; Number::COUNT],
    pub(super) ids: BTreeMap<u32, Arc<Vec<Random>>>,
}

impl Segment {
    /// A segment of which no part is in memory yet.
    #[must_use]
    pub fn unloaded(series: Series, rows: usize) -> Self {
        let (labels, numbers) = (Default::default(), Default::default());
        Self { series, rows, created: None, labels, numbers, ids: BTreeMap::new() }
    }

    /// The segment of some rows, with all parts. Of rows with the same id the last counts.
    #[must_use]
    pub fn of(series: Series, rows: impl IntoIterator<Item = Row>) -> Self {
        let mut rows: Vec<Row> = rows.into_iter().collect();
        rows.reverse();
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        let mut segment = Self::unloaded(series, rows.len());
        for part in Part::all(series, rows.len()) {
            for field in part.fields(series) {
                let labels = Labels::of(rows.iter().map(|row| row.labels(*field)));
                segment.labels[*field as usize] = Some(Arc::new(labels));
            }
            match part {
                Part::Created => {
                    let created: Vec<_> = rows.iter().map(|row| Some(row.id.created_ms())).collect();
                    segment.created = Some(Arc::new(Numbers::of(&created)));
                }
                Part::Number(number) => {
                    let numbers: Vec<_> = rows.iter().map(|row| row.number(number)).collect();
                    segment.numbers[number as usize] = Some(Arc::new(Numbers::of(&numbers)));
                }
                Part::Ids(part) => {
                    let ids = rows.iter().skip(part as usize * IDS_PER_PART).take(IDS_PER_PART);
                    segment.ids.insert(part, Arc::new(ids.map(|row| random_bytes(row.id)).collect()));
                }
                Part::Filters | Part::Words | Part::Problems => {}
            }
        }
        segment
    }

    /// What its rows are.
    #[must_use]
    pub const fn series(&self) -> Series {
        self.series
    }

    /// How many rows it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether it has no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether a part is in memory.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::Created => self.created.is_some(),
            Part::Number(number) => self.numbers[number as usize].is_some(),
            Part::Ids(part) => self.ids.contains_key(&part),
            _ => part.fields(self.series).iter().all(|field| self.labels[*field as usize].is_some()),
        }
    }

    /// The texts of a field, if its part is in memory.
    #[must_use]
    pub fn labels(&self, field: Field) -> Option<&Labels> {
        self.labels[field as usize].as_deref()
    }

    /// The column of a number, if it is in memory.
    #[must_use]
    pub fn numbers(&self, number: Number) -> Option<&Numbers> {
        self.numbers[number as usize].as_deref()
    }

    /// When rows were created, if that is in memory. It ascends.
    #[must_use]
    pub fn created(&self) -> Option<&Numbers> {
        self.created.as_deref()
    }

    /// The id of a row, if the parts that it needs are in memory.
    #[must_use]
    pub fn id(&self, row: usize) -> Option<RowId> {
        let Part::Ids(part) = Part::of_id(row) else { return None };
        let random = self.ids.get(&part)?.get(row % IDS_PER_PART)?;
        let mut bytes = [0; 16];
        bytes[6..].copy_from_slice(random);
        Some(RowId::new(self.created()?.get(row)?, u128::from_be_bytes(bytes)))
    }

    /// A row, if all parts are in memory.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<Row> {
        let mut found = Row::new(self.id(row)?);
        for field in Part::all(self.series, 0).iter().flat_map(|part| part.fields(self.series)) {
            found = found.with_labels(*field, self.labels(*field)?.get(row));
        }
        for number in self.series.numbers() {
            found = found.with_number(*number, self.numbers(*number)?.get(row));
        }
        Some(found)
    }

    /// What the parts in memory take, in bytes. Clones share it.
    #[must_use]
    pub fn memory(&self) -> usize {
        let labels: usize = self.labels.iter().flatten().map(|labels| labels.memory()).sum();
        let numbers: usize = self.numbers.iter().chain([&self.created]).flatten().map(|numbers| numbers.memory()).sum();
        let ids: usize = self.ids.values().map(|ids| size_of_val(ids.as_slice())).sum();
        size_of::<Self>() + labels + numbers + ids
    }
}

fn random_bytes(id: RowId) -> Random {
    let mut random = [0; 10];
    random.copy_from_slice(&id.to_bytes()[6..]);
    random
}
