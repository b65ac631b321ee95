//! The nouns of incident review and their rules. Pure: no I/O, no clock, no randomness.

pub mod action;
pub mod alert;
pub mod alert_status;
pub mod assignee;
pub mod classification;
pub mod delivery;
pub mod episode;
pub mod event;
pub mod grouping;
pub mod id;
pub mod incident;
pub mod payload;
pub mod principal;
pub mod problem;
pub mod quarantine;
pub mod reported;
pub mod retention;
pub mod severity;
pub mod source;
pub mod status;
pub mod text;
pub mod time;

#[cfg(test)]
pub(crate) mod samples;
