//! Posts deliveries as their sources would, signed, to a running stack.

use std::{
    collections::BTreeMap,
    fmt, io,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{
    Client, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;
use shared::sources::signature::Secret;

use crate::{Delivery, WebhookSource};

/// How often a delivery is tried while the stack does not answer or fails.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longer than any source waits.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Where deliveries go.
#[derive(Debug)]
pub struct Target {
    /// The address before `/webhooks/{source}`.
    pub url: String,
    /// Datadog's token.
    pub datadog: Token,
    /// Sentry's client secret.
    pub sentry: Secret,
}

/// A secret that travels in a header as it is.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// `None` if it is empty or cannot stand in a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(text).ok().filter(|value| !value.is_empty())?;
        value.set_sensitive(true);
        Some(Self(value))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token([REDACTED])")
    }
}

/// How fast they go.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many are on their way at a time, at most.
    pub concurrency: usize,
    /// How many are sent in a second, at most.
    pub rate: Option<f64>,
}

/// What became of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LoadSummary {
    /// Taken.
    pub accepted: usize,
    /// Authentic and of no interest.
    pub ignored: usize,
    /// Authentic and not understood.
    pub quarantined: usize,
    /// Not taken, by reason.
    pub refused: BTreeMap<String, usize>,
    /// From the first to the last.
    pub elapsed: Duration,
}

impl LoadSummary {
    /// How many were sent.
    #[must_use]
    pub fn total(&self) -> usize {
        self.accepted + self.ignored + self.quarantined + self.refused.values().sum::<usize>()
    }

    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Ignored => self.ignored += 1,
            Outcome::Quarantined => self.quarantined += 1,
            Outcome::Refused(reason) => *self.refused.entry(reason).or_default() += 1,
        }
    }
}

impl fmt::Display for LoadSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, ignored, quarantined, refused, elapsed } = self;
        let seconds = elapsed.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
        let rate = self.total() as f64 / seconds.max(0.001);
        let refusals: usize = refused.values().sum();
        write!(
            formatter,
            "{accepted} accepted, {ignored} ignored, {quarantined} quarantined, {refusals} refused in {seconds:.1} s: {rate:.0} per second"
        )?;
        refused.iter().try_for_each(|(reason, count)| write!(formatter, "\n{count} refused: {reason}"))
    }
}

/// Loading stopped.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("line {line} cannot be read: {source}")]
    Read {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: io::Error,
    },
    /// A line is no delivery.
    #[error("line {line} is not a delivery: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// A line has a header that HTTP does not allow.
    #[error("line {line} has an impossible header {name:?}")]
    Header {
        /// Counted from 1.
        line: usize,
        /// Its name.
        name: String,
    },
    /// There is no HTTP client.
    #[error("no HTTP client: {0}")]
    Client(reqwest::Error),
}

/// Posts each line's delivery; `progress` hears how many are done.
///
/// # Errors
/// [`LoadError`]. That a delivery is refused is no error but counted.
pub async fn load(
    lines: impl Iterator<Item = io::Result<String>>,
    target: &Target,
    pace: Pace,
    mut progress: impl FnMut(usize),
) -> Result<LoadSummary, LoadError> {
    let client = Client::builder().timeout(TIMEOUT).build().map_err(LoadError::Client)?;
    let client = &client;
    let begun = Instant::now();
    let summary = stream::iter((1..).zip(lines))
        .map(|(line, text)| read(line, text))
        // A line that is empty is nothing.
        .try_filter_map(|delivery| std::future::ready(Ok(delivery)))
        .enumerate()
        .then(|(number, delivery)| async move {
            if let Some(due) = pace.rate.and_then(|rate| due(number, rate)) {
                tokio::time::sleep_until((begun + due).into()).await;
            }
            delivery
        })
        .map_ok(|(line, delivery)| async move {
            let headers = proven(&delivery, target).map_err(|name| LoadError::Header { line, name })?;
            Ok(post(client, &target.url, delivery, headers).await)
        })
        .try_buffer_unordered(pace.concurrency.max(1))
        .try_fold(LoadSummary::default(), |mut summary, outcome| {
            summary.count(outcome);
            progress(summary.total());
            std::future::ready(Ok(summary))
        })
        .await?;
    Ok(LoadSummary { elapsed: begun.elapsed(), ..summary })
}

/// When a delivery is due, after the start; `None` if never or at once.
fn due(number: usize, rate: f64) -> Option<Duration> {
    let number = u32::try_from(number).ok()?;
    Duration::try_from_secs_f64(f64::from(number) / rate).ok()
}

fn read(line: usize, text: io::Result<String>) -> Result<Option<(usize, Delivery)>, LoadError> {
    let text = text.map_err(|source| LoadError::Read { line, source })?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let delivery = serde_json::from_str(&text).map_err(|source| LoadError::Line { line, source })?;
    Ok(Some((line, delivery)))
}

/// The headers, with the proof that the sender knows the secret; the name of a header that cannot be.
fn proven(delivery: &Delivery, target: &Target) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &delivery.headers {
        let (Ok(key), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
            return Err(name.clone());
        };
        headers.insert(key, value);
    }
    match delivery.source {
        WebhookSource::Datadog => {
            headers.insert("x-webhook-token", target.datadog.0.clone());
        }
        WebhookSource::Sentry => {
            let signature = target.sentry.sign(delivery.body.as_bytes());
            let value = HeaderValue::try_from(signature).map_err(|_| "Sentry-Hook-Signature".to_owned())?;
            headers.insert("sentry-hook-signature", value);
        }
    }
    Ok(headers)
}

#[derive(Debug)]
enum Outcome {
    Accepted,
    Ignored,
    Quarantined,
    Refused(String),
}

/// What the stack answers.
#[derive(Deserialize)]
struct Answer {
    status: String,
}

async fn post(client: &Client, url: &str, delivery: Delivery, headers: HeaderMap) -> Outcome {
    let address = format!("{}/webhooks/{}", url.trim_end_matches('/'), delivery.source.name());
    let mut attempt = 1;
    loop {
        let request = client.post(&address).headers(headers.clone()).body(delivery.body.clone());
        let failure = match request.send().await {
            Ok(answer) if !may_pass(answer.status()) => return outcome(answer).await,
            Ok(answer) => format!("{}, {ATTEMPTS} times", answer.status()),
            Err(error) => format!("no answer, {ATTEMPTS} times: {}", innermost(&error)),
        };
        if attempt == ATTEMPTS {
            return Outcome::Refused(failure);
        }
        let longest = FIRST_PAUSE * 2_u32.pow(attempt - 1);
        tokio::time::sleep(longest.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        attempt += 1;
    }
}

/// Whether it is worth another attempt.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

async fn outcome(answer: reqwest::Response) -> Outcome {
    let status = answer.status();
    if !status.is_success() {
        return Outcome::Refused(status.to_string());
    }
    match answer.json::<Answer>().await.map(|answer| answer.status).as_deref() {
        Ok("accepted") => Outcome::Accepted,
        Ok("ignored") => Outcome::Ignored,
        Ok("quarantined") => Outcome::Quarantined,
        _ => Outcome::Refused(format!("{status} with an answer that is not one of a webhook")),
    }
}

/// The cause, without the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
