//! `cargo local`: runs the whole stack on this machine.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use local::{Options, Stack, greeting};
use shared::telemetry::metrics;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Runs the stack of template.yaml in one process: the API, the functions, DynamoDB, SQS and
/// Secrets Manager. It listens on 127.0.0.1 only and sends nothing to other machines. If the
/// parameter `OidcIssuer` is set, it fetches the keys of that issuer.
#[derive(Parser)]
#[command(name = "cargo local", bin_name = "cargo local")]
struct Arguments {
    /// The port of the API. 0 takes any free port.
    #[arg(long, default_value_t = 3000)]
    port: u16,

    /// The directory that keeps tables and queues across restarts [default: in memory only]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Starts without demo data. Demo data is only ever written to empty tables.
    #[arg(long)]
    empty: bool,

    /// Sets a parameter of template.yaml, as `sam deploy --parameter-overrides` does. Repeat it for
    /// several, such as `OidcIssuer` and `OidcAudience`.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = assignment)]
    parameters: Vec<Assignment>,

    /// Logs each request and the logs of the functions, not only warnings and errors.
    #[arg(long, short)]
    verbose: bool,
}

/// A parameter of the template and its value.
#[derive(Debug, Clone)]
struct Assignment {
    name: String,
    value: String,
}

fn assignment(text: &str) -> Result<Assignment, String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok(Assignment { name: name.to_owned(), value: value.to_owned() })
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
    // Registered before the start, so that Ctrl-C during the start stops cleanly too.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let parameters = arguments.parameters.into_iter().map(|Assignment { name, value }| (name, value)).collect();
    let options = Options {
        port: arguments.port,
        data: arguments.data,
        demo: !arguments.empty,
        parameters,
        ..Options::default()
    };
    let stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = either(&mut interrupt, &mut terminate) => return Ok(()),
    };
    io::stdout().write_all(greeting::of(stack.url()).as_bytes())?;
    io::stdout().flush()?;

    either(&mut interrupt, &mut terminate).await;
    let _ = writeln!(io::stderr(), "finishing requests and messages; press Ctrl-C again to stop at once");
    tokio::select! {
        () = stack.stop() => Ok(()),
        () = either(&mut interrupt, &mut terminate) => Err("stopped before all messages were processed".into()),
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
    // The embedded database logs each failed condition as a warning. To the functions it is an
    // answer.
    let targets = Targets::new().with_default(level).with_target("dynoxide", LevelFilter::ERROR);
    // These lines are for CloudWatch, which makes metrics of them.
    let targets = targets.with_target(metrics::TARGET, LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_filter(targets);
    tracing_subscriber::registry().with(lines).init();
}
