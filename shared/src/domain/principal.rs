//! Who calls the API, and what they may do.

use serde::{Deserialize, Serialize};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May only read.
    Viewer,
    /// May read and change.
    Responder,
}

/// Who calls, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The actor in histories: the name of an API token, or the person of a JWT.
    pub name: String,
    /// What the caller may do.
    pub role: Role,
}
