//! Sessions: who signed in, until when. A browser keeps its session as a signed cookie.

use serde::{Deserialize, Serialize};
use shared::{
    domain::{principal::Role, time::Time},
    sources::signature::{Secret, is_same},
};

use crate::signed;

/// The cookie.
pub const COOKIE: &str = "incident-review";

/// How long a person stays signed in: a shift.
pub const MAX_MINUTES: i64 = 12 * 60;

const PURPOSE: &str = "session";

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Random, so that the proofs of two sessions differ.
    pub id: String,
    pub holder: Holder,
    pub until: Time,
}

/// How a person proved who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// By an API token. Name and role are looked up each time, so a token that is revoked ends its sessions.
    Token { fingerprint: String },
    /// By the identity provider, which said so until the session ends. `provider` names it and our client there.
    Person { name: String, role: Role, provider: String },
}

impl Session {
    /// A new session. It ends with the shift, or when the proof of the person does.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn begin(holder: Holder, expires_at: Option<Time>, now: Time) -> Result<Self, getrandom::Error> {
        let latest = now.plus_minutes(MAX_MINUTES);
        let until = expires_at.map_or(latest, |expires_at| expires_at.min(latest));
        Ok(Self { id: random_text()?, holder, until })
    }

    /// The value of its cookie.
    #[must_use]
    pub fn seal(&self, key: &Secret) -> String {
        signed::seal(PURPOSE, self, key)
    }

    /// The session of a cookie, if we signed it and it has not ended.
    #[must_use]
    pub fn open(cookie: &str, key: &Secret, now: Time) -> Option<Self> {
        signed::open(PURPOSE, cookie, key).filter(|session: &Self| now < session.until)
    }

    /// What each form of the session carries: a page of somebody else cannot know it.
    #[must_use]
    pub fn proof(&self, key: &Secret) -> String {
        signed::sign("form", &self.id, key)
    }

    /// Whether a form carries the proof of this session.
    #[must_use]
    pub fn is_proven(&self, proof: &str, key: &Secret) -> bool {
        is_same(self.proof(key).as_bytes(), proof.as_bytes())
    }
}

/// 128 random bits in hex.
///
/// # Errors
/// If the system has no random numbers.
pub fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Secret {
        Secret::new(text.to_owned()).unwrap()
    }

    fn session(expires_at: Option<Time>) -> Session {
        Session::begin(Holder::Token { fingerprint: "f".to_owned() }, expires_at, Time::EARLIEST).unwrap()
    }

    #[test]
    fn a_session_ends_after_a_shift_or_with_its_token() {
        let end = Time::EARLIEST.plus_minutes(MAX_MINUTES);
        assert_eq!(session(None).until, end);
        assert_eq!(session(Some(Time::LATEST)).until, end);
        let early = Time::EARLIEST.plus_minutes(5);
        let cookie = session(Some(early)).seal(&key("k"));
        assert!(Session::open(&cookie, &key("k"), early.plus_millis(-1)).is_some());
        assert_eq!(Session::open(&cookie, &key("k"), early), None);
        assert_eq!(Session::open(&cookie, &key("new"), Time::EARLIEST), None);
    }

    #[test]
    fn the_proof_of_a_form_belongs_to_one_session() {
        let (one, other) = (session(None), session(None));
        assert!(one.is_proven(&one.proof(&key("k")), &key("k")));
        for proof in [other.proof(&key("k")), one.proof(&key("new")), String::new()] {
            assert!(!one.is_proven(&proof, &key("k")), "{proof}");
        }
    }
}
