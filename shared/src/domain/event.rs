//! What one delivery says, in the words of the domain.

use serde::{Deserialize, Serialize};

use super::{
    severity::Severity,
    source::Source,
    text::{TRUNCATED_SUFFIX, json_bytes, limits, truncated_to_json_bytes},
    time::Time,
};

/// What a delivery says about its problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// The problem began, or is still there.
    Firing,
    /// The problem is over, or somebody silenced it.
    Resolved,
}

/// A severity as the source states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatedSeverity {
    /// What it means here.
    pub value: Severity,
    /// The source's words: `P1`, `level fatal`.
    pub matched: String,
    /// How sure the mapping is, 0 to 1.
    pub confidence: f64,
}

/// How a source tells of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// "This changed": each event is news, once.
    #[default]
    Change,
    /// "This is so": the same words come again and again, without an id and without the time of
    /// sending. Receipt orders them, and a repetition changes nothing.
    Report,
}

/// Whether a dedup key names a problem in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyScope {
    /// The dedup key is complete: the same key is the same problem.
    #[default]
    Problem,
    /// The same key in two environments is two problems. A resolution that names no environment
    /// ends the problem in all of them.
    ProblemPerEnvironment,
}

/// What one delivery of a source says: read, but not yet classified and grouped.
///
/// Texts are bounded (see [`limits`]). `service`, `environment` and `team` are in lower case and
/// never empty. `title` is one line without control characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// The source.
    pub source: Source,
    /// The problem's name in the source's system. People find the problem there by it.
    pub external_id: Option<String>,
    /// The same for all deliveries of one problem, its resolution included.
    pub dedup_key: String,
    /// Whether `dedup_key` is complete without the environment.
    pub key_scope: KeyScope,
    /// How the source tells of its problems.
    #[serde(default)]
    pub kind: EventKind,
    /// The source's own id of this event, if it states one that no other event has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The source's own grouping: alerts with the same key belong together.
    pub group_key: String,
    /// What names the problem in all its episodes, if `dedup_key` is new in each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurs_as: Option<String>,
    /// Firing or resolved.
    pub transition: Transition,
    /// Whether the payload itself says that the alert fires. One that states nothing fires, too, but
    /// its text may tell that the problem is over.
    pub states_firing: bool,
    /// The time that people are shown: the time that the source states, but never later than a
    /// receipt of the delivery, by the source or by us. Without a stated time, our receipt.
    pub occurred_at: Time,
    /// When the problem ended, if the source states that with its resolution, and orders deliveries by something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// The time by which the deliveries of one problem are ordered.
    ///
    /// | the deliveries of the problem | `ordered_at` |
    /// | --- | --- |
    /// | each states the time of its change, by one clock of the source | that time |
    /// | some, such as its resolution, state none | the source's receipt, if stated and not later than ours; else our receipt |
    pub ordered_at: Time,
    /// Whether the payload states the time in `ordered_at`.
    ///
    /// If so, the same bytes are the same event for ever. If not, the same bytes may come again as
    /// news: a problem that is resolved twice may say so in the same words.
    pub is_timed: bool,
    /// One line, without the state: a title is the same when it fires and when it is resolved.
    pub title: String,
    /// The text below it.
    pub message: Option<String>,
    /// The severity, where the source states one in words that are understood.
    pub severity: Option<StatedSeverity>,
    /// The words that state a severity and are not understood. Only set if `severity` is not.
    pub unknown_severity: Option<String>,
    /// The severity that the transition implies (`Warn`, `alert_type error`). It says less than
    /// the words of the text do.
    pub transition_severity: Option<StatedSeverity>,
    /// The service, where the source names one.
    pub service: Option<String>,
    /// The environment, where the source names one.
    pub environment: Option<String>,
    /// The team, where the source names one.
    pub team: Option<String>,
    /// The part of the monitored things that the problem is about: `host:web-1`.
    pub group: Option<String>,
    /// Whether somebody tries a notification out. A test joins nothing, and no resolution follows.
    pub is_test: bool,
    /// `key:value` or plain words.
    pub tags: Vec<String>,
    /// Where to look at it in the source's system: an `http` or `https` link.
    pub link: Option<String>,
}

impl AlertEvent {
    /// An event that says no more than it must: the rest is absent.
    #[must_use]
    pub fn bare(source: Source, dedup_key: &str, transition: Transition, at: Time) -> Self {
        Self {
            source,
            external_id: None,
            dedup_key: dedup_key.to_owned(),
            key_scope: KeyScope::Problem,
            kind: EventKind::Change,
            event_id: None,
            group_key: dedup_key.to_owned(),
            recurs_as: None,
            transition,
            states_firing: transition == Transition::Firing,
            occurred_at: at,
            ended_at: None,
            ordered_at: at,
            is_timed: true,
            title: dedup_key.to_owned(),
            message: None,
            severity: None,
            unknown_severity: None,
            transition_severity: None,
            service: None,
            environment: None,
            team: None,
            group: None,
            is_test: false,
            tags: Vec::new(),
            link: None,
        }
    }

    /// The same event, its texts cut to the bytes of JSON that [`limits`] leave them, whatever the
    /// characters are. Keys are cut where they are read: a hash must stand for the rest.
    #[must_use]
    pub fn fitted(self) -> Self {
        let mut room = limits::TAGS_BYTES;
        let fits = |tag: &&String| {
            room = room.saturating_sub(json_bytes(tag));
            room > 0
        };
        let fitting_tags = self.tags.iter().take_while(fits).count();
        let mut tags = self.tags;
        if fitting_tags < tags.len() {
            tags.truncate(fitting_tags);
            tags.push(TRUNCATED_SUFFIX.to_owned());
        }
        let name = |name: Option<String>| name.map(|name| truncated_to_json_bytes(&name, limits::NAME_BYTES));
        Self {
            title: truncated_to_json_bytes(&self.title, limits::TITLE_BYTES),
            service: name(self.service),
            environment: name(self.environment),
            team: name(self.team),
            group: self.group.map(|group| truncated_to_json_bytes(&group, limits::KEY_BYTES)),
            message: self.message.map(|message| truncated_to_json_bytes(&message, limits::MESSAGE_BYTES)),
            tags,
            // Half a link leads nowhere.
            link: self.link.filter(|link| json_bytes(link) <= limits::LINK_BYTES),
            ..self
        }
    }
}
