//! The resource `comment`.

use jiff::Timestamp;
use serde::Serialize;

use super::{Actor, Encoding, Envelope, INSTALLATION, Issue, with_z};

/// A person wrote a note on an issue.
pub(crate) fn comment(
    issue: &Issue,
    actor: Actor<'_>,
    text: &str,
    id: u64,
    at: Timestamp,
    encoding: Encoding,
) -> Result<String, serde_json::Error> {
    let data = Data {
        comment: text,
        comment_id: id,
        issue_id: issue.id,
        project_slug: issue.fault.service.name,
        timestamp: with_z(at),
    };
    encoding.write(&Envelope { action: "created", actor, data, installation: INSTALLATION })
}

#[derive(Serialize)]
struct Data<'comment> {
    comment: &'comment str,
    comment_id: u64,
    issue_id: u64,
    project_slug: &'static str,
    timestamp: String,
}
