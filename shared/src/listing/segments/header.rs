//! What is known of a bucket without reading its columns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    bits::Bits,
    rows::{Field, Number},
    segment::Segment,
};

/// A field with more values than this is not counted in headers.
const MAX_COUNTED_VALUES: usize = 64;

/// What is known of the visible rows of a bucket. It is kept in the manifest as JSON.
///
/// It lets a list skip a bucket in which nothing or everything matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// How many rows are visible.
    pub rows: usize,
    /// When the first and the last of them were created, in milliseconds since 1970.
    #[serde(rename = "created")]
    pub created_ms: Option<Bounds>,
    /// The fields with few values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<Field, LabelCounts>,
    /// The numbers that a row has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<Number, NumberBounds>,
}

/// The smallest and the largest of some integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    #[serde(rename = "a")]
    pub min: i64,
    #[serde(rename = "z")]
    pub max: i64,
}

/// How many rows have each value of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCounts {
    #[serde(rename = "v")]
    pub values: BTreeMap<String, u64>,
    /// How many have none.
    #[serde(rename = "0", default, skip_serializing_if = "is_zero")]
    pub none: u64,
}

/// The range of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberBounds {
    #[serde(flatten)]
    pub bounds: Bounds,
    /// How many rows lack the number.
    #[serde(rename = "0", default, skip_serializing_if = "is_zero")]
    pub absent: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Bounds {
    /// The bounds of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// Whether an integer is within.
    #[must_use]
    pub const fn contains(self, value: i64) -> bool {
        self.min <= value && value <= self.max
    }

    fn widen(bounds: &mut Option<Self>, value: i64) {
        let one = Self { min: value, max: value };
        *bounds = Some(bounds.map_or(one, |bounds| bounds.and(one)));
    }
}

impl Header {
    /// The header of the visible rows of some segments, of which all parts but ids are in memory.
    #[must_use]
    pub fn of(sheets: &[(&Segment, &Bits)]) -> Self {
        let mut header = Self::default();
        for (segment, visible) in sheets {
            header.rows += visible.count();
            if let Some(created) = segment.created() {
                visible.for_each(|row| {
                    Bounds::widen(&mut header.created_ms, created.get(row).unwrap_or_default());
                });
            }
        }
        let Some(series) = sheets.first().map(|(segment, _)| segment.series()) else { return header };
        for field in series.filters() {
            let mut counts = LabelCounts::default();
            for (segment, visible) in sheets {
                counts.add(segment, *field, visible);
            }
            if counts.values.len() <= MAX_COUNTED_VALUES {
                header.labels.insert(*field, counts);
            }
        }
        for number in series.numbers() {
            let (mut bounds, mut absent) = (None, 0);
            for (segment, visible) in sheets {
                let Some(numbers) = segment.numbers(*number) else { continue };
                visible.for_each(|row| match numbers.get(row) {
                    Some(value) => Bounds::widen(&mut bounds, value),
                    None => absent += 1,
                });
            }
            header.numbers.extend(bounds.map(|bounds| (*number, NumberBounds { bounds, absent })));
        }
        header
    }
}

impl LabelCounts {
    /// Counts the values of a field of some rows of a segment.
    fn add(&mut self, segment: &Segment, field: Field, rows: &Bits) {
        let Some(labels) = segment.labels(field) else { return };
        for (code, count) in labels.counts(rows).into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let mut has_text = false;
            for text in labels.texts_of(code) {
                has_text = true;
                match self.values.get_mut(text) {
                    Some(known) => *known += count,
                    None => drop(self.values.insert(text.to_owned(), count)),
                }
            }
            self.none += if has_text { 0 } else { count };
        }
    }
}
