//! The forms of times, addresses and titles in Sentry's payloads.

use jiff::Timestamp;

use crate::company::{IssueDefinition, SLUG};

/// `2026-11-10T20:56:00.679000+00:00`, the form of issues.
pub fn with_offset(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

/// `2026-11-10T20:56:00.679000Z`, the form of events and metric alerts.
pub fn with_z(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// The organisation's address in the web interface.
pub fn site(path: &str) -> String {
    format!("https://{SLUG}.sentry.io/{path}")
}

pub fn api(path: &str) -> String {
    format!("https://sentry.io/api/0/{path}")
}

/// The exception's type and the first line of its value. Sentry cuts the value after 100 characters.
pub fn title(definition: &IssueDefinition) -> String {
    let IssueDefinition { exception, value, .. } = definition;
    let line = value.lines().next().unwrap_or_default();
    if line.chars().count() > MAX_TITLE_VALUE {
        let cut: String = line.chars().take(MAX_TITLE_VALUE - 3).collect();
        return format!("{exception}: {cut}...");
    }
    format!("{exception}: {line}")
}

const MAX_TITLE_VALUE: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::company::Level;

    fn titled(value: String) -> String {
        title(&IssueDefinition {
            level: Level::Error,
            exception: "ValueError".to_owned(),
            value,
            culprit: String::new(),
            filename: String::new(),
            function: String::new(),
            lineno: 1,
            context_line: String::new(),
        })
    }

    #[test]
    fn a_title_holds_at_most_100_characters_of_one_line() {
        assert_eq!(titled("ł\nsecond line".to_owned()), "ValueError: ł");
        assert_eq!(titled("ł".repeat(100)), format!("ValueError: {}", "ł".repeat(100)));
        assert_eq!(titled("ł".repeat(101)), format!("ValueError: {}...", "ł".repeat(97)));
    }
}
