//! What came of a change, told on the page after it. A signed cookie carries it there.

use serde::{Deserialize, Serialize};
use shared::sources::signature::Secret;

use crate::signed;

/// The cookie.
pub const COOKIE: &str = "incident-review-notice";

/// A browser that does not follow the redirect shows it no later.
pub const SECONDS: i64 = 60;

/// Browsers keep cookies of 4 KB.
const MAX_CHARS: usize = 600;

const PURPOSE: &str = "notice";

/// How a change went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Done,
    Failed,
}

/// A sentence or two about a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    pub tone: Tone,
    pub text: String,
}

impl Flash {
    /// A change that was made.
    #[must_use]
    pub fn done(text: impl Into<String>) -> Self {
        Self { tone: Tone::Done, text: text.into() }
    }

    /// A change that was not made, or only in part.
    #[must_use]
    pub fn failed(text: impl Into<String>) -> Self {
        Self { tone: Tone::Failed, text: text.into() }
    }

    /// The value of the cookie.
    #[must_use]
    pub fn seal(&self, key: &Secret) -> String {
        let text = self.text.chars().take(MAX_CHARS).collect();
        signed::seal(PURPOSE, &Self { text, tone: self.tone }, key)
    }

    /// The notice in a cookie, if we signed it.
    #[must_use]
    pub fn open(cookie: &str, key: &Secret) -> Option<Self> {
        signed::open(PURPOSE, cookie, key)
    }
}
