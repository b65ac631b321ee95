//! The headers of a webhook.

use std::collections::BTreeMap;

/// The headers of a webhook: names in lower case, and values of any bytes.
///
/// A name that comes twice has both values, with a comma between them, as HTTP joins them.
///
/// ```
/// use shared::sources::Headers;
///
/// let headers: Headers = [("Sentry-Hook-Resource", "issue")].into_iter().collect();
/// assert_eq!(headers.text("sentry-hook-resource"), Some("issue"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(BTreeMap<String, Vec<u8>>);

impl Headers {
    /// The value of a name in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The value of a name in lower case, trimmed. `None` if it is empty or no text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(self.get(name)?).ok()?.trim();
        (!text.is_empty()).then_some(text)
    }
}

impl<Name: AsRef<str>, Value: AsRef<[u8]>> FromIterator<(Name, Value)> for Headers {
    fn from_iter<Pairs: IntoIterator<Item = (Name, Value)>>(pairs: Pairs) -> Self {
        let mut headers: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (name, value) in pairs {
            headers
                .entry(name.as_ref().to_ascii_lowercase())
                .and_modify(|joined| {
                    joined.push(b',');
                    joined.extend_from_slice(value.as_ref());
                })
                .or_insert_with(|| value.as_ref().to_vec());
        }
        Self(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_lower_case_and_values_are_any_bytes() {
        let headers: Headers = [("X-Token", &b"\xff"[..]), ("A", b" b "), ("Empty", b" ")].into_iter().collect();
        assert_eq!(headers.get("x-token"), Some(&b"\xff"[..]));
        assert_eq!((headers.text("x-token"), headers.text("empty")), (None, None));
        assert_eq!(headers.text("a"), Some("b"));
    }

    #[test]
    fn a_name_that_comes_twice_has_both_values() {
        let headers: Headers = [("signature", "one"), ("Signature", "other")].into_iter().collect();
        assert_eq!(headers.get("signature"), Some(&b"one,other"[..]));
    }
}
