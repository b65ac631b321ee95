//! Sentry's two ways to write text that is not ASCII. The product must read both.

use std::fmt::Write as _;

use serde_json::Value;

/// How Sentry writes text that is not ASCII. It depends on the version of Sentry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `\u00fc`, the default of Python.
    Escaped,
    /// `ü`
    Utf8,
}

impl Encoding {
    pub fn write(self, body: &Value) -> String {
        let json = body.to_string();
        match self {
            Self::Utf8 => json,
            Self::Escaped => escaped(&json),
        }
    }
}

/// The same JSON in ASCII. Only strings of JSON hold anything else.
fn escaped(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut ascii, character| {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
        ascii
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_changes_the_bytes_but_not_the_text() {
        let text = Value::from("Łódź 🛒 \"x\"");
        let ascii = Encoding::Escaped.write(&text);
        assert!(ascii.is_ascii());
        assert!(ascii.contains("\\ud83d\\uded2"));
        assert_eq!(serde_json::from_str::<Value>(&ascii).unwrap(), text);
    }
}
