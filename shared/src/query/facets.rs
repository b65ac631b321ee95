//! Facets: how many rows of a list have each value, exactly.
//!
//! They are counted like the list itself and remembered by the day. What is remembered holds all facets, so which of
//! them are asked for makes no difference to what they cost.

use super::{
    buckets::Unit,
    count::{ListError, Sources, count},
    plan::Plan,
    tally::{FacetCounts, Tally},
};

/// How many values of a facet are shown.
const MOST_VALUES: usize = 100;

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

/// Counts the rows of a list by the values of facets.
///
/// # Errors
/// [`ListError`]
pub async fn facets(sources: Sources<'_>, plan: &Plan, asked: &[Facet]) -> Result<Vec<FacetValues>, ListError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = FacetCounts::default();
    for bucket in count::<FacetCounts>(sources, plan, Unit::Day).await? {
        all.merge(bucket.value, 0);
    }
    Ok(asked.iter().map(|facet| values(&mut all, *facet)).collect())
}

/// A facet of a list without rows.
#[must_use]
pub fn none(facet: Facet) -> FacetValues {
    FacetValues { facet, values: Vec::new(), omitted: 0 }
}

fn values(all: &mut FacetCounts, facet: Facet) -> FacetValues {
    let counted = all.0.remove(facet.as_str()).unwrap_or_default();
    let mut values: Vec<(Option<String>, u64)> =
        counted.into_iter().map(|(value, rows)| (Some(value).filter(|value| !value.is_empty()), rows)).collect();
    // Of the same number, they are in the order of their names already.
    values.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let omitted = values.len().saturating_sub(MOST_VALUES);
    values.truncate(MOST_VALUES);
    FacetValues { facet, values, omitted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_values_are_shown_then_by_name() {
        let teams = (0..MOST_VALUES + 2).map(|number| (format!("team-{number:03}"), 1));
        let teams = teams.chain([("web".to_owned(), 3), (String::new(), 2)]).collect();
        let mut all = FacetCounts([("team".to_owned(), teams)].into());
        let FacetValues { values, omitted, .. } = super::values(&mut all, Facet::Team);
        assert_eq!(values[..3], [(Some("web".to_owned()), 3), (None, 2), (Some("team-000".to_owned()), 1)]);
        assert_eq!((values.len(), omitted), (MOST_VALUES, 4));
    }
}
