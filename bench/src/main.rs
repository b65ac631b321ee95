//! Benchmarks on the embedded stack: what things cost and how long they take, beside their targets.

mod functions;
mod lists;
mod meter;
mod notification;
mod report;
mod storm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Benchmarks of Incident Review.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    /// A burst of new problems through the queue and the worker, and what a single delivery of each kind costs.
    Storm(storm::Options),
    /// Lists of histories of 400 days, from small to large: what pages cost, when nothing is remembered and when it is.
    Lists(lists::Options),
    /// The release binaries: sizes, starts, calls, memory.
    Functions(functions::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().benchmark {
        Benchmark::Storm(options) => storm::run(&options).await,
        Benchmark::Lists(options) => lists::run(&options).await,
        Benchmark::Functions(options) => functions::run(&options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::failure(&*failure);
            ExitCode::FAILURE
        }
    }
}
