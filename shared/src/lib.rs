//! What the functions of Incident Review share.
//!
//! Modules are layers. Each knows only those above it in this file; a test checks the imports.

// The nouns and their rules.
pub mod domain;

pub mod ids;
pub mod keys;
pub mod packing;
pub mod rules;

// Pure decisions, which do not know each other.
pub mod classification;
pub mod grouping;
pub mod identity;
pub mod listing;
pub mod sources;

// The surroundings of a process.
pub mod config;
pub mod deadline;

pub mod clock;

pub mod aws;
pub mod fetch;
pub mod retry;
pub mod telemetry;

// What is reached over the network: the tables, the queue, the secret, the identity provider, the
// certificates of sources.
pub mod certificates;
pub mod credentials;
pub mod issuer;
pub mod queue;
pub mod store;

// Use cases.
pub mod service;

// Requests and answers; the only place that knows status codes.
pub mod http;

// Starts and runs a function on Lambda.
pub mod function;
