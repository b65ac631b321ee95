//! Facets: how many rows of a list have each value.

/// A facet of incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// Where the review stands.
    Status,
    /// How bad it is.
    Severity,
    /// Whose it is.
    Team,
    /// What is concerned; an incident counts under each of its services.
    Service,
    /// Who reports; an incident counts under each of its sources.
    Source,
}

impl Facet {
    /// Every facet.
    pub const ALL: [Self; 5] = [Self::Status, Self::Severity, Self::Team, Self::Service, Self::Source];

    /// Its name in queries and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Severity => "severity",
            Self::Team => "team",
            Self::Service => "service",
            Self::Source => "source",
        }
    }
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
