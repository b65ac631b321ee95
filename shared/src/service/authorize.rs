//! Who calls the API: a bearer token that is known by its hash, or a JWT of the company's identity
//! provider.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::{
    aws::Aws,
    config::Environment,
    credentials::{ApiToken, CredentialStore, Credentials, CredentialsError},
    domain::{principal::Principal, time::Time},
    identity::token::is_jwt,
    issuer::{InvalidIssuer, Issuer},
    sources::signature::is_same,
};

/// Why the use case does not start.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Issuer(#[from] InvalidIssuer),
}

/// Finds out who calls.
#[derive(Debug)]
pub struct Authorize {
    credentials: CredentialStore,
    issuer: Option<Issuer>,
}

impl Authorize {
    /// Fetches the API tokens, and beside that the keys of the issuer, if there is one.
    ///
    /// # Errors
    /// [`AuthorizeError`]
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Self, AuthorizeError> {
        let credentials = CredentialStore::start(environment, aws, now);
        let (credentials, issuer) = tokio::join!(credentials, Issuer::start(environment, now));
        Ok(Self { credentials: credentials?, issuer: issuer? })
    }

    /// Who the value of an `Authorization` header is, if it holds a token that counts.
    pub async fn identify(&self, authorization: &str, now: Time) -> Option<Principal> {
        let token = bearer_token(authorization)?;
        match &self.issuer {
            Some(issuer) if is_jwt(token) => issuer.identify(token, now).await.ok(),
            _ => self.holder(token, now).await,
        }
    }

    async fn holder(&self, token: &str, now: Time) -> Option<Principal> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let credentials: Arc<Credentials> = self.credentials.current(now).await;
        let found = find(&credentials, &digest, now).cloned();
        let token = match found {
            Some(token) => token,
            None => find(self.credentials.after_failure(&credentials, now).await?.as_ref(), &digest, now)?.clone(),
        };
        Some(Principal { name: token.name, role: token.role })
    }
}

/// The token in the value of an `Authorization` header of the scheme Bearer.
#[must_use]
pub fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn find<'held>(credentials: &'held Credentials, digest: &[u8; 32], now: Time) -> Option<&'held ApiToken> {
    // Every token is compared, so that the time does not tell which one fits.
    let found = credentials
        .api_tokens
        .iter()
        .fold(None, |found, token| if is_same(&token.sha256, digest) { Some(token) } else { found });
    found.filter(|token| token.is_valid(now))
}
