//! What must hold for every webhook, for a fuzzer that looks for one for which it does not.
//!
//! The modules are those of `shared`. Its pure layers are built here without the rest: so a fuzzer
//! with its own compiler flags is built in a minute, without the AWS SDK. This crate also fails to
//! build if one of these layers is not pure any more.

#[path = "../../shared/src/classification/mod.rs"]
pub mod classification;
#[path = "../../shared/src/domain/mod.rs"]
pub mod domain;
#[path = "../../shared/src/grouping/mod.rs"]
pub mod grouping;
#[path = "../../shared/src/rules.rs"]
pub mod rules;
#[path = "../../shared/src/sources/mod.rs"]
pub mod sources;

pub mod payloads;
pub mod proofs;
