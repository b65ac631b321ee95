//! Reads what the lists of incidents and alerts show beside their rows.

use shared::{
    http::problem::Problem,
    listing::segments::{
        facets::FacetValues,
        rows::Field,
        statistics::{Statistics, intervals::IntervalKind},
    },
    service::get_incident_stats::StatsError,
};

use super::histogram::Histogram;
use crate::{link::Link, period::Period, visit::Visit};

/// So many bars can be told apart.
const MAX_BARS: usize = 200;

/// Up to so many days are shown by hour.
const MAX_DAYS_BY_HOUR: usize = 7;

/// A list that can be counted.
pub trait Countable: Sync {
    /// What its statistics count.
    type Figures: Send;

    /// The values of one field, of the rows that match a query string.
    fn facet(&self, query: String, field: Field) -> impl Future<Output = Result<Option<FacetValues>, Problem>> + Send;

    /// Its figures by severity and interval.
    fn figures(&self, kind: IntervalKind)
    -> impl Future<Output = Result<Statistics<Self::Figures>, StatsError>> + Send;

    /// How many rows figures are of.
    fn count(figures: &Self::Figures) -> u64;
}

/// The values of each field. Of a field that is filtered, those that its filter leaves out have counts too: people must
/// see what they could choose instead.
///
/// # Errors
/// A [`Problem`] if the list cannot be read.
pub async fn facet_values(
    list: &impl Countable,
    query: &Link,
    facets: Vec<FacetValues>,
) -> Result<Vec<FacetValues>, Problem> {
    let mut counted = Vec::with_capacity(facets.len());
    for facet in facets {
        let name = facet.field.to_string();
        let negated = format!("{name}!");
        let is_filtered = query.get(&name).is_some() || query.get(&negated).is_some();
        let others = query.without(&name).without(&negated).with("limit", 1).query();
        let wider = if is_filtered { list.facet(others, facet.field).await? } else { None };
        counted.push(wider.unwrap_or(facet));
    }
    Ok(counted)
}

/// The histogram of a list. The longer its period, the longer the intervals: without a beginning, only the figures tell
/// how long it is.
///
/// # Errors
/// A [`Problem`] if the list cannot be read.
pub async fn histogram<L: Countable>(
    list: &L,
    noun: &'static str,
    visit: &Visit,
) -> Result<Option<Histogram>, Problem> {
    let period = Period::read(&visit.link, visit.now)?;
    for kind in [period.interval(visit.now), IntervalKind::Week, IntervalKind::Month] {
        match list.figures(kind).await {
            Ok(figures) if figures.intervals.len() > MAX_BARS && kind != IntervalKind::Month => {}
            // A few days say little. The list is younger than its period.
            Ok(figures) if kind == IntervalKind::Day && figures.intervals.len() <= MAX_DAYS_BY_HOUR => {
                let kind = IntervalKind::Hour;
                let finer = list.figures(kind).await?;
                return Ok(Some(Histogram::of(noun, kind, &finer, L::count)));
            }
            Ok(figures) => return Ok(Some(Histogram::of(noun, kind, &figures, L::count))),
            Err(StatsError::TooManyIntervals(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// The parameters of a list that its statistics take too.
#[must_use]
pub fn of_statistics(query: &Link) -> Link {
    query.keeping(|name| !["sort", "limit", "offset"].contains(&name))
}
