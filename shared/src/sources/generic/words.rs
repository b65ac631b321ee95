//! The words of many tools for what happened.

/// What the type of an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Firing,
    Resolved,
    /// Several events.
    Batch,
    /// Somebody works on it.
    Acknowledged,
    /// It is about something else than alerts.
    Foreign,
    /// Nobody knows.
    Unknown,
}

const FIRING: [&str; 18] = [
    "firing",
    "trigger",
    "triggered",
    "problem",
    "alerting",
    "alert",
    "open",
    "opened",
    "created",
    "activated",
    "down",
    // Checkly's alert states.
    "alert_failure",
    "alert_failure_remain",
    "alert_failure_degraded",
    "alert_degraded",
    "alert_degraded_remain",
    "alert_degraded_failure",
    "alert_ssl",
];

const RESOLVED: [&str; 10] = [
    "resolved",
    "resolve",
    "recovered",
    "recovery",
    "ok",
    "up",
    "closed",
    "alert_recovery",
    "alert_degraded_recovery",
    "alert_resolved",
];

const ACKNOWLEDGED: [&str; 3] = ["acknowledged", "acknowledge", "ack"];

impl Kind {
    /// What a type says: `alert.firing`, or the word of another tool, in any case.
    pub fn of(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let word = text.strip_prefix("alert.").unwrap_or(&text);
        match word {
            "batch" => Self::Batch,
            word if FIRING.contains(&word) => Self::Firing,
            word if RESOLVED.contains(&word) => Self::Resolved,
            word if ACKNOWLEDGED.contains(&word) => Self::Acknowledged,
            _ if text.contains('.') && word == text => Self::Foreign,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_words_are_known() {
        for (text, kind) in [
            ("alert.firing", Kind::Firing),
            ("ALERT_FAILURE", Kind::Firing),
            ("PROBLEM", Kind::Firing),
            ("Down ", Kind::Firing),
            ("alert.resolved", Kind::Resolved),
            ("OK", Kind::Resolved),
            ("ALERT_RECOVERY", Kind::Resolved),
            ("alert.batch", Kind::Batch),
            ("acknowledged", Kind::Acknowledged),
            ("contact.created", Kind::Foreign),
            ("alert.exploded", Kind::Unknown),
            ("maybe", Kind::Unknown),
            ("", Kind::Unknown),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }
}
