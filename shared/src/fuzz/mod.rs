//! Hostile input against everything that parses: no panic, bounded output, and what is authentic is kept.
//!
//! Many more cases: `PROPTEST_CASES=100000 cargo test --workspace --lib fuzz`.

mod headers;
mod mutation;
mod payloads;
mod queries;
