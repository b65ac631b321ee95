//! `cargo local`: the whole stack on this machine.

mod greeting;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use local::{Options, Stack};
use shared::telemetry::metrics;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Runs the whole stack of template.yaml in one process: the API, the functions, DynamoDB, SQS and Secrets
/// Manager. Nothing leaves this machine, and nobody else can reach it.
#[derive(Parser)]
#[command(name = "cargo local", bin_name = "cargo local")]
struct Arguments {
    /// The port of the API on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 3000)]
    port: u16,

    /// Keeps the tables in this directory across restarts [default: in memory, gone at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Starts with empty tables, without demo data. Tables that hold something are never filled.
    #[arg(long)]
    empty: bool,

    /// Logs each request and what the functions say of it, not only what goes wrong.
    #[arg(long, short)]
    verbose: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log(arguments.verbose);
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    // Before the start: whoever stops a stack that is starting stops it cleanly.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let options = Options { port: arguments.port, data: arguments.data, demo: !arguments.empty, ..Options::default() };
    let stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = either(&mut interrupt, &mut terminate) => return Ok(()),
    };
    io::stdout().write_all(greeting::of(stack.url()).as_bytes())?;
    io::stdout().flush()?;

    either(&mut interrupt, &mut terminate).await;
    let _ = writeln!(io::stderr(), "finishing what is in flight; once more to stop at once");
    tokio::select! {
        () = stack.stop() => Ok(()),
        () = either(&mut interrupt, &mut terminate) => Err("stopped with work left".into()),
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

fn log(verbose: bool) {
    let level = if verbose { LevelFilter::INFO } else { LevelFilter::WARN };
    // The embedded database calls each condition that is not met an error; to the functions it is an answer.
    let targets = Targets::new().with_default(level).with_target("dynoxide", LevelFilter::ERROR);
    // Nobody makes metrics of these lines here.
    let targets = targets.with_target(metrics::TARGET, LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_filter(targets);
    tracing_subscriber::registry().with(lines).init();
}
