//! Laws that hold for every history: lists agree with a naive model of them. The history is written
//! through the storage layer into an embedded stack, so that it may have any times; black-box tests
//! cannot make the past.

mod alerts;
mod batches;
mod changes;
mod history;
mod incidents;
mod orders;
mod paging;
mod time_budget;
