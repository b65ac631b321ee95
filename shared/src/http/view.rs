//! The bodies of answers. They are separate from the domain's types, so that either can change
//! alone.

mod alert;
mod changes;
mod incident;
mod page;
mod payload;
mod quarantine;
mod receipt;
mod similar;

pub use alert::{ALERT_COLUMNS, AlertView, SingleAlertView};
pub use changes::{ChangedIncidentView, CommentView, DividedIncidentView, MergedIncidentsView};
pub use incident::{INCIDENT_COLUMNS, IncidentDetailView, IncidentView};
pub use page::PageView;
pub use payload::AlertPayloadView;
pub use quarantine::{QuarantineEntryDetailView, QuarantineEntryView, RedrivenEntriesView};
pub use receipt::ReceiptView;
pub use similar::SimilarIncidentsView;
