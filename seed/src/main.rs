//! Demo data from the command line: generate it, load it over HTTP, or write it as a history.

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

/// Demo data for Incident Review: a believable month of alerts and of what people did about them.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the webhooks to stdout, one JSON object a line, in order of arrival and without signatures.
    Generate(Story),
    /// Posts such a file as signed webhooks to a running stack. Exits with 1 if any was refused.
    Load(Load),
    /// Writes the history, with its own times and status changes, into the tables of a deployed stack.
    ///
    /// Region and credentials come from the environment or from a profile with keys; of another profile, first run
    /// eval "$(aws configure export-credentials --format env)"
    History(History),
}

/// Which history.
#[derive(Debug, Args)]
struct Story {
    /// Decides what happens; the same number and time give the same data
    #[arg(long, default_value_t = seed::DEFAULT_SEED, value_name = "NUMBER")]
    seed: u64,
    /// When it ends, as RFC 3339; the present unless given
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
}

impl Story {
    #[expect(clippy::disallowed_methods, reason = "the edge: everything below takes the time as an argument")]
    fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }
}

#[derive(Debug, Args)]
struct Load {
    /// What `generate` wrote; - is stdin
    file: PathBuf,
    /// The stack's address, such as <http://127.0.0.1:3000>
    #[arg(long)]
    url: String,
    /// The secret that Datadog sends as X-Webhook-Token
    #[arg(long, value_name = "SECRET", env = "DATADOG_SECRET", hide_env_values = true, value_parser = token)]
    datadog_secret: Token,
    /// The secret with which Sentry signs
    #[arg(long, value_name = "SECRET", env = "SENTRY_SECRET", hide_env_values = true, value_parser = secret)]
    sentry_secret: Secret,
    /// How many webhooks are on their way at a time. With more than one, their order is not kept
    #[arg(long, default_value_t = 8, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// How many webhooks are sent in a second at most
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
}

fn token(text: &str) -> Result<Token, &'static str> {
    Token::new(text).ok_or("must not be empty and must fit a header")
}

fn secret(text: &str) -> Result<Secret, &'static str> {
    Secret::new(text.to_owned()).ok_or("must not be empty")
}

#[derive(Debug, Args)]
struct History {
    #[command(flatten)]
    story: Story,
    /// The table of incidents
    #[arg(long, value_name = "NAME", env = "INCIDENTS_TABLE")]
    incidents_table: String,
    /// The table of alerts
    #[arg(long, value_name = "NAME", env = "ALERTS_TABLE")]
    alerts_table: String,
    /// The table of claims
    #[arg(long, value_name = "NAME", env = "CLAIMS_TABLE")]
    claims_table: String,
    /// The table of what could not be read
    #[arg(long, value_name = "NAME", env = "QUARANTINE_TABLE")]
    quarantine_table: String,
    /// The table of what lists remember
    #[arg(long, value_name = "NAME", env = "COUNTS_TABLE")]
    counts_table: String,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("a payload cannot be written: {0}")]
    Payload(#[from] serde_json::Error),
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
        Command::Generate(story) => generate(&story),
        Command::Load(arguments) => post(arguments).await,
        Command::History(arguments) => history(&arguments).await,
    };
    done.unwrap_or_else(|failure| {
        report(&failure);
        ExitCode::FAILURE
    })
}

fn generate(story: &Story) -> Result<ExitCode, Failure> {
    let timeline = Timeline::new(story.seed, story.now())?;
    let mut stdout = BufWriter::new(io::stdout().lock());
    let written = timeline.deliveries().try_for_each(|delivery| {
        serde_json::to_writer(&mut stdout, delivery)?;
        stdout.write_all(b"\n")
    });
    match written.and_then(|()| stdout.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => written.map(|()| ExitCode::SUCCESS).map_err(Failure::Output),
    }
}

async fn post(arguments: Load) -> Result<ExitCode, Failure> {
    let lines = open(&arguments.file)?.lines();
    let target = Target { url: arguments.url, datadog: arguments.datadog_secret, sentry: arguments.sentry_secret };
    let pace = Pace { concurrency: arguments.concurrency.into(), rate: arguments.rate.map(f64::from) };
    let mut progress = Progress::new("webhooks");
    let summary = load(lines, &target, pace, |done| progress.show(done, None)).await?;
    progress.end();
    report(&summary);
    Ok(if summary.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn history(arguments: &History) -> Result<ExitCode, Failure> {
    let tables = [
        ("INCIDENTS_TABLE", &arguments.incidents_table),
        ("ALERTS_TABLE", &arguments.alerts_table),
        ("CLAIMS_TABLE", &arguments.claims_table),
        ("QUARANTINE_TABLE", &arguments.quarantine_table),
        ("COUNTS_TABLE", &arguments.counts_table),
    ];
    let environment = Environment::of(tables.map(|(name, table)| (name.to_owned(), table.clone())).into());
    let aws = Aws::from_environment().await;
    let story = &arguments.story;
    let mut progress = Progress::new("steps");
    let shown = |done, total| progress.show(done, Some(total));
    let summary = seed::history(&aws, &environment, story.seed, story.now(), shown).await?;
    progress.end();
    report(&summary);
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).map_err(|source| Failure::Open { path: path.to_owned(), source })?;
    Ok(Box::new(BufReader::new(file)))
}

/// Says it on stderr.
fn report(news: &impl std::fmt::Display) {
    // There is nowhere left to say that it cannot be said.
    let _ = writeln!(io::stderr(), "{news}");
}
