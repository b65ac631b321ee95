//! What the functions of Incident Review share. Each layer knows only those above it.

pub mod domain;

pub mod keys;
pub mod rules;

pub mod classification;
pub mod grouping;
pub mod sources;

pub mod listing;
pub mod store;

pub mod service;

pub mod http;

pub mod aws;
pub mod clock;
pub mod config;
pub mod telemetry;

#[cfg(test)]
mod fuzz;
