//! What a filter asks for, in a form that does not depend on the order in which it was asked for:
//! what cursors and caches of a list are named by.

use std::{collections::BTreeMap, fmt::Display};

use sha2::{Digest, Sha256};

use super::plan::Range;

/// The values of each condition, sorted, each once. A condition without values is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalConditions(BTreeMap<String, Vec<String>>);

impl CanonicalConditions {
    /// Those of some conditions: names and values.
    pub fn new<'name>(conditions: impl IntoIterator<Item = (&'name str, Vec<String>)>) -> Self {
        conditions.into_iter().fold(Self(BTreeMap::new()), |all, (name, values)| all.with(name, values))
    }

    /// The same with another condition.
    #[must_use]
    pub fn with(mut self, name: &str, mut values: Vec<String>) -> Self {
        values.sort();
        values.dedup();
        if !values.is_empty() {
            self.0.insert(name.to_owned(), values);
        }
        self
    }

    /// The same with a range of times.
    #[must_use]
    pub fn with_range(self, name: &str, range: &Range) -> Self {
        self.with(&format!("{name}_from"), texts(range.from.as_slice()))
            .with(&format!("{name}_to"), texts(range.to.as_slice()))
    }

    /// Identifies the conditions: the first 32 hexadecimal digits of their SHA-256.
    #[must_use]
    pub fn hash(&self) -> String {
        // In JSON no value can look like two. Texts always have a JSON form.
        let json = serde_json::to_string(&self.0).unwrap_or_default();
        hex::encode(&Sha256::digest(json)[..16])
    }
}

/// The texts of some values.
pub fn texts<T: Display>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_conditions_have_the_same_hash_whatever_their_order() {
        let hash = |conditions: &[(&str, &[&str])]| {
            CanonicalConditions::new(conditions.iter().map(|(name, values)| (*name, texts(values)))).hash()
        };
        let one = hash(&[("status", &["OPEN", "CLOSED"]), ("team", &["web"])]);
        assert_eq!(one, hash(&[("team", &["web", "web"]), ("service", &[]), ("status", &["CLOSED", "OPEN"])]));
        assert_ne!(one, hash(&[("status", &["OPEN", "CLOSED"]), ("service", &["web"])]));
        assert_ne!(hash(&[("team", &["a\",\"b"])]), hash(&[("team", &["a", "b"])]));
    }
}
