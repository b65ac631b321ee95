//! Every accepted delivery takes effect exactly once, whatever happens to requests, workers and the
//! process.
//!
//! `FAULT_SEEDS=500 cargo test -p tests --test faults` runs 500 scenarios, `FAULT_SEED=17` a single
//! one.
//!
//! A seed fixes what is sent, in which order, which requests fail and where workers are stopped.
//! How the requests of several workers meet is up to the machine. So a rare collision may take
//! several runs to come again.

mod comments;
mod damage;
mod grouped_messages;
mod invariants;
mod issuer;
mod kill;
mod limits;
mod merges;
mod model;
mod outage;
mod payloads;
mod people;
mod quarantine;
mod queue;
mod receipts;
mod scenario;
mod seeds;
mod single_faults;
mod sources;
mod status;
mod storm;
mod tables;
mod time_limits;
mod whole_stack;
mod workers;
