//! Facets: how many rows of a list have each value.

use strum::{Display, EnumString, IntoStaticStr, VariantArray, VariantNames};

/// A facet of incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Facet {
    Status,
    Severity,
    Team,
    /// An incident counts under each of its services.
    Service,
    /// An incident counts under each of its sources.
    Source,
}

/// The values of one facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValues {
    /// The facet.
    pub facet: Facet,
    /// The values with the most rows, and how many they have: most first, then by name. `None` is no value.
    pub values: Vec<(Option<String>, u64)>,
    /// How many more values there are.
    pub omitted: usize,
}

/// A facet of a list without rows.
#[must_use]
pub fn none(facet: Facet) -> FacetValues {
    FacetValues { facet, values: Vec::new(), omitted: 0 }
}
