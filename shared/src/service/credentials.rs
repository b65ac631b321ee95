//! The secrets of webhooks and the API's tokens: one secret in Secrets Manager, kept in memory.
//!
//! ```json
//! {"webhook_secrets": {"datadog": ["…", "…"], "sentry": ["…"]},
//!  "api_tokens": [{"name": "alice", "role": "responder", "sha256": "<hex of the token's SHA-256>"}]}
//! ```

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aws_sdk_secretsmanager::Client;
use serde::{Deserialize, Deserializer, Serialize, de};
use tokio::sync::Mutex;
use tracing::warn;

use crate::{
    aws::{self, Aws},
    config::{Environment, MissingVariable},
    domain::time::Time,
    sources::signature::Secret,
};

/// How old credentials may be before they are fetched again.
const FRESH_MINUTES: i64 = 5;

/// How soon a proof that does not verify may cause another fetch: a rotation takes effect at once, but forged
/// requests cannot make us call Secrets Manager each time.
const RETRY_AFTER_FAILURE_MINUTES: i64 = 1;

/// How long a fetch may hold up a request. Sentry waits 1 s for its answer and never tries again.
const REFRESH_TIMEOUT: Duration = Duration::from_millis(500);

/// How long the first fetch may take; it shakes hands for TLS first.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// What a token's holder may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May read.
    Viewer,
    /// May also change.
    Responder,
}

/// A token of the API, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApiToken {
    /// Whose it is: the actor in histories.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// The SHA-256 of the token: tokens are random and long, so no slow hash is needed.
    #[serde(deserialize_with = "sha256")]
    pub sha256: [u8; 32],
}

/// What the secret holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Credentials {
    /// The secrets by source; several are valid at a time, so that they can be rotated.
    #[serde(default, deserialize_with = "secrets")]
    webhook_secrets: HashMap<String, Vec<Secret>>,
    /// The tokens of the API.
    #[serde(default)]
    pub api_tokens: Vec<ApiToken>,
}

impl Credentials {
    /// The secrets of a source; none, if none is set.
    #[must_use]
    pub fn webhook_secrets(&self, source: &str) -> &[Secret] {
        self.webhook_secrets.get(source).map_or(&[], Vec::as_slice)
    }
}

/// The credentials could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The function's configuration is incomplete.
    #[error(transparent)]
    Missing(#[from] MissingVariable),
    /// Secrets Manager refused.
    #[error("the secret cannot be fetched: {0}")]
    Fetch(String),
    /// Secrets Manager did not answer in time.
    #[error("the secret was not fetched within {0:?}")]
    Timeout(Duration),
    /// The secret does not have the form that it should. The text names the place, never the value.
    #[error("the secret does not have the form that it should, at line {line}, column {column}")]
    Form {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
}

/// Holds the credentials and keeps them fresh.
#[derive(Debug)]
pub struct CredentialStore {
    client: Client,
    secret_arn: String,
    held: RwLock<Held>,
    /// Held while fetching: one fetch at a time.
    fetching: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Arc<Credentials>,
    /// When they were last fetched, or tried to be.
    tried_at: Time,
    /// When a failure last caused that.
    tried_after_failure_at: Option<Time>,
}

impl CredentialStore {
    /// Fetches the credentials for the first time.
    ///
    /// # Errors
    /// [`CredentialsError`]: a function without credentials does not start.
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Self, CredentialsError> {
        let client = aws.secretsmanager();
        let secret_arn = environment.secret_arn()?;
        let credentials = Arc::new(fetch(&client, &secret_arn, START_TIMEOUT).await?);
        let held = RwLock::new(Held { credentials, tried_at: now, tried_after_failure_at: None });
        Ok(Self { client, secret_arn, held, fetching: Mutex::new(()) })
    }

    /// The credentials, not older than 5 minutes unless Secrets Manager is out of reach.
    pub async fn current(&self, now: Time) -> Arc<Credentials> {
        let held = self.held();
        if now < held.tried_at.plus_minutes(FRESH_MINUTES) {
            return held.credentials;
        }
        // One request fetches; those beside it go on with what there is.
        match self.fetching.try_lock() {
            Ok(_fetching) => self.refresh(now, held.tried_after_failure_at).await,
            Err(_) => held.credentials,
        }
    }

    /// Other credentials than those that failed to verify a proof, fetched at once; `None` if there are none, or a
    /// failure caused a fetch less than a minute ago.
    pub async fn after_failure(&self, failed: &Arc<Credentials>, now: Time) -> Option<Arc<Credentials>> {
        let _fetching = self.fetching.lock().await;
        let held = self.held();
        let is_early = held
            .tried_after_failure_at
            .is_some_and(|tried_at| now < tried_at.plus_minutes(RETRY_AFTER_FAILURE_MINUTES));
        let latest = if Arc::ptr_eq(&held.credentials, failed) && !is_early {
            self.refresh(now, Some(now)).await
        } else {
            held.credentials
        };
        (latest != *failed).then_some(latest)
    }

    async fn refresh(&self, now: Time, tried_after_failure_at: Option<Time>) -> Arc<Credentials> {
        let fetched = fetch(&self.client, &self.secret_arn, REFRESH_TIMEOUT).await;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.tried_at = now;
        held.tried_after_failure_at = tried_after_failure_at;
        match fetched {
            Ok(credentials) => held.credentials = Arc::new(credentials),
            Err(error) => warn!(%error, "credentials not refreshed"),
        }
        Arc::clone(&held.credentials)
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn fetch(client: &Client, secret_arn: &str, timeout: Duration) -> Result<Credentials, CredentialsError> {
    let request = client.get_secret_value().secret_id(secret_arn).send();
    let answer = tokio::time::timeout(timeout, request).await.map_err(|_| CredentialsError::Timeout(timeout))?;
    let answer = answer.map_err(|error| CredentialsError::Fetch(aws::reason(&error)))?;
    serde_json::from_str(answer.secret_string().unwrap_or_default())
        .map_err(|error| CredentialsError::Form { line: error.line(), column: error.column() })
}

fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HashMap<String, Vec<Secret>>, D::Error> {
    let texts: HashMap<String, Vec<String>> = HashMap::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|(source, texts)| (source, texts.into_iter().filter_map(Secret::new).collect())).collect())
}

fn sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let mut digest = [0; 32];
    hex::decode_to_slice(String::deserialize(deserializer)?, &mut digest).map_err(de::Error::custom)?;
    Ok(digest)
}
