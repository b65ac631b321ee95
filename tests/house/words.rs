//! One thing has one name. These names are gone.

use crate::{
    assert_none,
    repository::files,
    rust_code::{is_name, tokens},
};

/// Parts of names, and what to say instead.
const GONE: [(&str, &str); 8] = [
    ("MOST_", "MAX_"),
    ("LARGEST_", "MAX_"),
    ("LONGEST_", "MAX_, or _TIMEOUT for a duration"),
    ("Deed", "ActionKind"),
    ("Openings", "OpeningLock"),
    ("Newcomer", "NewAlert"),
    ("Retold", "Rewritten"),
    ("vendor", "source"),
];

#[test]
fn names_use_the_words_of_the_glossary() {
    let mut violations = Vec::new();
    for file in files("", "rs") {
        for token in tokens(&file.text).iter().filter(|token| is_name(token)) {
            for (part, instead) in GONE {
                // A word in lower case is meant in any case.
                let is_there = token.text.contains(part) || token.text.to_lowercase().contains(part);
                if is_there {
                    violations.push(format!("{}:{}: {}: say {instead}", file.path, token.line, token.text));
                }
            }
        }
    }
    assert_none("Names that nobody should use.", &violations);
}
