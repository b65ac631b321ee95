//! Comments of responders that fit any outage.

use serde::Deserialize;

/// What people write, beside the comments of each scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrases {
    pub greetings: Vec<String>,
    pub relapse_investigating: Vec<String>,
    pub relapse_resolved: String,
    pub closed_without_review: Vec<String>,
    pub closed_after_review: Vec<String>,
    pub issue_comments: Vec<String>,
}
