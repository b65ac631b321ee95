//! Measures the release binary of each function: its size, how fast it starts and answers, and how
//! much memory it needs.
//!
//! Each binary runs as a process of its own. The benchmark plays Lambda: the process gets its
//! events over the Lambda Runtime API, and reaches the embedded services over HTTP. The figures
//! leave out what AWS adds: the start of the sandbox, TLS handshakes and the network. A function of
//! 512 MB also has only a third of a CPU after its start.

mod events;
mod runtime;
mod services;

use std::{fs, io::Write, path::PathBuf, time::Duration};

use clap::Args;
use events::Subjects;
use flate2::{Compression, write::DeflateEncoder};
use runtime::Process;
use services::Services;

use crate::report::{Failure, table};

/// The targets for [`RECEIVER`]. The first answer is timed from the start of the process.
const TARGET_FIRST_ANSWER_MS: f64 = 60.0;
/// Eight sources and the certificates of SNS take half a mebibyte more than two sources did.
const TARGET_BINARY_MIB: f64 = 6.5;
const TARGET_WARM_P99_MS: f64 = 5.0;

/// This function has targets, because Sentry waits only 1 s for its answer.
const RECEIVER: &str = "ReceiveWebhook";

/// Every environment variable that the template sets for a function.
const VARIABLES: [&str; 21] = [
    "ALLOWED_ADDRESSES",
    "ALERTS_TABLE",
    "CLAIMS_TABLE",
    "EDGE_SECRETS",
    "INCIDENTS_TABLE",
    "LIMITS_TABLE",
    "LIST_BUDGET_MS",
    "OIDC_AUDIENCE",
    "OIDC_ISSUER",
    "OIDC_RESPONDER_VALUES",
    "OIDC_ROLE_CLAIM",
    "OIDC_VIEWER_VALUES",
    "PAYLOADS_TABLE",
    "QUARANTINE_TABLE",
    "QUEUE_URL",
    "RAW_RETENTION_DAYS",
    "RETENTION_DAYS",
    "SECRET_ARN",
    "SEGMENTS_TABLE",
    "SOURCE_LIMITS",
    "STACK_NAME",
];

/// What to measure, and how often.
#[derive(Debug, Args)]
pub struct Options {
    /// The number of processes that are started of each function
    #[arg(long, default_value_t = 5, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,
    /// The number of warm calls of the last process
    #[arg(long, default_value_t = 200, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// Measures this function only, such as ReceiveWebhook
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The folder with the binaries of `cargo lambda build`
    #[arg(long, default_value = "target/lambda", value_name = "DIR")]
    binaries: PathBuf,
}

/// The measurements of one function.
struct Figures {
    asked: &'static str,
    binary_bytes: usize,
    zipped_bytes: usize,
    ready: Vec<Duration>,
    first: Vec<Duration>,
    first_answer: Vec<Duration>,
    warm: Vec<Duration>,
    logged_bytes: u64,
    peak_memory_bytes: Option<u64>,
}

/// Measures every function of the template and prints a table.
///
/// # Errors
/// If a function is not built, does not start or does not answer. Also if the binary of
/// [`RECEIVER`] is larger than its target. Unlike times, sizes do not depend on the machine.
pub async fn run(options: &Options) -> Result<(), Failure> {
    let services = Services::start().await?;
    let subjects = Subjects::find(&services.stack).await?;
    let mut rows = Vec::new();
    let mut is_too_large = false;
    let is_measured = |function: &&str| options.only.as_deref().is_none_or(|only| only == *function);
    for function in services.stack.functions().filter(is_measured) {
        let figures = measure(function, &services, &subjects, options).await?;
        is_too_large |= function == RECEIVER && mebibytes(figures.binary_bytes) > TARGET_BINARY_MIB;
        rows.push(row(function, &figures));
    }
    let largest = if is_measured(&RECEIVER) { Some(largest_group(&services, options).await?) } else { None };
    services.stop().await;
    let head = [
        "function",
        "asked",
        "binary MiB",
        "zipped MiB",
        "start → ready ms",
        "first call ms",
        "start → first answer ms",
        "warm p50 ms",
        "warm p99 ms",
        "peak memory MiB",
        "log bytes a call",
    ];
    table(
        &format!("Release binaries: medians of {} starts, {} warm calls", options.starts, options.calls),
        &head,
        &rows,
    );
    let targets = [
        ["binary".into(), format!("≤ {TARGET_BINARY_MIB} MiB")],
        ["start → first answer".into(), format!("< {TARGET_FIRST_ANSWER_MS} ms")],
        ["warm p99".into(), format!("< {TARGET_WARM_P99_MS} ms")],
    ];
    table("Targets of ReceiveWebhook", &["", ""], &targets.map(|row| row.to_vec()));
    if let Some(row) = largest {
        table(
            "ReceiveWebhook: the largest group of Alertmanager",
            &["bytes", "alerts", "ms", "peak memory MiB"],
            &[row],
        );
    }
    if is_too_large {
        return Err(format!("{RECEIVER} is larger than {TARGET_BINARY_MIB} MiB").into());
    }
    Ok(())
}

async fn measure(
    function: &str,
    services: &Services,
    subjects: &Subjects,
    options: &Options,
) -> Result<Figures, Failure> {
    let binary = options.binaries.join(kebab(function)).join("bootstrap");
    let content = fs::read(&binary).map_err(|error| {
        format!("{}: {error}. Build the functions first, as docs/DEPLOYMENT.md says", binary.display())
    })?;
    let variables = variables(function, services);
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();

    let mut figures = Figures {
        asked: "",
        binary_bytes: content.len(),
        zipped_bytes: deflated(&content)?,
        ready: Vec::new(),
        first: Vec::new(),
        first_answer: Vec::new(),
        warm: Vec::new(),
        logged_bytes: 0,
        peak_memory_bytes: None,
    };
    for start in 0..options.starts {
        let (mut process, ready) = Process::start(&binary, &variables).await?;
        let calls = if start + 1 == options.starts { options.calls } else { 0 };
        let mut logged_before = 0;
        for call in 0..=calls {
            // Each event must differ, also between processes. A duplicate would cost less.
            let number = usize::try_from(start * (options.calls + 1) + call)?;
            let event = subjects.event(function, number)?;
            let (asked, event) = event.ok_or_else(|| format!("there is no event for {function}"))?;
            let (answer, took) = process.invoke(event).await?;
            check(function, &answer)?;
            figures.asked = asked;
            if call == 0 {
                figures.ready.push(ready);
                figures.first.push(took);
                figures.first_answer.push(ready + took);
                logged_before = process.logged_bytes()?;
            } else {
                figures.warm.push(took);
            }
        }
        figures.logged_bytes = (process.logged_bytes()? - logged_before) / u64::from(options.calls);
        figures.peak_memory_bytes = figures.peak_memory_bytes.max(process.peak_memory_bytes());
    }
    Ok(figures)
}

/// The environment variables of a function's process.
fn variables(function: &str, services: &Services) -> Vec<(&'static str, String)> {
    let environment = services.stack.environment(function);
    let own = VARIABLES.iter().filter_map(|name| Some((*name, environment.required(name).ok()?)));
    let others = services.variables().into_iter().chain(platform(function));
    own.chain(others.map(|(name, value)| (name, value.to_owned()))).collect()
}

/// How much memory the largest webhook takes in a process of its own.
async fn largest_group(services: &Services, options: &Options) -> Result<Vec<String>, Failure> {
    let variables = variables(RECEIVER, services);
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (mut process, _) =
        Process::start(&options.binaries.join(kebab(RECEIVER)).join("bootstrap"), &variables).await?;
    let group = events::largest_group();
    let (answer, took) = process.invoke(group.event).await?;
    check(RECEIVER, &answer)?;
    let memory = process.peak_memory_bytes().and_then(|bytes| usize::try_from(bytes).ok());
    Ok(vec![
        group.bytes.to_string(),
        group.alerts.to_string(),
        format!("{:.0}", took.as_secs_f64() * 1000.0),
        memory.map_or_else(|| "-".to_owned(), |bytes| format!("{:.1}", mebibytes(bytes))),
    ])
}

/// Fails if the function refused the event, since that would take less time than the work.
fn check(function: &str, answer: &serde_json::Value) -> Result<(), Failure> {
    let status = answer["statusCode"].as_u64();
    let is_done = match function {
        "Authorize" => answer["isAuthorized"] == true,
        "GroupAlerts" | "QuarantineDeadLetters" => answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty),
        "ReceiveAlarm" | "SealSegments" => answer.is_null(),
        // The entry still cannot be read, so the redrive is refused after all the work.
        "RedriveQuarantineEntry" => status == Some(422),
        _ => status.is_some_and(|status| (200..300).contains(&status)),
    };
    if is_done { Ok(()) } else { Err(format!("{function} answers {answer}").into()) }
}

/// The environment variables that Lambda sets.
fn platform(function: &str) -> [(&'static str, &str); 8] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "measured"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "measured"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "measured"),
        ("AWS_SECRET_ACCESS_KEY", "measured"),
    ]
}

fn row(function: &str, figures: &Figures) -> Vec<String> {
    let milliseconds = |of: &[Duration], percent| format!("{:.1}", percentile(of, percent).as_secs_f64() * 1000.0);
    let memory = figures.peak_memory_bytes.and_then(|bytes| usize::try_from(bytes).ok());
    vec![
        kebab(function),
        figures.asked.to_owned(),
        format!("{:.2}", mebibytes(figures.binary_bytes)),
        format!("{:.2}", mebibytes(figures.zipped_bytes)),
        milliseconds(&figures.ready, 50),
        milliseconds(&figures.first, 50),
        milliseconds(&figures.first_answer, 50),
        milliseconds(&figures.warm, 50),
        milliseconds(&figures.warm, 99),
        memory.map_or_else(|| "-".to_owned(), |bytes| format!("{:.1}", mebibytes(bytes))),
        figures.logged_bytes.to_string(),
    ]
}

fn percentile(durations: &[Duration], percent: usize) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// The size of a zip of the content, without the few bytes for names.
fn deflated(content: &[u8]) -> Result<usize, Failure> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    Ok(encoder.finish()?.len())
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// The name of the function's crate and folder: `receive-webhook` for `ReceiveWebhook`.
fn kebab(function: &str) -> String {
    let mut name = String::new();
    for letter in function.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_functions_folder_is_its_name_in_kebab_case() {
        assert_eq!(kebab("RedriveQuarantineEntry"), "redrive-quarantine-entry");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions").join(kebab("Health")).is_dir());
    }

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let durations: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&durations, 50), Duration::from_millis(100));
        assert_eq!(percentile(&durations, 99), Duration::from_millis(198));
        assert_eq!(percentile(&durations[..1], 50), Duration::from_millis(200));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
