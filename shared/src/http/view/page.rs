//! Pages of lists.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::listing::{page::Page, segments::facets::FacetValues};

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct PageView<V> {
    items: Vec<V>,
    total: u64,
    limit: usize,
    offset: u64,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facets: BTreeMap<&'static str, FacetView>,
}

/// One facet of a list of incidents: the most frequent values and their counts.
#[derive(Debug, Serialize)]
struct FacetView {
    values: Vec<FacetValueView>,
    /// How many further values are not listed.
    omitted: usize,
}

#[derive(Debug, Serialize)]
struct FacetValueView {
    value: Option<String>,
    count: u64,
}

impl<V> PageView<V> {
    /// A page of a list. `view` turns an item into its wire form.
    pub fn of<T>(page: Page<T>, view: impl Fn(T) -> V) -> Self {
        let value = |(value, count)| FacetValueView { value, count };
        let facet = |FacetValues { field, values, omitted }: FacetValues| {
            (field.into(), FacetView { values: values.into_iter().map(value).collect(), omitted })
        };
        Self {
            total: page.total,
            limit: page.limit,
            offset: page.offset,
            next_cursor: page.next_cursor.map(|cursor| cursor.encode()),
            items: page.items.into_iter().map(view).collect(),
            facets: page.facets.into_iter().map(facet).collect(),
        }
    }

    /// The page of a larger limit than it was made with.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Its items.
    #[must_use]
    pub fn items(&self) -> &[V] {
        &self.items
    }

    /// Where the list goes on, if it does.
    #[must_use]
    pub fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    /// Whether the list begins with it.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.offset == 0
    }
}
