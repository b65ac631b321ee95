//! A person signs in to the console: with an API token, and is known by it until it is revoked, or at the identity provider.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::authorize::find;
use crate::{
    aws::Aws,
    config::Environment,
    credentials::{ApiToken, CredentialStore, Credentials, CredentialsError},
    domain::{principal::Principal, time::Time},
    issuer::{CodeFlow, InvalidIssuer},
    sources::signature::Secret,
};

/// Tells these digests from others of the same tokens.
const PURPOSE: &str = "console-session:";

/// The use case.
#[derive(Debug)]
pub struct SignIn {
    credentials: CredentialStore,
    code_flow: Option<CodeFlow>,
}

/// Why the use case does not start.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Issuer(#[from] InvalidIssuer),
}

/// A person who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub principal: Principal,
    /// Names the token. Nobody can make the token, or its stored hash, of it.
    pub fingerprint: String,
    /// When the token becomes invalid. `None` is never.
    pub expires_at: Option<Time>,
}

impl SignIn {
    /// Fetches the credentials.
    ///
    /// # Errors
    /// [`SignInError`]
    pub async fn start(environment: &Environment, aws: &Aws, now: Time) -> Result<Self, SignInError> {
        let code_flow = CodeFlow::of(environment, now)?;
        Ok(Self { credentials: CredentialStore::start(environment, aws, now).await?, code_flow })
    }

    /// The identity provider where people may sign in, if there is one.
    #[must_use]
    pub const fn provider(&self) -> Option<&CodeFlow> {
        self.code_flow.as_ref()
    }

    /// The secret of the console's client at the provider, if it has one.
    pub async fn client_secret(&self, now: Time) -> Option<Secret> {
        self.credentials.current(now).await.oidc_client_secret.clone()
    }

    /// What signs sessions. `None` if the secret has no key.
    pub async fn session_key(&self, now: Time) -> Option<Secret> {
        self.credentials.current(now).await.session_key.clone()
    }

    /// Whose token it is, if it counts.
    pub async fn by_token(&self, token: &str, now: Time) -> Option<SignedIn> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let found = self.look_up(now, |credentials| find(credentials, &digest, now).cloned()).await?;
        Some(SignedIn { fingerprint: fingerprint(&found), expires_at: found.expires_at, principal: principal(found) })
    }

    /// Who signed in with a token that still counts.
    pub async fn by_fingerprint(&self, wanted: &str, now: Time) -> Option<Principal> {
        let is_it = |token: &&ApiToken| token.is_valid(now) && fingerprint(token) == wanted;
        self.look_up(now, |credentials| credentials.api_tokens.iter().find(is_it).cloned()).await.map(principal)
    }

    /// Looks into the credentials, and once more if newer ones can be fetched.
    async fn look_up<T>(&self, now: Time, find: impl Fn(&Credentials) -> Option<T>) -> Option<T> {
        let credentials: Arc<Credentials> = self.credentials.current(now).await;
        match find(&credentials) {
            Some(found) => Some(found),
            None => find(self.credentials.after_failure(&credentials, now).await?.as_ref()),
        }
    }
}

fn principal(token: ApiToken) -> Principal {
    Principal { name: token.name, role: token.role }
}

fn fingerprint(token: &ApiToken) -> String {
    let digest = Sha256::new().chain_update(PURPOSE).chain_update(token.sha256).finalize();
    hex::encode(&digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::Role;

    fn token(digest: u8) -> ApiToken {
        ApiToken { name: "alice".to_owned(), role: Role::Viewer, sha256: [digest; 32], expires_at: None }
    }

    #[test]
    fn a_fingerprint_names_one_token_and_is_not_its_hash() {
        assert_eq!(fingerprint(&token(1)), fingerprint(&token(1)));
        assert_ne!(fingerprint(&token(1)), fingerprint(&token(2)));
        assert!(!hex::encode(token(1).sha256).starts_with(&fingerprint(&token(1))));
    }
}
