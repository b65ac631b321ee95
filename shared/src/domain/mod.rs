//! The nouns of incident review. Pure: no I/O, no clock, no randomness.

pub mod action;
pub mod alert;
pub mod delivery;
pub mod episode;
pub mod event;
pub mod id;
pub mod incident;
pub mod quarantine;
pub mod severity;
pub mod source;
pub mod status;
pub mod text;
pub mod time;
