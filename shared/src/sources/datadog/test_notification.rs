//! Whether a text says that somebody tries a notification out.

/// How such texts go on after `this is a test`.
const ENDS: [&str; 9] = ["", "notification", "alert", "message", "webhook", "event", "incident", "payload", "of the"];

/// Whether a title or a message says that it is a test: `Test notification triggered by …`, `This is
/// a test.`, but not `This is a test environment`.
pub fn says_so(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches(|character: char| !character.is_alphanumeric()).to_lowercase();
        line.starts_with("test notification")
            || line.split_once("is a test").is_some_and(|(_, rest)| {
                let rest = rest.trim_start();
                ENDS.iter().any(|end| match rest.strip_prefix(end) {
                    Some(rest) => !rest.starts_with(char::is_alphanumeric),
                    None => false,
                })
            })
    })
}

#[cfg(test)]
mod tests {
    use super::says_so;

    #[test]
    fn tests_say_so() {
        for text in [
            "@webhook-a\n\nTest notification triggered by someone.",
            "%%%\nThis is a test.",
            "This is a test notification from Datadog",
            "it is a test",
            "Test Notification",
        ] {
            assert!(says_so(text), "{text}");
        }
        for text in
            ["This is a test environment", "The latest notification failed", "test failed", "this is a testament"]
        {
            assert!(!says_so(text), "{text}");
        }
    }
}
