//! Fetches webhook secrets and API tokens, and keeps them in memory. They are one secret in Secrets
//! Manager:
//!
//! ```json
//! {"webhook_secrets": {"datadog": ["…", "…"], "sentry": ["…"]},
//!  "api_tokens": [{"name": "alice", "role": "responder",
//!                  "sha256": "<SHA-256 of the token, in hex>",
//!                  "expires_at": "2027-02-25T09:53:08.120Z"}],
//!  "session_key": "…"}
//! ```

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aws_sdk_secretsmanager::Client;
use serde::{Deserialize, Deserializer};
use tokio::{sync::Mutex, task::JoinHandle};
use tracing::warn;

use crate::{
    aws::{self, Aws},
    config::{Environment, InvalidVariable},
    deadline::Deadline,
    domain::{principal::Role, time::Time},
    sources::signature::Secret,
    telemetry::metrics::{Measures, Metrics},
};

/// Credentials that are older are fetched again.
const FRESH_MINUTES: i64 = 5;

/// Credentials that fail to verify a request are fetched again, but not more often than this. So a
/// rotation takes effect within a minute, and forged requests do not each cause a call. A fetch that
/// failed is tried again after the same time.
const RETRY_AFTER_FAILURE_MINUTES: i64 = 1;

/// A fetch delays a request by this much at most. Sentry waits 1 s and never sends again.
const REFRESH_TIMEOUT: Duration = Duration::from_millis(500);

/// The first fetch takes longer, because of the TLS handshake.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// An API token, as the secret stores it.
#[serde_with::serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApiToken {
    /// The actor in the history of an incident.
    pub name: String,
    pub role: Role,
    /// The hash of the token. Tokens are long and random, so a fast hash is enough.
    #[serde_as(as = "serde_with::hex::Hex")]
    pub sha256: [u8; 32],
    /// When it becomes invalid. `None` is never.
    #[serde(default)]
    pub expires_at: Option<Time>,
}

impl ApiToken {
    /// Whether it is still valid.
    #[must_use]
    pub fn is_valid(&self, now: Time) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// The contents of the secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Credentials {
    /// By source. Several secrets of a source are valid at a time, so that they can be rotated.
    #[serde(default, deserialize_with = "secrets")]
    webhook_secrets: HashMap<String, Vec<Secret>>,
    #[serde(default)]
    pub api_tokens: Vec<ApiToken>,
    /// Signs the sessions of the console. It is generated with the secret.
    #[serde(default, deserialize_with = "secret")]
    pub session_key: Option<Secret>,
    /// The secret of the console's client at the identity provider, if it has one.
    #[serde(default, deserialize_with = "secret")]
    pub oidc_client_secret: Option<Secret>,
}

impl Credentials {
    /// The secrets of a source. The list is empty if the source has none.
    #[must_use]
    pub fn webhook_secrets(&self, source: &str) -> &[Secret] {
        self.webhook_secrets.get(source).map_or(&[], Vec::as_slice)
    }
}

/// Why the credentials could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error(transparent)]
    Configuration(#[from] InvalidVariable),
    #[error("could not fetch the secret: {0}")]
    Fetch(String),
    #[error("Secrets Manager did not answer within {0:?}")]
    Timeout(Duration),
    /// The text names the place, never the value.
    #[error("the secret is malformed at line {line}, column {column}")]
    Form { line: usize, column: usize },
}

/// Holds the credentials and keeps them fresh.
#[derive(Debug)]
pub struct CredentialStore {
    secret: Arc<HeldSecret>,
}

/// The credentials and where they come from. A refresh may outlive the request that began it.
#[derive(Debug)]
struct HeldSecret {
    client: Client,
    secret_arn: String,
    metrics: Metrics,
    held: RwLock<Held>,
    /// Locked during a fetch, so that only one runs at a time.
    fetching: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Arc<Credentials>,
    /// From when on they are fetched again.
    due_at: Time,
    /// The time of the last fetch that was caused by a failure to verify a request.
    tried_after_failure_at: Option<Time>,
}

/// A refresh that runs beside a request, if one was due.
#[derive(Debug)]
pub struct Refresh(Option<JoinHandle<()>>);

impl CredentialStore {
    /// Fetches the credentials for the first time.
    ///
    /// # Errors
    /// [`CredentialsError`]. A function without credentials must not start.
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Self, CredentialsError> {
        let client = aws.secretsmanager();
        let secret_arn = environment.secret_arn()?;
        let metrics = Metrics::new(environment)?;
        let credentials = Arc::new(fetch(&client, &secret_arn, START_TIMEOUT).await?);
        let due_at = now.plus_minutes(FRESH_MINUTES);
        let held = RwLock::new(Held { credentials, due_at, tried_after_failure_at: None });
        Ok(Self { secret: Arc::new(HeldSecret { client, secret_arn, metrics, held, fetching: Mutex::new(()) }) })
    }

    /// The credentials as they are held, however old.
    #[must_use]
    pub fn held(&self) -> Arc<Credentials> {
        self.secret.held().credentials
    }

    /// The credentials. They are fetched again after 5 minutes. If that fails, the old ones stay
    /// valid.
    pub async fn current(&self, now: Time) -> Arc<Credentials> {
        // One request fetches. Concurrent requests use the old credentials meanwhile.
        if let Ok(_fetching) = self.secret.fetching.try_lock() {
            self.secret.refresh_if_due(now).await;
        }
        self.held()
    }

    /// Begins to fetch the credentials again if they are 5 minutes old, and does not wait for it: a
    /// request that the held credentials can verify must not be late because of their age.
    #[must_use]
    pub fn refresh_beside(&self, now: Time) -> Refresh {
        if !self.secret.held().is_due(now) {
            return Refresh(None);
        }
        let secret = Arc::clone(&self.secret);
        Refresh(Some(tokio::spawn(async move {
            let _fetching = secret.fetching.lock().await;
            secret.refresh_if_due(now).await;
        })))
    }

    /// Newer credentials than `failed`, which could not verify a request. Fetches them at once,
    /// unless such a failure caused a fetch less than a minute ago. `None` if there are no newer
    /// ones.
    pub async fn after_failure(&self, failed: &Arc<Credentials>, now: Time) -> Option<Arc<Credentials>> {
        let _fetching = self.secret.fetching.lock().await;
        let held = self.secret.held();
        let is_early = held
            .tried_after_failure_at
            .is_some_and(|tried_at| now < tried_at.plus_minutes(RETRY_AFTER_FAILURE_MINUTES));
        if Arc::ptr_eq(&held.credentials, failed) && !is_early {
            self.secret.refresh(now, Some(now)).await;
        }
        let latest = self.held();
        (latest != *failed).then_some(latest)
    }
}

impl Refresh {
    /// Waits for the refresh, but not beyond the deadline. It goes on afterwards: Lambda may freeze
    /// it, and then it goes on beside a later request.
    pub async fn wait(self, deadline: Deadline) {
        if let Some(task) = self.0 {
            // It logs itself why it failed.
            let _ = deadline.bound(task).await;
        }
    }
}

impl Held {
    fn is_due(&self, now: Time) -> bool {
        now >= self.due_at
    }
}

impl HeldSecret {
    async fn refresh_if_due(&self, now: Time) {
        let held = self.held();
        if held.is_due(now) {
            self.refresh(now, held.tried_after_failure_at).await;
        }
    }

    async fn refresh(&self, now: Time, tried_after_failure_at: Option<Time>) {
        let fetched = fetch(&self.client, &self.secret_arn, REFRESH_TIMEOUT).await;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.tried_after_failure_at = tried_after_failure_at;
        match fetched {
            Ok(credentials) => {
                held.due_at = now.plus_minutes(FRESH_MINUTES);
                held.credentials = Arc::new(credentials);
            }
            Err(error) => {
                held.due_at = now.plus_minutes(RETRY_AFTER_FAILURE_MINUTES);
                warn!(%error, "could not refresh the credentials");
                let mut measures = Measures::default();
                measures.count("CredentialsNotRefreshed");
                self.metrics.write(&measures, now);
            }
        }
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

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(Secret::new))
}
