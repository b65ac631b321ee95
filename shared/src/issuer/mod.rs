//! The company's identity provider: fetches the keys that sign its tokens, and keeps them in memory.
//!
//! `crate::identity` decides about the tokens.

mod code;
mod fetch;
mod url;

pub use self::{
    code::{CodeError, CodeFlow, Redirect, SentCode},
    fetch::FetchError,
};

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;
use tracing::{info, warn};

use self::{fetch::Fetcher, url::InvalidUrl};
use crate::{
    config::{Environment, InvalidVariable, OidcVariables},
    domain::{principal::Principal, time::Time},
    identity::{
        keys::IssuerKeys,
        roles::RoleRules,
        token::{Identified, Refusal, TokenRules, verify},
    },
};

/// Keys that are older are fetched again, so that a key that the issuer withdraws stops counting.
const FRESH_MINUTES: i64 = 15;

/// A token may name a key that is not known: the issuer has a new one, or somebody made the token
/// up. The keys are fetched again for it, but not more often than this. The same holds after a
/// fetch that failed.
const RETRY_MINUTES: i64 = 1;

/// Without any key nobody can sign in, so the next attempt comes sooner.
const RETRY_WITHOUT_KEYS_MILLIS: i64 = 5_000;

/// Why the issuer cannot be used. A function that is configured so must not start.
#[derive(Debug, thiserror::Error)]
pub enum InvalidIssuer {
    #[error(transparent)]
    Configuration(#[from] InvalidVariable),
    #[error("OIDC_ISSUER: {0}")]
    Url(#[from] InvalidUrl),
}

/// An identity provider that speaks OpenID Connect.
#[derive(Debug)]
pub struct Issuer {
    rules: TokenRules,
    fetcher: Fetcher,
    held: RwLock<Held>,
    /// Locked during a fetch, so that only one runs at a time.
    fetching: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Held {
    /// Old keys stay while the issuer cannot be reached.
    keys: Arc<IssuerKeys>,
    /// When the keys are fetched again.
    due_at: Time,
    /// From when on an unknown key makes them be fetched again.
    unknown_key_due_at: Time,
}

impl Issuer {
    /// The issuer that the environment names. `None` if it names none. Fetches the keys for the
    /// first time. If that fails, API tokens still count, and the next JWT makes it try again.
    ///
    /// # Errors
    /// [`InvalidIssuer`]
    pub async fn start(environment: &Environment, now: Time) -> Result<Option<Self>, InvalidIssuer> {
        let Some(variables) = environment.oidc()? else { return Ok(None) };
        let issuer = Self::without_keys(variables, now)?;
        issuer.refresh(now).await;
        Ok(Some(issuer))
    }

    /// An issuer whose keys are fetched when the first token comes.
    fn without_keys(variables: OidcVariables, now: Time) -> Result<Self, InvalidUrl> {
        let OidcVariables { issuer, audiences, role_claim, viewer_values, responder_values } = variables;
        let fetcher = Fetcher::of(&issuer)?;
        let held = RwLock::new(Held { keys: Arc::default(), due_at: now, unknown_key_due_at: now });
        let rules = TokenRules {
            issuer,
            audiences,
            roles: RoleRules { claim: role_claim, viewer: viewer_values, responder: responder_values },
        };
        Ok(Self { rules, fetcher, held, fetching: Mutex::new(()) })
    }

    /// The person of a token.
    ///
    /// # Errors
    /// [`Refusal`]
    pub async fn identify(&self, token: &str, now: Time) -> Result<Principal, Refusal> {
        Ok(self.verified(token, now).await?.principal)
    }

    /// The person of a token, and what else a sign-in needs to know of it.
    ///
    /// # Errors
    /// [`Refusal`]
    pub async fn verified(&self, token: &str, now: Time) -> Result<Identified, Refusal> {
        let keys = self.current(now).await;
        let mut identified = verify(token, &keys, &self.rules, now);
        if identified == Err(Refusal::UnknownKey)
            && let Some(newer) = self.after_unknown_key(&keys, now).await
        {
            identified = verify(token, &newer, &self.rules, now);
        }
        // What the issuer did not sign is not logged: anybody could fill the log with it.
        if let Err(refusal) = &identified
            && refusal.is_signed()
        {
            info!(reason = %refusal, "token of the issuer refused");
        }
        identified
    }

    /// The keys. They are fetched again when they are due.
    async fn current(&self, now: Time) -> Arc<IssuerKeys> {
        let held = self.held();
        if now < held.due_at {
            return held.keys;
        }
        // One request fetches. Concurrent requests use the old keys meanwhile, or wait for the first.
        let fetching =
            if held.keys.is_empty() { Some(self.fetching.lock().await) } else { self.fetching.try_lock().ok() };
        if fetching.is_none() || now < self.held().due_at {
            return self.held().keys;
        }
        self.refresh(now).await
    }

    /// Newer keys than `tried`, among which the key of a token is not. `None` if there are none.
    async fn after_unknown_key(&self, tried: &Arc<IssuerKeys>, now: Time) -> Option<Arc<IssuerKeys>> {
        let _fetching = self.fetching.lock().await;
        let held = self.held();
        if !Arc::ptr_eq(&held.keys, tried) {
            return Some(held.keys);
        }
        if now < held.unknown_key_due_at {
            return None;
        }
        warn!(keys = held.keys.len(), "a token names a key that the issuer did not have; asking it again");
        let newer = self.refresh(now).await;
        (!Arc::ptr_eq(&newer, tried)).then_some(newer)
    }

    async fn refresh(&self, now: Time) -> Arc<IssuerKeys> {
        let fetched = self.fetcher.keys().await;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.unknown_key_due_at = now.plus_minutes(RETRY_MINUTES);
        match fetched {
            Ok(keys) => {
                held.keys = Arc::new(keys);
                held.due_at = now.plus_minutes(FRESH_MINUTES);
            }
            Err(error) => {
                warn!(%error, keys = held.keys.len(), "could not fetch the keys of the issuer; the old ones stay");
                let retry_at = now.plus_minutes(RETRY_MINUTES);
                held.due_at = if held.keys.is_empty() { now.plus_millis(RETRY_WITHOUT_KEYS_MILLIS) } else { retry_at };
            }
        }
        if held.keys.is_empty() {
            held.unknown_key_due_at = held.due_at;
        }
        Arc::clone(&held.keys)
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
