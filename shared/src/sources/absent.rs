//! The texts by which sources say that a value is missing.
//!
//! A template has a variable that the event has not: the variable stays as it is, or becomes one of
//! these words. Two problems that both lack a key would be one problem if a word were a key.

/// Words that stand for a missing value, in any case.
const WORDS: [&str; 14] = [
    "null",
    "(null)",
    "<null>",
    "none",
    "(none)",
    "<none>",
    "nil",
    "<nil>",
    "undefined",
    "n/a",
    "<no value>",
    "[]",
    "{}",
    "*",
];

/// Whether a text stands for a missing value: empty, `null`, `N/A`, `-`, an unexpanded `$VARIABLE`.
pub fn is_absent(text: &str) -> bool {
    let text = text.trim();
    text.chars().all(|character| matches!(character, '-' | '–' | '—'))
        || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        || variable(text).is_some_and(str::is_empty)
        || (text.starts_with("{{") && text.ends_with("}}"))
}

/// Whether a key is made of missing values alone: `null-null`, `$AGGREG_KEY-$ALERT_CYCLE_KEY`. The
/// number 0 is one, too: nothing has it as its id.
pub fn is_absent_key(key: &str) -> bool {
    let key = key.to_lowercase().replace("n/a", " ");
    let mut rest = key.as_str();
    while let Some(character) = rest.chars().next() {
        if let Some(following) = variable(rest) {
            rest = following;
        } else if character.is_alphanumeric() {
            let length = rest.find(|character: char| !character.is_alphanumeric()).unwrap_or(rest.len());
            let (word, following) = rest.split_at(length);
            if !is_absent(word) && word != "0" {
                return false;
            }
            rest = following;
        } else if is_joint(character) {
            rest = &rest[character.len_utf8()..];
        } else {
            return false;
        }
    }
    true
}

/// What stands between the parts of a key.
fn is_joint(character: char) -> bool {
    character.is_ascii_punctuation() || character.is_whitespace()
}

/// What follows the variable with which a text begins: `$NAME`, `${NAME}` or `$NAME[key]`.
fn variable(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let (braced, inner) = inner.strip_prefix('{').map_or((false, inner), |inner| (true, inner));
    let length = inner.find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    let (name, rest) = inner.split_at(length.unwrap_or(inner.len()));
    if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return None;
    }
    let rest = if braced { rest.strip_prefix('}')? } else { rest };
    Some(rest.strip_prefix('[').and_then(|index| index.split_once(']')).map_or(rest, |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_variables_are_absent() {
        for text in [
            "",
            " ",
            "null",
            "None",
            "NULL",
            "undefined",
            "N/A",
            "n/a",
            "-",
            "--",
            "(null)",
            "<no value>",
            "nil",
            "$ID",
            "$ALERT_CYCLE_KEY",
            "${TAGS}",
            "$TAGS[env]",
            "{{host.name}}",
            "{}",
            "*",
        ] {
            assert!(is_absent(text), "{text}");
        }
        for text in ["0", "no", "nullable", "a-b", "$5", "$ID is", "cost in $", "non", "x{{y}}", "production", "-1"] {
            assert!(!is_absent(text), "{text}");
        }
    }

    #[test]
    fn keys_of_absent_parts_are_absent() {
        for key in
            ["null-null", "$AGGREG_KEY-$ALERT_CYCLE_KEY", "n/a|N/A", "None:", ":", "-_-", "$A$B", "null/none", "0"]
        {
            assert!(is_absent_key(key), "{key}");
        }
        for key in ["agg4-cyc4", "null-4", "10", "title", "a/b", "$ALERT_ID-7", "ü", "🔥"] {
            assert!(!is_absent_key(key), "{key}");
        }
    }
}
