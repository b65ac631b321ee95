//! Conditions on rows that the chosen index does not serve by its keys.

/// A condition on one attribute. Several combine with AND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// The attribute is one of the values.
    AnyOf {
        /// The attribute's name.
        attribute: &'static str,
        /// The values; at least one.
        values: Vec<String>,
    },
    /// The attribute, a list, holds one of the values.
    ContainsAny {
        /// The attribute's name.
        attribute: &'static str,
        /// The values; at least one.
        values: Vec<String>,
    },
    /// The attribute is in a range, both ends included.
    Between {
        /// The attribute's name.
        attribute: &'static str,
        /// The first value.
        from: String,
        /// The last value.
        to: String,
    },
}

impl Predicate {
    /// One of the values, if there are any to ask for.
    #[must_use]
    pub fn any_of(attribute: &'static str, values: &[String]) -> Option<Self> {
        (!values.is_empty()).then(|| Self::AnyOf { attribute, values: values.to_vec() })
    }

    /// A list with one of the values, if there are any to ask for.
    #[must_use]
    pub fn contains_any(attribute: &'static str, values: &[String]) -> Option<Self> {
        (!values.is_empty()).then(|| Self::ContainsAny { attribute, values: values.to_vec() })
    }
}
