//! Page arithmetic. Pure.

use super::cursor::Cursor;

/// The part of a list that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// How many rows at the most.
    pub limit: usize,
    /// Where it starts.
    pub start: Start,
    /// Whether the list ascends.
    pub ascending: bool,
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// After that many rows.
    Offset(u64),
    /// After the row at which a page before it ended.
    Cursor(Cursor),
}

impl Start {
    /// How many rows are before the page.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Offset(offset) => *offset,
            Self::Cursor(cursor) => cursor.offset,
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows the list has.
    pub total: u64,
    /// How many rows the page may have.
    pub limit: usize,
    /// How many rows are before it.
    pub offset: u64,
    /// Where the list goes on, if it does.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// The page of a list without rows.
    #[must_use]
    pub fn empty(request: &PageRequest) -> Self {
        Self { items: Vec::new(), total: 0, limit: request.limit, offset: request.start.offset(), next_cursor: None }
    }

    /// The same page with other rows.
    #[must_use]
    pub fn with_items<U>(self, items: Vec<U>) -> Page<U> {
        Page { items, total: self.total, limit: self.limit, offset: self.offset, next_cursor: self.next_cursor }
    }
}

/// Finds the slice in which an offset lies, given how many rows each slice has in the order of reading:
/// its number and how many of its rows come before. `None` if the list ends before.
#[must_use]
pub fn locate(counts: impl IntoIterator<Item = u64>, offset: u64) -> Option<(usize, u64)> {
    let mut before = 0_u64;
    for (slice, count) in counts.into_iter().enumerate() {
        if offset < before.saturating_add(count) {
            return Some((slice, offset - before));
        }
        before = before.saturating_add(count);
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_offset_is_found_where_counting_rows_one_by_one_finds_it(
            counts in proptest::collection::vec(0_u64..5, 0..8),
            offset in 0_u64..40,
        ) {
            let rows: Vec<(usize, u64)> = counts
                .iter()
                .enumerate()
                .flat_map(|(slice, count)| (0..*count).map(move |row| (slice, row)))
                .collect();
            let expected = usize::try_from(offset).ok().and_then(|offset| rows.get(offset).copied());
            prop_assert_eq!(locate(counts, offset), expected);
        }
    }

    #[test]
    fn the_largest_offset_is_beyond_every_list() {
        assert_eq!(locate([u64::MAX, 1], u64::MAX), None);
        assert_eq!(locate([3], u64::MAX), None);
    }
}
