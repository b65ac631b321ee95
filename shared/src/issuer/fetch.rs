//! Fetches the key set of an issuer, as OpenID Connect Discovery 1.0 describes, and the tokens of a sign-in.

use std::time::Duration;

use serde::Deserialize;

use super::url::{self, InvalidUrl};
use crate::{
    fetch::{self, Client, FetchLimits, Form},
    identity::keys::IssuerKeys,
};

/// The requests of a fetch together. A sign-in waits for them, and the authorizer has 10 s.
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);

/// Documents of issuers have a few kilobytes.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

const LIMITS: FetchLimits = FetchLimits { timeout: FETCH_TIMEOUT, max_bytes: MAX_DOCUMENT_BYTES };

/// Why the keys could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    #[error("{url} did not answer within {FETCH_TIMEOUT:?}")]
    Timeout { url: String },
    /// Redirects are not followed: the key set comes from where the issuer says.
    #[error("{url}: {cause}")]
    Fetch { url: String, cause: fetch::FetchError },
    #[error("{url} is not the document that was expected, at line {line}, column {column}")]
    Form { url: String, line: usize, column: usize },
    #[error("the issuer calls itself {0:?}: OIDC_ISSUER must be the same, letter by letter")]
    OtherIssuer(String),
    #[error("the issuer has no key for RS256, ES256 or EdDSA")]
    NoKeys,
    #[error("the issuer does not say where people sign in")]
    NoEndpoint,
}

/// The part of the discovery document that is used.
#[derive(Deserialize)]
pub struct Discovery {
    issuer: String,
    jwks_uri: String,
    /// Where people sign in. An issuer of access tokens alone has none.
    pub authorization_endpoint: Option<String>,
    /// Where a code is exchanged for tokens.
    pub token_endpoint: Option<String>,
}

/// The part of a token answer that is used.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// Fetches from one issuer.
#[derive(Debug)]
pub struct Fetcher {
    issuer: String,
}

impl Fetcher {
    /// # Errors
    /// [`InvalidUrl`]
    pub fn of(issuer: &str) -> Result<Self, InvalidUrl> {
        url::check(issuer)?;
        Ok(Self { issuer: issuer.to_owned() })
    }

    /// The keys that the issuer publishes now.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn keys(&self) -> Result<IssuerKeys, FetchError> {
        self.in_time(async {
            let client = Client::default();
            let discovery = self.discover(&client).await?;
            self.key_set(&client, &discovery).await
        })
        .await
    }

    /// How the issuer describes itself now.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn discovery(&self) -> Result<Discovery, FetchError> {
        self.in_time(async { self.discover(&Client::default()).await }).await
    }

    /// Sends a form to the token endpoint, and returns the ID token.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn id_token(&self, url: &str, body: String, basic: Option<String>) -> Result<String, FetchError> {
        url::check(url)?;
        self.in_time(async {
            let fetched = Client::default().post(url, Form { body, basic }, LIMITS).await;
            let document = fetched.map_err(|cause| FetchError::Fetch { url: url.to_owned(), cause })?;
            let tokens: Tokens = serde_json::from_slice(&document).map_err(|error| form(url, &error))?;
            Ok(tokens.id_token)
        })
        .await
    }

    async fn in_time<T>(&self, fetching: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
        let late = |_| FetchError::Timeout { url: self.issuer.clone() };
        tokio::time::timeout(FETCH_TIMEOUT, fetching).await.map_err(late)?
    }

    async fn discover(&self, client: &Client) -> Result<Discovery, FetchError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let document = get(client, &url).await?;
        let discovery: Discovery = serde_json::from_slice(&document).map_err(|error| form(&url, &error))?;
        // Section 4.3 of the specification: else one issuer could speak for another.
        if discovery.issuer != self.issuer {
            return Err(FetchError::OtherIssuer(discovery.issuer));
        }
        Ok(discovery)
    }

    async fn key_set(&self, client: &Client, discovery: &Discovery) -> Result<IssuerKeys, FetchError> {
        url::check(&discovery.jwks_uri)?;
        let document = get(client, &discovery.jwks_uri).await?;
        let keys = IssuerKeys::parse(&document).map_err(|error| form(&discovery.jwks_uri, &error))?;
        if keys.is_empty() { Err(FetchError::NoKeys) } else { Ok(keys) }
    }
}

async fn get(client: &Client, url: &str) -> Result<Vec<u8>, FetchError> {
    client.get(url, LIMITS).await.map_err(|cause| FetchError::Fetch { url: url.to_owned(), cause })
}

fn form(url: &str, error: &serde_json::Error) -> FetchError {
    FetchError::Form { url: url.to_owned(), line: error.line(), column: error.column() }
}
