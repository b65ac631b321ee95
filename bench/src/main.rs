//! Benchmarks on the embedded stack. They print costs and times beside their targets.

mod functions;
mod grouping;
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
    /// A burst of new alerts through the queue and group-alerts, and the cost of single deliveries.
    Storm(storm::Options),
    /// How well incidents match made-up outages, and what each part of the evidence adds.
    Grouping(grouping::Options),
    /// The cost of list pages over histories of 400 days, without cached counts and with them.
    Lists(lists::Options),
    /// The release binaries: their size, start, calls and memory.
    Functions(functions::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().benchmark {
        Benchmark::Storm(options) => storm::run(&options).await,
        Benchmark::Grouping(options) => grouping::run(&options),
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
