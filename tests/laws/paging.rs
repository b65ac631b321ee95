//! What holds for the pages of every list.

use proptest::prelude::*;
use shared::listing::{page::Page, segments::query::Start};

use super::asked::PageRequest;

/// Small and large limits, with offsets up to the end and beyond it.
pub fn pages(length: usize) -> impl Strategy<Value = PageRequest> {
    let offset = prop_oneof![4 => 0..length as u64 + 5, 1 => Just(0), 1 => Just(u64::MAX)];
    let limit = prop_oneof![1_usize..=7, Just(50), Just(200)];
    (limit, offset, any::<bool>()).prop_map(|(limit, offset, ascending)| PageRequest {
        limit,
        start: Start::Offset(offset),
        ascending,
    })
}

/// Asserts that a page is a part of the whole list.
pub fn assert_page<T: PartialEq + Clone + std::fmt::Debug>(page: &Page<T>, request: &PageRequest, expected: &[T]) {
    let start = usize::try_from(request.offset()).unwrap_or(usize::MAX).min(expected.len());
    let end = start.saturating_add(request.limit).min(expected.len());
    assert_eq!(page.total, expected.len() as u64, "total");
    assert_eq!(page.items, &expected[start..end], "items");
    assert_eq!(page.next_cursor.is_some(), end < expected.len(), "whether the list goes on");
    assert_eq!((page.limit, page.offset), (request.limit, request.offset()));
}
