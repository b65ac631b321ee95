//! Entries of the quarantine, and what became of them.

use serde::Serialize;

use super::payload::BodyView;
use crate::{
    domain::{
        delivery::DeliveryId,
        id::EntryId,
        quarantine::{EntryAction, EntryKind, EntryState, QuarantineEntry},
        source::Source,
        time::Time,
    },
    listing::cursor::Cursor,
    service::{
        get_quarantine_entry::QuarantineEntryDetail,
        redrive_quarantine::{RedrivenEntries, RefusedEntry},
    },
};

/// A quarantine entry, as a list shows it.
#[derive(Debug, Serialize)]
pub struct QuarantineEntryView {
    id: EntryId,
    kind: EntryKind,
    source: Option<Source>,
    delivery_id: Option<DeliveryId>,
    reason: String,
    state: EntryState,
    created_at: Time,
    received_at: Option<Time>,
    body: Option<String>,
    body_bytes: usize,
    truncated: bool,
}

impl From<QuarantineEntry> for QuarantineEntryView {
    fn from(entry: QuarantineEntry) -> Self {
        Self {
            id: entry.id,
            kind: entry.kind,
            source: entry.source,
            delivery_id: entry.delivery_id,
            reason: entry.reason,
            state: entry.state,
            created_at: entry.id.created_at(),
            received_at: entry.received_at,
            body: Some(entry.first_lines),
            body_bytes: entry.body_bytes,
            truncated: entry.truncated,
        }
    }
}

/// A quarantine entry with its whole body: as text, or in base64 if it is not UTF-8 or too large as text.
#[derive(Debug, Serialize)]
pub struct QuarantineEntryDetailView {
    #[serde(flatten)]
    entry: QuarantineEntryView,
    body_base64: Option<String>,
    actions: Vec<EntryAction>,
}

impl QuarantineEntryDetailView {
    /// The entry and its body. A deleted entry has no body.
    #[must_use]
    pub fn of(detail: QuarantineEntryDetail) -> Self {
        let QuarantineEntryDetail { mut entry, body } = detail;
        let actions = std::mem::take(&mut entry.actions);
        let BodyView { text, base64 } = body.map_or(BodyView { text: None, base64: None }, BodyView::of);
        Self { entry: QuarantineEntryView { body: text, ..entry.into() }, body_base64: base64, actions }
    }
}

/// What became of entries that were to be redriven.
#[derive(Debug, Serialize)]
pub struct RedrivenEntriesView {
    redriven: u64,
    refused: Vec<RefusedEntryView>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct RefusedEntryView {
    id: EntryId,
    reason: String,
}

impl RedrivenEntriesView {
    /// Shows them. `list` is the key of the list for its cursors.
    #[must_use]
    pub fn of(entries: RedrivenEntries, list: String) -> Self {
        let RedrivenEntries { redriven, refused, last } = entries;
        let refused = refused.into_iter().map(|RefusedEntry { id, reason }| RefusedEntryView { id, reason }).collect();
        let cursor = last.map(|id| Cursor { position: id.to_string(), list });
        Self { redriven, refused, next_cursor: cursor.map(|cursor| cursor.encode()) }
    }
}
