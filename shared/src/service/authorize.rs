//! Who calls the API: a bearer token, looked up by its hash.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::{
    credentials::{ApiToken, CredentialStore, Credentials, Role},
    domain::time::Time,
    sources::signature::is_same,
};

/// Who calls, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The token's name: the actor in histories.
    pub name: String,
    /// What it allows.
    pub role: Role,
}

/// Who the value of an `Authorization` header is, if it holds a token that is known.
pub async fn authorize(store: &CredentialStore, authorization: &str, now: Time) -> Option<Principal> {
    let digest: [u8; 32] = Sha256::digest(bearer_token(authorization)?).into();
    let credentials: Arc<Credentials> = store.current(now).await;
    let found = find(&credentials, &digest).cloned();
    let token = match found {
        Some(token) => token,
        None => find(store.after_failure(&credentials, now).await?.as_ref(), &digest)?.clone(),
    };
    Some(Principal { name: token.name, role: token.role })
}

/// The token in the value of an `Authorization` header of the scheme Bearer.
#[must_use]
pub fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn find<'held>(credentials: &'held Credentials, digest: &[u8; 32]) -> Option<&'held ApiToken> {
    // Every token is compared, so that the time does not tell which one fits.
    credentials
        .api_tokens
        .iter()
        .fold(None, |found, token| if is_same(&token.sha256, digest) { Some(token) } else { found })
}
