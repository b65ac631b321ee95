//! Fetches the key set of an issuer, as OpenID Connect Discovery 1.0 describes.

use std::time::Duration;

use serde::Deserialize;

use super::url::{self, InvalidUrl};
use crate::{
    fetch::{self, Client, FetchLimits},
    identity::keys::IssuerKeys,
};

/// Both requests together. A sign-in waits for them, and the authorizer has 10 s.
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);

/// Documents of issuers have a few kilobytes.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

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
}

/// The part of the discovery document that is used.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
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
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        tokio::time::timeout(FETCH_TIMEOUT, self.fetch(&url)).await.map_err(|_| FetchError::Timeout { url })?
    }

    async fn fetch(&self, url: &str) -> Result<IssuerKeys, FetchError> {
        let client = Client::default();
        let document = get(&client, url).await?;
        let discovery: Discovery = serde_json::from_slice(&document).map_err(|error| form(url, &error))?;
        // Section 4.3 of the specification: else one issuer could speak for another.
        if discovery.issuer != self.issuer {
            return Err(FetchError::OtherIssuer(discovery.issuer));
        }
        url::check(&discovery.jwks_uri)?;
        let document = get(&client, &discovery.jwks_uri).await?;
        let keys = IssuerKeys::parse(&document).map_err(|error| form(&discovery.jwks_uri, &error))?;
        if keys.is_empty() { Err(FetchError::NoKeys) } else { Ok(keys) }
    }
}

async fn get(client: &Client, url: &str) -> Result<Vec<u8>, FetchError> {
    let limits = FetchLimits { timeout: FETCH_TIMEOUT, max_bytes: MAX_DOCUMENT_BYTES };
    client.get(url, limits).await.map_err(|cause| FetchError::Fetch { url: url.to_owned(), cause })
}

fn form(url: &str, error: &serde_json::Error) -> FetchError {
    FetchError::Form { url: url.to_owned(), line: error.line(), column: error.column() }
}
