//! Counts facets like the list itself, cached by the day. The cache holds all facets, so which of them are asked for
//! makes no difference to what they cost.

use super::{
    count::{ListContext, ListError, count},
    tally::{FacetCounts, Tally},
};
use crate::listing::{
    buckets::Unit,
    facets::{Facet, FacetValues},
    plan::Plan,
};

/// How many values of a facet are shown.
const MAX_VALUES: usize = 100;

/// Counts the rows of a list by the values of facets.
///
/// # Errors
/// [`ListError`]
pub async fn facets(context: ListContext<'_>, plan: &Plan, asked: &[Facet]) -> Result<Vec<FacetValues>, ListError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = FacetCounts::default();
    for bucket in count::<FacetCounts>(context, plan, Unit::Day).await? {
        all.merge(bucket.value, 0);
    }
    Ok(asked.iter().map(|facet| values(&mut all, *facet)).collect())
}

fn values(all: &mut FacetCounts, facet: Facet) -> FacetValues {
    let counted = all.0.remove(<&str>::from(facet)).unwrap_or_default();
    let mut values: Vec<(Option<String>, u64)> =
        counted.into_iter().map(|(value, rows)| (Some(value).filter(|value| !value.is_empty()), rows)).collect();
    // Of the same number, they are in the order of their names already.
    values.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let omitted = values.len().saturating_sub(MAX_VALUES);
    values.truncate(MAX_VALUES);
    FacetValues { facet, values, omitted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_values_are_shown_then_by_name() {
        let teams = (0..MAX_VALUES + 2).map(|number| (format!("team-{number:03}"), 1));
        let teams = teams.chain([("web".to_owned(), 3), (String::new(), 2)]).collect();
        let mut all = FacetCounts([("team".to_owned(), teams)].into());
        let FacetValues { values, omitted, .. } = super::values(&mut all, Facet::Team);
        assert_eq!(values[..3], [(Some("web".to_owned()), 3), (None, 2), (Some("team-000".to_owned()), 1)]);
        assert_eq!((values.len(), omitted), (MAX_VALUES, 4));
    }
}
