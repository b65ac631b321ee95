//! Laws that hold for every history, checked with random histories.
//!
//! The histories are written through the storage layer into an embedded stack, so that they may
//! have any times. Black-box tests cannot write into the past.

mod alerts;
mod asked;
mod batches;
mod changes;
mod grouping;
mod history;
mod incidents;
mod orders;
mod paging;
mod reports;
mod sealing;
