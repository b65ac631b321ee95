//! Tries rules on stored alerts, from the command line.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use replay::{
    read_rules, regroup,
    report::Compared,
    stack::{Query, StackError},
};
use reqwest::{Client, Url, header::HeaderValue};
use shared::{
    clock,
    domain::time::{MINUTES_A_DAY, Time},
    rules::Rules,
};

/// How many days are replayed if no beginning is named.
const DAYS: i64 = 7;

/// Groups the alerts of a running stack again by other rules, and prints what would be grouped otherwise. It only reads.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The rules to try: a file like infra/rules.yaml
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// The rules to compare with [default: infra/rules.yaml, as it was built in]
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// The address of the stack
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: Url,
    /// A viewer's token
    #[arg(long, value_name = "TOKEN", env = "API_TOKEN", hide_env_values = true, value_parser = bearer)]
    token: HeaderValue,
    /// Only alerts that were created at this time or later, as RFC 3339 [default: 7 days before the end]
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Time>,
    /// Only alerts that were created until this time [default: the present]
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Time>,
    /// Only alerts of this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
}

fn bearer(token: &str) -> Result<HeaderValue, &'static str> {
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    let mut value = value.ok().filter(|_| !token.is_empty()).ok_or("it is empty or cannot be sent in a header")?;
    value.set_sensitive(true);
    Ok(value)
}

fn time(text: &str) -> Result<Time, &'static str> {
    text.parse().map_err(|_| "it is no time such as 2026-11-20T10:00:00Z")
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Rules(#[from] replay::RulesError),
    #[error(transparent)]
    BuiltIn(#[from] shared::rules::InvalidRules),
    #[error(transparent)]
    Stack(#[from] StackError),
    #[error("could not make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

async fn run(arguments: Arguments) -> Result<String, Failure> {
    let Arguments { rules, against, url, token, from, to, environment } = arguments;
    let rules = read_rules(&rules)?;
    let against = against.map_or_else(|| Ok::<_, Failure>(Rules::built_in()?), |path| Ok(read_rules(&path)?))?;
    let to = to.unwrap_or_else(clock::now);
    let from = from.unwrap_or_else(|| to.plus_minutes(-DAYS * MINUTES_A_DAY));
    let query = Query { url, authorization: token, from, to, environment };
    let alerts = query.alerts(&Client::builder().build()?).await?;
    let (before, after) = (regroup(&alerts, &against), regroup(&alerts, &rules));
    Ok(Compared { alerts: &alerts, before: &before, after: &after }.report())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let printed = match run(Arguments::parse()).await {
        Ok(report) => io::stdout().write_all(report.as_bytes()).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
