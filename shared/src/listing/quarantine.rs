//! The list of the quarantine, in the order of creation. It is short, so all of it is read each time.

use std::collections::BTreeSet;

use super::{cursor::Cursor, page::Page};
use crate::domain::{
    id::EntryId,
    quarantine::{EntryKind, QuarantineEntry},
    source::Source,
};

/// What entries to list. Conditions combine with AND, the values of one with OR. A condition without
/// values matches every entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuarantineFilter {
    pub kinds: Vec<EntryKind>,
    pub sources: Vec<Source>,
}

/// The page that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineQuery {
    pub filter: QuarantineFilter,
    /// Whether the oldest entry comes first.
    pub ascending: bool,
    pub start: EntryStart,
    /// How many entries at the most.
    pub limit: usize,
    /// What tells the list from others, for its cursors.
    pub list: String,
}

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryStart {
    /// After that many entries.
    Offset(u64),
    /// After an entry, or where it would be.
    After(EntryId),
}

impl QuarantineFilter {
    /// What tells the list from others: what it asks for, whatever the order, and its direction.
    #[must_use]
    pub fn list_key(&self, ascending: bool) -> String {
        fn sorted<T: ToString>(values: &[T]) -> String {
            let texts: BTreeSet<String> = values.iter().map(ToString::to_string).collect();
            texts.into_iter().collect::<Vec<_>>().join(",")
        }
        format!("quarantine.{}.{}.{ascending}", sorted(&self.kinds), sorted(&self.sources))
    }

    /// Whether an entry matches.
    #[must_use]
    pub fn matches(&self, entry: &QuarantineEntry) -> bool {
        let is_of_source = |source: &Source| self.sources.contains(source);
        (self.kinds.is_empty() || self.kinds.contains(&entry.kind))
            && (self.sources.is_empty() || entry.source.as_ref().is_some_and(is_of_source))
    }
}

impl QuarantineQuery {
    /// The page, given all entries.
    #[must_use]
    pub fn page(&self, entries: Vec<QuarantineEntry>) -> Page<QuarantineEntry> {
        let mut entries: Vec<QuarantineEntry> =
            entries.into_iter().filter(|entry| self.filter.matches(entry)).collect();
        entries.sort_unstable_by_key(|entry| entry.id);
        if !self.ascending {
            entries.reverse();
        }
        let is_before = |entry: &QuarantineEntry, after: EntryId| {
            if self.ascending { entry.id <= after } else { entry.id >= after }
        };
        let total = entries.len() as u64;
        let offset = match self.start {
            EntryStart::Offset(offset) => offset,
            EntryStart::After(after) => entries.partition_point(|entry| is_before(entry, after)) as u64,
        };
        let rest = entries.into_iter().skip(usize::try_from(offset).unwrap_or(usize::MAX));
        let items: Vec<QuarantineEntry> = rest.take(self.limit).collect();
        let goes_on = offset.saturating_add(items.len() as u64) < total;
        let last = items.last().filter(|_| goes_on);
        let next_cursor = last.map(|last| Cursor { position: last.id.to_string(), list: self.list.clone() });
        Page { items, total, limit: self.limit, offset, next_cursor, facets: Vec::new() }
    }
}
