//! Demo data from the command line.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use seed::{
    Timeline,
    load::{Generic, Pace, Proofs, Sns, Target, Token, load},
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
    /// Sends the webhooks that `generate` printed to a running stack, with token or signature. Those of
    /// sources without a secret are skipped. Exits with 1 if the stack refused any.
    ///
    /// infra/local/secrets.env has the secrets of the local stack.
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
    /// The secret that Alertmanager sends as a bearer token
    #[arg(long, value_name = "SECRET", env = "ALERTMANAGER_SECRET", hide_env_values = true, value_parser = bearer)]
    alertmanager_secret: Option<Token>,
    /// The ARN of the topic that messages of CloudWatch come from
    #[arg(long, value_name = "ARN", env = "CLOUDWATCH_TOPIC", requires = "sns_signing_key")]
    cloudwatch_topic: Option<String>,
    /// The file with the private key that signs messages of SNS; only the local stack has its certificate
    #[arg(long, value_name = "FILE", env = "SNS_SIGNING_KEY")]
    sns_signing_key: Option<PathBuf>,
    /// The secret that Datadog sends as X-Webhook-Token
    #[arg(long, value_name = "SECRET", env = "DATADOG_SECRET", hide_env_values = true, value_parser = token)]
    datadog_secret: Option<Token>,
    /// The key (whsec_…) that signs generic webhooks, or the token that proves them
    #[arg(long, value_name = "SECRET", env = "GENERIC_SECRET", hide_env_values = true, value_parser = generic)]
    generic_secret: Option<Generic>,
    /// The secret with which Grafana signs
    #[arg(long, value_name = "SECRET", env = "GRAFANA_SECRET", hide_env_values = true, value_parser = secret)]
    grafana_secret: Option<Secret>,
    /// The secret with which PagerDuty signs
    #[arg(long, value_name = "SECRET", env = "PAGERDUTY_SECRET", hide_env_values = true, value_parser = secret)]
    pagerduty_secret: Option<Secret>,
    /// The routing key of clients of PagerDuty
    #[arg(long, value_name = "SECRET", env = "PAGERDUTY_EVENTS_SECRET", hide_env_values = true, value_parser = secret)]
    pagerduty_events_secret: Option<Secret>,
    /// The secret with which Sentry signs
    #[arg(long, value_name = "SECRET", env = "SENTRY_SECRET", hide_env_values = true, value_parser = secret)]
    sentry_secret: Option<Secret>,
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

fn bearer(text: &str) -> Result<Token, &'static str> {
    Token::bearer(text).ok_or("must not be empty and must be valid in a header")
}

fn generic(text: &str) -> Result<Generic, &'static str> {
    Generic::new(text).ok_or("must be whsec_ and base64, or a token that is valid in a header")
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
    #[error("{}: no private key of RSA as PEM, or {topic:?} is no topic of SNS", path.display())]
    Sns { topic: String, path: PathBuf },
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
    let cloudwatch = match (&arguments.cloudwatch_topic, &arguments.sns_signing_key) {
        (Some(topic), Some(path)) => Some(sns(topic, path)?),
        _ => None,
    };
    let proofs = Proofs {
        alertmanager: arguments.alertmanager_secret,
        cloudwatch,
        datadog: arguments.datadog_secret,
        generic: arguments.generic_secret,
        grafana: arguments.grafana_secret,
        pagerduty: arguments.pagerduty_secret,
        pagerduty_events: arguments.pagerduty_events_secret,
        sentry: arguments.sentry_secret,
    };
    let target = Target { url: arguments.url, proofs };
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

fn sns(topic: &str, path: &Path) -> Result<Sns, CommandError> {
    let pem = fs::read_to_string(path).map_err(|source| CommandError::Open { path: path.to_owned(), source })?;
    Sns::new(topic, &pem).ok_or_else(|| CommandError::Sns { topic: topic.to_owned(), path: path.to_owned() })
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
