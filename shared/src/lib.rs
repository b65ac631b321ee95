//! What the functions of Incident Review share. Each layer knows only those above it.

pub mod domain;

pub mod vendors;

pub mod classification;
pub mod grouping;

pub mod query;
pub mod store;

pub mod service;

pub mod http;

pub mod aws;
pub mod clock;
pub mod config;
pub mod telemetry;

#[cfg(test)]
mod fuzz;
