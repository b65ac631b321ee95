//! Whether a text says that somebody tries a notification out.

/// How such texts go on after `this is a test`.
const ENDS: [&str; 9] = ["", "notification", "alert", "message", "webhook", "event", "incident", "payload", "of the"];

/// Whether a title or a message says that it is a test: `Test notification triggered by …`, `This is
/// a test.`, but not `This is a test environment`.
pub fn says_so(text: &str) -> bool {
    text.lines().any(|line| sentence(line).starts_with("test notification"))
        || text.split(['\n', '.', '!', '?', ':']).any(|part| is_a_test(&sentence(part)))
}

/// In lower case, without mentions and signs before it.
fn sentence(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().skip_while(|word| word.starts_with('@')).collect();
    words.join(" ").trim_start_matches(|character: char| !character.is_alphanumeric()).to_lowercase()
}

/// `If this is a test, ignore it` is a line of a runbook, so the sentence must begin so.
fn is_a_test(sentence: &str) -> bool {
    let rest = ["this is a test", "it is a test"].iter().find_map(|start| sentence.strip_prefix(start));
    rest.is_some_and(|rest| {
        let goes_on = |end: &&str| rest.trim_start().strip_prefix(end);
        ENDS.iter().filter_map(goes_on).any(|rest| !rest.starts_with(char::is_alphanumeric))
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
            "@webhook-a @jane This is a test alert, ignore it",
            "Hello! It is a test.",
            "Test Notification",
        ] {
            assert!(says_so(text), "{text}");
        }
        for text in [
            "This is a test environment",
            "The latest notification failed",
            "test failed",
            "this is a testament",
            "If this is a test, ignore it",
            "When the tenant is a test, skip the first step",
        ] {
            assert!(!says_so(text), "{text}");
        }
    }
}
