//! Sends webhooks to a running stack as their sources would, with token or signature.

mod post;
mod proofs;
mod sns;
mod summary;
mod target;

use std::{
    future, io,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Client;

use self::{post::post, summary::Outcome};
use crate::webhook::{Source, Webhook};
pub use proofs::{Generic, Proofs, SigningKey, Token};
pub use sns::Sns;
pub use summary::LoadSummary;
pub use target::Target;

/// Longer than any source waits.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// How fast webhooks are sent.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many webhooks are on their way at a time, at most.
    pub concurrency: usize,
    /// How many webhooks are sent in a second, at most.
    pub rate: Option<f64>,
}

/// Loading stopped. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("could not read line {line}: {source}")]
    Read { line: usize, source: io::Error },
    #[error("line {line} is not a webhook: {source}")]
    Line { line: usize, source: serde_json::Error },
    #[error("line {line} {source}")]
    Webhook { line: usize, source: LoadErrorKind },
    #[error("could not create the HTTP client: {0}")]
    Client(reqwest::Error),
}

/// Why a webhook cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum LoadErrorKind {
    #[error("has the invalid header {0:?}")]
    Header(String),
    /// A proof is a part of the body, and the body has no place for it.
    #[error("has a body that is no JSON object, as {} sends", .0.name())]
    Body(Source),
}

/// Posts the webhook of each line. Those of sources without a proof are skipped, and counted.
/// `progress` is told how many are done.
///
/// # Errors
/// [`LoadError`]. A webhook that the stack refuses is no error: it is counted.
pub async fn load(
    lines: impl Iterator<Item = io::Result<String>>,
    target: &Target,
    pace: Pace,
    mut progress: impl FnMut(usize),
) -> Result<LoadSummary, LoadError> {
    let client = Client::builder().timeout(REQUEST_TIMEOUT).build().map_err(LoadError::Client)?;
    let client = &client;
    let started = Instant::now();
    let summary = stream::iter((1..).zip(lines))
        .map(|(line, text)| Line::read(line, text))
        // Empty lines are skipped.
        .try_filter_map(|line| future::ready(Ok(line)))
        .enumerate()
        .then(|(number, line)| async move {
            if let Some(due) = pace.rate.and_then(|rate| due(number, rate)) {
                tokio::time::sleep_until((started + due).into()).await;
            }
            line
        })
        .map_ok(|Line { number, webhook }| async move {
            let source = webhook.source;
            let request = target.request(&webhook, shared::clock::now());
            match request.map_err(|source| LoadError::Webhook { line: number, source })? {
                Some(request) => Ok(post(client, request).await),
                None => Ok(Outcome::Skipped { source }),
            }
        })
        .try_buffer_unordered(pace.concurrency.max(1))
        .try_fold(LoadSummary::default(), |mut summary, outcome| {
            summary.count(outcome);
            progress(summary.total());
            future::ready(Ok(summary))
        })
        .await?;
    Ok(LoadSummary { elapsed: started.elapsed(), ..summary })
}

/// The time after the start at which a webhook is due. `None` means at once.
fn due(number: usize, rate: f64) -> Option<Duration> {
    let number = u32::try_from(number).ok()?;
    Duration::try_from_secs_f64(f64::from(number) / rate).ok()
}

struct Line {
    number: usize,
    webhook: Webhook,
}

impl Line {
    /// `None` if the line is empty.
    fn read(number: usize, text: io::Result<String>) -> Result<Option<Self>, LoadError> {
        let text = text.map_err(|source| LoadError::Read { line: number, source })?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let webhook = serde_json::from_str(&text).map_err(|source| LoadError::Line { line: number, source })?;
        Ok(Some(Self { number, webhook }))
    }
}

#[cfg(test)]
mod tests;
