//! The content of the secret, and the changes that are allowed. No I/O.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use shared::{
    domain::{principal::Role, text::limits, time::Time},
    sources,
};

/// How many secrets of a source, or tokens of a name, are valid at the same time: an old and a new
/// one.
const MAX_VALID: usize = 2;

/// How many topics of SNS may send: there is one or more in each region and account.
const MAX_TOPICS: usize = 50;

/// For secrets that were not made here.
pub const MIN_SECRET_CHARS: usize = 16;

const MAX_NAME_CHARS: usize = limits::NAME;

/// The content of the secret. It has no `Debug`, so that nobody logs it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Document {
    /// By source, oldest first.
    #[serde(default)]
    webhook_secrets: BTreeMap<String, Vec<String>>,
    /// Oldest first.
    #[serde(default)]
    api_tokens: Vec<Token>,
    /// Members that others added. They are kept.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// A token. Only its hash is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The actor in histories.
    pub name: String,
    pub role: Role,
    sha256: String,
    /// When it becomes invalid. `None` is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

impl Token {
    /// The SHA-256 of the token, in hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// When a new token becomes invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    Never,
    At(Time),
}

/// A token that is added. It has no `Debug`, so that nobody logs it.
#[derive(Clone, Copy)]
pub struct NewToken<'text> {
    pub token: &'text str,
    pub expiry: Expiry,
}

/// Why a change is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the stack already has credentials: see `show`")]
    NotEmpty,
    #[error("there is no source {0}; these are: {names}", names = names())]
    UnknownSource(String),
    #[error("a name has 1 to {MAX_NAME_CHARS} characters, and no space at its ends")]
    Name,
    #[error("{0} already has a token: rotate or revoke it")]
    NameTaken(String),
    #[error("{0} has no token")]
    NoToken(String),
    #[error("{0} already has an old and a new one: retire the old one first")]
    Rotating(String),
    #[error("{0} has only one: there is no old one to retire")]
    NotRotating(String),
    #[error("{0} already has this one")]
    Known(String),
    #[error("a secret has at least {MIN_SECRET_CHARS} characters")]
    Weak,
    #[error("that is no ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:alarms")]
    NoTopic,
    #[error("what begins with whsec_ is a signing key, and goes on with base64")]
    NoKey,
    #[error("the token of {0} expires: say with --expires when the new one does, such as 90d, or never")]
    NeedsExpiry(String),
}

impl Document {
    /// Adds the first credentials of a stack: Datadog's secret and a responder's token.
    ///
    /// # Errors
    /// If the stack already has credentials.
    pub fn init(&mut self, datadog: &str, name: &str, token: NewToken<'_>) -> Result<(), EditError> {
        if !self.api_tokens.is_empty() || self.webhook_secrets.values().any(|secrets| !secrets.is_empty()) {
            return Err(EditError::NotEmpty);
        }
        self.rotate_webhook("datadog", datadog)?;
        self.add_token(name, Role::Responder, token)
    }

    /// The secrets of a source, oldest first.
    #[must_use]
    pub fn webhook_secrets(&self, source: &str) -> &[String] {
        self.webhook_secrets.get(source).map_or(&[], Vec::as_slice)
    }

    /// The tokens, oldest first.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.api_tokens
    }

    /// Adds a secret of a source. The old one stays valid.
    ///
    /// # Errors
    /// If the source has two secrets, or this one already.
    pub fn rotate_webhook(&mut self, source: &str, secret: &str) -> Result<(), EditError> {
        if sources::find(source).is_none() {
            return Err(EditError::UnknownSource(source.to_owned()));
        }
        if secret.chars().count() < MIN_SECRET_CHARS {
            return Err(EditError::Weak);
        }
        if source == TOPICS && !sources::is_topic(secret) {
            return Err(EditError::NoTopic);
        }
        if source == GENERIC && secret.strip_prefix(KEY_PREFIX).is_some_and(|key| BASE64_STANDARD.decode(key).is_err())
        {
            return Err(EditError::NoKey);
        }
        let secrets = self.webhook_secrets.entry(source.to_owned()).or_default();
        if secrets.iter().any(|known| known == secret) {
            return Err(EditError::Known(source.to_owned()));
        }
        if secrets.iter().filter(|known| is_of_kind(source, known, secret)).count() >= max_valid(source) {
            return Err(EditError::Rotating(source.to_owned()));
        }
        secrets.push(secret.to_owned());
        Ok(())
    }

    /// Whether the source has an old secret beside a new one. A key that signs generic webhooks and a
    /// token for tools that cannot sign are no rotation.
    #[must_use]
    pub fn is_rotating(&self, source: &str) -> bool {
        let secrets = self.webhook_secrets(source);
        (1..secrets.len()).any(|at| secrets[..at].iter().any(|older| is_of_kind(source, older, &secrets[at])))
    }

    /// Ends a rotation: only the newest secret of the source stays valid; of generic webhooks, the
    /// newest key and the newest token. Of topics, the oldest is removed.
    ///
    /// # Errors
    /// If the source has only one secret.
    pub fn retire_webhook(&mut self, source: &str) -> Result<(), EditError> {
        let is_rotating = self.is_rotating(source);
        let secrets = self.webhook_secrets.get_mut(source).filter(|_| is_rotating);
        let secrets = secrets.ok_or_else(|| EditError::NotRotating(source.to_owned()))?;
        if source == TOPICS {
            secrets.remove(0);
            return Ok(());
        }
        let mut kept: Vec<String> = Vec::new();
        for secret in secrets.drain(..).rev() {
            if !kept.iter().any(|newer| is_of_kind(source, newer, &secret)) {
                kept.insert(0, secret);
            }
        }
        *secrets = kept;
        Ok(())
    }

    /// Adds a token under a new name. Only its hash is stored.
    ///
    /// # Errors
    /// If the name has a token, or is invalid.
    pub fn add_token(&mut self, name: &str, role: Role, token: NewToken<'_>) -> Result<(), EditError> {
        if name.is_empty() || name.trim() != name || name.chars().count() > MAX_NAME_CHARS {
            return Err(EditError::Name);
        }
        if self.tokens_of(name).next().is_some() {
            return Err(EditError::NameTaken(name.to_owned()));
        }
        self.push(name, role, token);
        Ok(())
    }

    /// Adds a token with the name and role of an old one. The old one stays valid.
    ///
    /// # Errors
    /// If the name has no token, or two. Also if the old one expires and nobody said when the new
    /// one does: a rotation must not make a token eternal by accident.
    pub fn rotate_token(&mut self, name: &str, token: &str, expiry: Option<Expiry>) -> Result<(), EditError> {
        let tokens: Vec<Token> = self.tokens_of(name).cloned().collect();
        match tokens.as_slice() {
            [] => Err(EditError::NoToken(name.to_owned())),
            [old] => {
                if old.expires_at.is_some() && expiry.is_none() {
                    return Err(EditError::NeedsExpiry(name.to_owned()));
                }
                self.push(name, old.role, NewToken { token, expiry: expiry.unwrap_or(Expiry::Never) });
                Ok(())
            }
            _ => Err(EditError::Rotating(name.to_owned())),
        }
    }

    /// Ends a rotation: only the newest token of the name stays valid.
    ///
    /// # Errors
    /// If the name does not have two tokens.
    pub fn retire_token(&mut self, name: &str) -> Result<(), EditError> {
        let count = self.tokens_of(name).count();
        if count < 2 {
            return Err(EditError::NotRotating(name.to_owned()));
        }
        let mut seen = 0;
        self.api_tokens.retain(|token| {
            seen += usize::from(token.name == name);
            token.name != name || seen == count
        });
        Ok(())
    }

    /// Removes all tokens of a name.
    ///
    /// # Errors
    /// If the name has no token.
    pub fn revoke_token(&mut self, name: &str) -> Result<(), EditError> {
        if self.tokens_of(name).next().is_none() {
            return Err(EditError::NoToken(name.to_owned()));
        }
        self.api_tokens.retain(|token| token.name != name);
        Ok(())
    }

    fn tokens_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Token> {
        self.api_tokens.iter().filter(move |token| token.name == name)
    }

    fn push(&mut self, name: &str, role: Role, NewToken { token, expiry }: NewToken<'_>) {
        let expires_at = match expiry {
            Expiry::Never => None,
            Expiry::At(time) => Some(time),
        };
        let sha256 = hex::encode(Sha256::digest(token));
        self.api_tokens.push(Token { name: name.to_owned(), role, sha256, expires_at });
    }
}

/// The source whose secrets are topics.
pub const TOPICS: &str = "cloudwatch";

/// The source whose secrets are of two kinds: keys that sign, and tokens.
const GENERIC: &str = "generic";

/// What a secret begins with that is a key of Standard Webhooks.
const KEY_PREFIX: &str = "whsec_";

/// Whether one secret replaces the other.
fn is_of_kind(source: &str, one: &str, other: &str) -> bool {
    source != GENERIC || one.starts_with(KEY_PREFIX) == other.starts_with(KEY_PREFIX)
}

fn names() -> String {
    sources::SOURCES.iter().map(|source| source.name()).collect::<Vec<_>>().join(", ")
}

fn max_valid(source: &str) -> usize {
    if source == TOPICS { MAX_TOPICS } else { MAX_VALID }
}

#[cfg(test)]
mod tests {
    use shared::credentials::Credentials;

    use super::*;

    /// A token that never expires.
    const fn token(token: &str) -> NewToken<'_> {
        NewToken { token, expiry: Expiry::Never }
    }

    const OLD: &str = "an old secret of one";
    const NEW: &str = "a new secret of one";

    fn new_document() -> Document {
        let text = r#"{"webhook_secrets":{"datadog":[],"sentry":[]},"api_tokens":[],"session_key":"x"}"#;
        serde_json::from_str(text).unwrap()
    }

    fn names(document: &Document) -> Vec<&str> {
        document.tokens().iter().map(|token| token.name.as_str()).collect()
    }

    #[test]
    fn functions_can_read_the_secret_and_unknown_members_are_kept() {
        let mut document = new_document();
        document.init(OLD, "alice", token("token")).unwrap();
        let text = serde_json::to_string(&document).unwrap();
        let read: Credentials = serde_json::from_str(&text).unwrap();
        assert_eq!((read.webhook_secrets("datadog").len(), read.webhook_secrets("sentry").len()), (1, 0));
        assert_eq!((read.api_tokens[0].name.as_str(), read.api_tokens[0].role), ("alice", Role::Responder));
        let digest: [u8; 32] = Sha256::digest("token").into();
        assert_eq!(read.api_tokens[0].sha256, digest);
        assert!(text.contains(r#""session_key":"x""#) && !text.contains(r#""token""#), "{text}");
    }

    #[test]
    fn credentials_are_never_overwritten() {
        let mut document = new_document();
        document.init(OLD, "alice", token("token")).unwrap();
        assert_eq!(document.init(NEW, "bob", token("other")), Err(EditError::NotEmpty));
        assert_eq!(
            document.add_token("alice", Role::Viewer, token("t")),
            Err(EditError::NameTaken("alice".to_owned()))
        );
        assert_eq!(
            (document.webhook_secrets("datadog"), names(&document)),
            ([OLD.to_owned()].as_slice(), vec!["alice"])
        );
    }

    #[test]
    fn an_old_secret_is_valid_until_it_is_retired() {
        let mut document = new_document();
        assert_eq!(document.rotate_webhook("sentry", "short"), Err(EditError::Weak));
        assert_eq!(document.rotate_webhook("nobody", OLD), Err(EditError::UnknownSource("nobody".to_owned())));
        document.rotate_webhook("sentry", OLD).unwrap();
        assert_eq!(document.retire_webhook("sentry"), Err(EditError::NotRotating("sentry".to_owned())));
        assert_eq!(document.rotate_webhook("sentry", OLD), Err(EditError::Known("sentry".to_owned())));
        document.rotate_webhook("sentry", NEW).unwrap();
        assert_eq!(document.webhook_secrets("sentry"), [OLD, NEW]);
        assert_eq!(
            document.rotate_webhook("sentry", "yet another secret"),
            Err(EditError::Rotating("sentry".to_owned()))
        );
        document.retire_webhook("sentry").unwrap();
        assert_eq!(document.webhook_secrets("sentry"), [NEW]);
    }

    #[test]
    fn what_could_never_prove_anything_is_refused() {
        let mut document = new_document();
        assert_eq!(document.rotate_webhook("cloudwatch", "a secret like any other"), Err(EditError::NoTopic));
        document.rotate_webhook("cloudwatch", "arn:aws:sns:eu-west-1:123456789012:alarms").unwrap();
        assert_eq!(document.rotate_webhook("generic", "whsec_no base64 at all"), Err(EditError::NoKey));
        document.rotate_webhook("generic", "whsec_bG9jYWwtZ2VuZXJpYy1zZWNyZXQ=").unwrap();
        document.rotate_webhook("generic", "a token of some length").unwrap();
    }

    #[test]
    fn a_signing_key_and_a_token_are_rotated_each_by_itself() {
        let mut document = new_document();
        let keys = ["whsec_bG9jYWwtZ2VuZXJpYy1zZWNyZXQ=", "whsec_YW5vdGhlci1nZW5lcmljLXNlY3JldA=="];
        document.rotate_webhook("generic", keys[0]).unwrap();
        document.rotate_webhook("generic", OLD).unwrap();
        assert!(!document.is_rotating("generic"));
        assert_eq!(document.retire_webhook("generic"), Err(EditError::NotRotating("generic".to_owned())));
        document.rotate_webhook("generic", NEW).unwrap();
        document.rotate_webhook("generic", keys[1]).unwrap();
        assert!(document.is_rotating("generic"));
        let third = document.rotate_webhook("generic", "yet another token");
        assert_eq!(third, Err(EditError::Rotating("generic".to_owned())));
        document.retire_webhook("generic").unwrap();
        assert_eq!(document.webhook_secrets("generic"), [NEW, keys[1]]);
    }

    #[test]
    fn an_old_token_is_valid_until_it_is_retired_or_revoked() {
        let mut document = new_document();
        document.add_token("alice", Role::Viewer, token("1")).unwrap();
        document.add_token("bob", Role::Responder, token("2")).unwrap();
        document.rotate_token("alice", "3", None).unwrap();
        assert_eq!(names(&document), ["alice", "bob", "alice"]);
        assert!(document.tokens_of("alice").all(|token| token.role == Role::Viewer));
        assert_eq!(document.rotate_token("alice", "4", None), Err(EditError::Rotating("alice".to_owned())));
        document.retire_token("alice").unwrap();
        assert_eq!(names(&document), ["bob", "alice"]);
        assert_eq!(document.tokens()[1].sha256, hex::encode(Sha256::digest("3")));
        assert_eq!(document.retire_token("alice"), Err(EditError::NotRotating("alice".to_owned())));
        document.revoke_token("alice").unwrap();
        assert_eq!(names(&document), ["bob"]);
        assert_eq!(document.revoke_token("alice"), Err(EditError::NoToken("alice".to_owned())));
        assert_eq!(document.rotate_token("alice", "5", None), Err(EditError::NoToken("alice".to_owned())));
        for name in ["", " alice"] {
            assert_eq!(document.add_token(name, Role::Viewer, token("6")), Err(EditError::Name));
        }
    }

    #[test]
    fn a_token_expires_when_its_maker_said() {
        let expires_at: Time = "2027-02-25T09:53:08.120Z".parse().unwrap();
        let mut document = new_document();
        let expiry = Expiry::At(expires_at);
        document.add_token("bob", Role::Viewer, NewToken { token: "1", expiry }).unwrap();
        document.add_token("eve", Role::Viewer, token("2")).unwrap();
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(text.matches("expires_at").count(), 1, "{text}");
        let read: Credentials = serde_json::from_str(&text).unwrap();
        let [bob, eve] = &read.api_tokens[..] else { panic!("{text}") };
        assert!(bob.is_valid(expires_at.plus_millis(-1)) && !bob.is_valid(expires_at));
        assert!(eve.is_valid(Time::LATEST));

        assert_eq!(document.rotate_token("bob", "3", None), Err(EditError::NeedsExpiry("bob".to_owned())));
        document.rotate_token("bob", "3", Some(Expiry::Never)).unwrap();
        let expiries: Vec<_> = document.tokens_of("bob").map(|token| token.expires_at).collect();
        assert_eq!(expiries, [Some(expires_at), None]);
    }
}
