//! Facets: how many rows of a list have each value.

use std::{cmp::Reverse, collections::HashMap};

use super::{bits::Bits, filters::Condition, header::Header, rows::Field, segment::Segment};

/// A facet shows so many values at most, besides those that the filter asks for.
pub const MAX_FACET_VALUES: usize = 100;

/// The values of one facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValues {
    pub field: Field,
    /// The values with the most rows, and those that the filter asks for: most rows first, then by name. `None` is no
    /// value.
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

    /// The values to show under a filter. Who chose a value by the filter sees it, however rare it is.
    pub(super) fn finish(self, conditions: &[Condition]) -> FacetValues {
        let is_chosen = |value| conditions.iter().any(|condition| condition.asks_for(self.field, value));
        let mut values: Vec<(Option<&str>, u64)> = self.values.into_iter().collect();
        values.sort_unstable_by_key(|(value, count)| (Reverse(*count), *value));
        let rare = values.split_off(values.len().min(MAX_FACET_VALUES));
        let all = values.len() + rare.len();
        values.extend(rare.into_iter().filter(|(value, _)| is_chosen(*value)));
        let omitted = all - values.len();
        let values = values.into_iter().map(|(value, count)| (value.map(str::to_owned), count)).collect();
        FacetValues { field: self.field, values, omitted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::segments::filters::Filter;

    #[test]
    fn a_value_that_the_filter_asks_for_is_shown_however_rare_it_is() {
        let names: Vec<String> = (0..150).map(|number| format!("service-{number:03}")).collect();
        let counter = || Counter {
            field: Field::Service,
            values: names.iter().zip(0..).map(|(name, number)| (Some(name.as_str()), 150 - number)).collect(),
        };
        let chosen = Filter::default().any_of(Field::Service, &["service-120", "unknown"]);
        let shown = counter().finish(chosen.conditions());
        assert_eq!(shown.values.len(), 101);
        assert_eq!(shown.values.last(), Some(&(Some("service-120".to_owned()), 30)));
        assert_eq!(shown.omitted, 49);
        let excluded = Filter::default().none_of(Field::Service, &["service-120"]);
        assert_eq!(counter().finish(excluded.conditions()).values.len(), 100);
    }
}
