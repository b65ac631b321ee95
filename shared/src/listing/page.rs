//! One page of a list, and the request for it.

use super::{
    cursor::Cursor,
    segments::{
        facets::FacetValues,
        query::{Listed, Query},
    },
};

/// A request for one page of alerts or incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    pub query: Query,
    /// What tells the list from others: a cursor works only for the list that it came from.
    pub list: String,
}

impl ListQuery {
    /// The same page with another limit.
    #[must_use]
    pub fn with_limit(&self, limit: usize) -> Self {
        Self { query: Query { limit, ..self.query.clone() }, list: self.list.clone() }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// How many rows the list has.
    pub total: u64,
    /// How many rows the page may have.
    pub limit: usize,
    /// How many rows are before it.
    pub offset: u64,
    /// Where the list goes on, if it does.
    pub next_cursor: Option<Cursor>,
    /// Those that were asked for.
    pub facets: Vec<FacetValues>,
}

impl<T> Page<T> {
    /// The page that was asked for, with the rows that were found.
    #[must_use]
    pub fn of(asked: &ListQuery, listed: Listed, items: Vec<T>) -> Self {
        let cursor = |position: &dyn ToString| Cursor { position: position.to_string(), list: asked.list.clone() };
        Self {
            items,
            total: listed.total,
            limit: asked.query.limit,
            offset: listed.offset,
            next_cursor: listed.next.map(|position| cursor(&position)),
            facets: listed.facets,
        }
    }
}
