//! Comments on issues. The product ignores them, so the demo data contains some.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{actor::Actor, envelope::envelope, format::with_z, issue::Issue};

/// A person's comment on an issue.
#[derive(Debug)]
pub struct Comment<'text> {
    pub id: u64,
    pub text: &'text str,
    pub author: Actor<'text>,
    pub at: Timestamp,
}

impl Comment<'_> {
    /// The body of the resource `comment`.
    pub fn body(&self, issue: &Issue) -> Value {
        envelope(
            "created",
            self.author,
            &json!({
                "comment": self.text,
                "comment_id": self.id,
                "issue_id": issue.id,
                "project_slug": issue.service.name,
                "timestamp": with_z(self.at),
            }),
        )
    }
}
