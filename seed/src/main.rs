//! Demo data from the command line.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use seed::{
    Timeline,
    load::{Pace, Target, Token, load},
    progress::Progress,
};
use shared::{aws::Aws, config::Environment, sources::signature::Secret};

/// Demo data for Incident Review: a month of alerts, and what people did about them.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints webhooks without signatures, one JSON object a line, in order of arrival.
    Generate(TimelineArguments),
    /// Sends the webhooks that `generate` printed to a running stack, with token or signature. Exits
    /// with 1 if the stack refused any.
    Load(LoadArguments),
    /// Writes webhooks and status changes into the empty tables of a deployed stack, each at its own
    /// time.
    ///
    /// Region and credentials come from the environment or from a profile with keys. For any other
    /// profile, first run: eval "$(aws configure export-credentials --format env)"
    History(HistoryArguments),
}

#[derive(Debug, Args)]
struct TimelineArguments {
    /// The same seed and end give the same data
    #[arg(long, default_value_t = seed::DEFAULT_SEED, value_name = "NUMBER")]
    seed: u64,
    /// The end of the history, as RFC 3339 [default: the present]
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
}

impl TimelineArguments {
    #[expect(clippy::disallowed_methods, reason = "everything below takes the time as an argument")]
    fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }
}

#[derive(Debug, Args)]
struct LoadArguments {
    /// What `generate` printed; - reads stdin
    file: PathBuf,
    /// The address of the stack, such as <http://127.0.0.1:3000>
    #[arg(long)]
    url: String,
    /// The secret that Datadog sends as X-Webhook-Token
    #[arg(long, value_name = "SECRET", env = "DATADOG_SECRET", hide_env_values = true, value_parser = token)]
    datadog_secret: Token,
    /// The secret with which Sentry signs
    #[arg(long, value_name = "SECRET", env = "SENTRY_SECRET", hide_env_values = true, value_parser = secret)]
    sentry_secret: Secret,
    /// How many webhooks are on their way at a time; more than one does not keep their order
    #[arg(long, default_value_t = 8, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// How many webhooks are sent in a second, at most
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
}

fn token(text: &str) -> Result<Token, &'static str> {
    Token::new(text).ok_or("must not be empty and must be valid in a header")
}

fn secret(text: &str) -> Result<Secret, &'static str> {
    Secret::new(text.to_owned()).ok_or("must not be empty")
}

#[derive(Debug, Args)]
struct HistoryArguments {
    #[command(flatten)]
    timeline: TimelineArguments,
    /// The table of incidents
    #[arg(long, value_name = "NAME", env = "INCIDENTS_TABLE")]
    incidents_table: String,
    /// The table of alerts
    #[arg(long, value_name = "NAME", env = "ALERTS_TABLE")]
    alerts_table: String,
    /// The table of claims
    #[arg(long, value_name = "NAME", env = "CLAIMS_TABLE")]
    claims_table: String,
    /// The table of the quarantine
    #[arg(long, value_name = "NAME", env = "QUARANTINE_TABLE")]
    quarantine_table: String,
    /// The table of segments
    #[arg(long, value_name = "NAME", env = "SEGMENTS_TABLE")]
    segments_table: String,
}

#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Data(#[from] seed::DataError),
    #[error("stdout: {0}")]
    Output(io::Error),
    #[error("{}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Load(#[from] seed::load::LoadError),
    #[error(transparent)]
    History(#[from] seed::SeedError),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Generate(arguments) => generate(&arguments),
        Command::Load(arguments) => send(arguments).await,
        Command::History(arguments) => history(&arguments).await,
    };
    done.unwrap_or_else(|error| {
        report(&error);
        ExitCode::FAILURE
    })
}

fn generate(arguments: &TimelineArguments) -> Result<ExitCode, CommandError> {
    let timeline = Timeline::new(arguments.seed, arguments.now())?;
    let mut stdout = BufWriter::new(io::stdout().lock());
    let written = timeline.webhooks().try_for_each(|webhook| {
        serde_json::to_writer(&mut stdout, webhook)?;
        stdout.write_all(b"\n")
    });
    match written.and_then(|()| stdout.flush()) {
        // The reader, such as `head`, has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => written.map(|()| ExitCode::SUCCESS).map_err(CommandError::Output),
    }
}

async fn send(arguments: LoadArguments) -> Result<ExitCode, CommandError> {
    let lines = open(&arguments.file)?.lines();
    let target = Target { url: arguments.url, datadog: arguments.datadog_secret, sentry: arguments.sentry_secret };
    let pace = Pace { concurrency: arguments.concurrency.into(), rate: arguments.rate.map(f64::from) };
    let mut progress = Progress::new("webhooks");
    let summary = load(lines, &target, pace, |done| progress.show(done, None)).await?;
    progress.end();
    report(&summary);
    Ok(if summary.has_refusals() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn history(arguments: &HistoryArguments) -> Result<ExitCode, CommandError> {
    let tables = [
        ("INCIDENTS_TABLE", &arguments.incidents_table),
        ("ALERTS_TABLE", &arguments.alerts_table),
        ("CLAIMS_TABLE", &arguments.claims_table),
        ("QUARANTINE_TABLE", &arguments.quarantine_table),
        ("SEGMENTS_TABLE", &arguments.segments_table),
    ];
    let environment = Environment::of(tables.map(|(name, table)| (name.to_owned(), table.clone())).into());
    let aws = Aws::from_environment().await;
    let TimelineArguments { seed, .. } = arguments.timeline;
    let mut progress = Progress::new("steps");
    let show = |done, total| progress.show(done, Some(total));
    let summary = seed::history(&aws, &environment, seed, arguments.timeline.now(), show).await?;
    progress.end();
    report(&summary);
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, CommandError> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).map_err(|source| CommandError::Open { path: path.to_owned(), source })?;
    Ok(Box::new(BufReader::new(file)))
}

/// Prints a line to stderr.
fn report(message: &impl std::fmt::Display) {
    // If stderr is closed, there is nowhere to report that.
    let _ = writeln!(io::stderr(), "{message}");
}
