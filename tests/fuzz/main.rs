//! Hostile input for everything that parses: nothing panics, what is read is bounded, and no
//! authentic webhook is lost.
//!
//! `PROPTEST_CASES=100000 cargo test -p tests --test fuzz` runs many more cases.

mod headers;
mod mutation;
mod payloads;
mod places;
mod queries;
mod segments;
