//! Facets: how many rows of a list have each value.

use std::{cmp::Reverse, collections::HashMap};

use super::{bits::Bits, header::Header, rows::Field, segment::Segment};

/// A facet shows so many values at most.
pub const MAX_FACET_VALUES: usize = 100;

/// The values of one facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValues {
    pub field: Field,
    /// The values with the most rows, most first, then by name. `None` is no value.
    pub values: Vec<(Option<String>, u64)>,
    /// How many more values there are.
    pub omitted: usize,
}

/// Counts the values of a field.
#[derive(Debug)]
pub(super) struct Counter<'view> {
    field: Field,
    values: HashMap<Option<&'view str>, u64>,
}

impl<'view> Counter<'view> {
    pub(super) fn new(field: Field) -> Self {
        Self { field, values: HashMap::new() }
    }

    /// Counts all visible rows of a bucket. Returns whether its header knows them.
    pub(super) fn add_header(&mut self, header: &'view Header) -> bool {
        let Some(counts) = header.labels.get(&self.field) else { return false };
        for (value, count) in &counts.values {
            *self.values.entry(Some(value)).or_default() += count;
        }
        if counts.none > 0 {
            *self.values.entry(None).or_default() += counts.none;
        }
        true
    }

    /// Counts some rows of a segment.
    pub(super) fn add(&mut self, segment: &'view Segment, rows: &Bits) {
        let Some(labels) = segment.labels(self.field) else { return };
        for (code, count) in labels.counts(rows).into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let mut texts = labels.texts_of(code).peekable();
            if texts.peek().is_none() {
                *self.values.entry(None).or_default() += count;
            }
            texts.for_each(|text| *self.values.entry(Some(text)).or_default() += count);
        }
    }

    pub(super) fn finish(self) -> FacetValues {
        let mut values: Vec<(Option<&str>, u64)> = self.values.into_iter().collect();
        values.sort_unstable_by_key(|(value, count)| (Reverse(*count), *value));
        let omitted = values.len().saturating_sub(MAX_FACET_VALUES);
        values.truncate(MAX_FACET_VALUES);
        let values = values.into_iter().map(|(value, count)| (value.map(str::to_owned), count)).collect();
        FacetValues { field: self.field, values, omitted }
    }
}
