//! Reads the figures of the page.

use shared::{
    domain::time::{MINUTES_A_DAY, Time},
    http::{lists, problem::Problem, stats},
    listing::segments::{
        facets::FacetValues,
        rows::Field,
        statistics::{Group, Statistics, StatisticsQuery, incidents::IncidentFigures, intervals::IntervalKind},
    },
    service::{
        get_alert_stats::{AlertStats, ProblemStats},
        get_incident_stats::StatsError,
    },
};

use super::{BY, FIELDS, SPLITS};
use crate::{
    Function,
    link::Link,
    pages::incidents::Matching,
    parts::{chart::Slot, listing, times},
    period::Period,
    visit::Visit,
};

/// How many intervals a chart shows: the days of a month.
pub const MAX_SLOTS: usize = 31;

/// How many months the table has.
const MONTHS: usize = 12;

/// Eleven months before a day is in the month that the table begins with, or in the one before.
const DAYS_OF_ELEVEN_MONTHS: i64 = 335;

/// How many of the noisiest monitors are shown.
const PROBLEMS: usize = 10;

/// How many values of a field are offered: a page with charts has little room for more.
const MAX_FACET_VALUES: usize = 6;

/// What the page shows.
#[derive(Debug)]
pub struct Insights {
    pub by: Field,
    pub kind: IntervalKind,
    pub period: Period,
    /// By [`Self::kind`], and split by [`Self::by`].
    pub over_time: Statistics<IncidentFigures>,
    /// By month, whatever the period.
    pub months: Statistics<IncidentFigures>,
    pub noisiest: Vec<ProblemStats>,
    pub facets: Vec<FacetValues>,
}

/// Reads it.
///
/// # Errors
/// A [`Problem`] if a parameter is wrong, or the figures cannot be read.
pub async fn read(console: &Function, visit: &Visit) -> Result<Insights, Problem> {
    let by = split(&visit.link)?;
    let period = Period::read(&visit.link, visit.now)?;
    let filters = visit.link.keeping(|name| name != BY);
    let query = period.query(&filters);
    let kind = interval(period, visit.now);
    let asked = stats::incidents_of(&query.query())?;
    let over_time = StatisticsQuery { interval: Some(kind), group_by: Some(by), ..asked.clone() };
    let first_month = visit.now.plus_minutes(-DAYS_OF_ELEVEN_MONTHS * MINUTES_A_DAY).month().start();
    let year = Period { from: Some(first_month), to: None }.query(&filters);
    let months = stats::incidents_of(&year.query())?;
    let months = StatisticsQuery { interval: Some(IntervalKind::Month), group_by: None, ..months };
    let (over_time, months, noisiest, facets) = tokio::try_join!(
        incidents(console, visit, &over_time),
        incidents(console, visit, &months),
        noisiest(console, visit, period),
        facets(console, visit, &query, asked)
    )?;
    Ok(Insights { by, kind, period, over_time, months: latest_months(months), noisiest, facets })
}

fn split(link: &Link) -> Result<Field, Problem> {
    let Some(by) = link.get(BY) else { return Ok(Field::Severity) };
    SPLITS.into_iter().find(|field| field.to_string() == by).ok_or_else(|| {
        let names: Vec<String> = SPLITS.iter().map(ToString::to_string).collect();
        Problem::invalid(BY, format!("must be one of {}", names.join(", ")))
    })
}

/// Intervals that are few enough to be told apart, and long enough to say something.
fn interval(period: Period, now: Time) -> IntervalKind {
    let Some(from) = period.from else { return IntervalKind::Month };
    let minutes = (period.to.unwrap_or(now).as_millis() - from.as_millis()) / 60_000;
    match minutes / MINUTES_A_DAY {
        ..=1 => IntervalKind::Hour,
        2..=30 => IntervalKind::Day,
        31..=200 => IntervalKind::Week,
        _ => IntervalKind::Month,
    }
}

async fn incidents(
    console: &Function,
    visit: &Visit,
    query: &StatisticsQuery,
) -> Result<Statistics<IncidentFigures>, Problem> {
    match console.get_incident_stats.get(query, visit.now, visit.deadline).await {
        Ok(figures) => Ok(figures),
        Err(StatsError::TooManyIntervals(_)) => Err(Problem::invalid("from", "is too long ago")),
        Err(error) => Err(error.into()),
    }
}

/// Alerts have fewer filters than incidents. Those that they do not have are left out.
async fn noisiest(console: &Function, visit: &Visit, period: Period) -> Result<Vec<ProblemStats>, Problem> {
    let mut asked = stats::alerts_of(&period.query(&of_alerts(&visit.link)).query())?;
    asked.problems = PROBLEMS;
    let AlertStats { problems, .. } = console.get_alert_stats.get(&asked, visit.now, visit.deadline).await?;
    Ok(problems)
}

/// The filters that incidents and alerts have in common, and the period.
pub fn of_alerts(link: &Link) -> Link {
    link.keeping(|name| {
        let field = name.strip_suffix('!').unwrap_or(name);
        ["q", "range", "from", "to"].contains(&name) || FIELDS.iter().any(|known| known.to_string() == field)
    })
}

async fn facets(
    console: &Function,
    visit: &Visit,
    query: &Link,
    statistics: StatisticsQuery,
) -> Result<Vec<FacetValues>, Problem> {
    let mut asked = lists::incidents_of(&query.with("limit", 1).query())?;
    asked.query.facets = FIELDS.to_vec();
    let page = console.list_incidents.list(&asked, visit.now, visit.deadline).await?;
    let matching = Matching { console, visit, statistics };
    let mut facets = listing::facet_values(&matching, query, page.facets).await?;
    for facet in &mut facets {
        facet.values.truncate(MAX_FACET_VALUES);
    }
    Ok(facets)
}

/// The last months. Those before the first incident say nothing.
fn latest_months(months: Statistics<IncidentFigures>) -> Statistics<IncidentFigures> {
    let Statistics { mut intervals, mut all, groups, omitted_groups } = months;
    let empty = all.intervals.iter().take_while(|figures| figures.opened == 0).count();
    let skipped = empty.max(intervals.len().saturating_sub(MONTHS)).min(intervals.len());
    intervals.drain(..skipped);
    all.intervals.drain(..skipped.min(all.intervals.len()));
    Statistics { intervals, all, groups, omitted_groups }
}

impl Insights {
    /// The first interval that is shown: charts show the latest.
    pub fn first_slot(&self) -> usize {
        self.over_time.intervals.len().saturating_sub(MAX_SLOTS)
    }

    /// The intervals that are shown.
    pub fn slots(&self, link: &Link) -> Vec<Slot> {
        let slot = |(from, to): &(Time, Time)| {
            // The list must count the same: it begins and ends where the period does.
            let start = self.period.from.map_or(*from, |first| first.max(*from));
            let end = self.period.to.map_or(*to, |last| last.plus_millis(1).min(*to));
            let (label, name) = names(self.kind, *from);
            Slot { label, name, link: of_incidents(link, Some((start, end))) }
        };
        self.over_time.intervals[self.first_slot()..].iter().map(slot).collect()
    }

    /// The figures of those intervals.
    pub fn totals(&self) -> &[IncidentFigures] {
        self.over_time.all.intervals.get(self.first_slot()..).unwrap_or_default()
    }

    /// The figures of a group in those intervals.
    pub fn of_group<'insights>(&self, group: &'insights Group<IncidentFigures>) -> &'insights [IncidentFigures] {
        group.figures.intervals.get(self.first_slot()..).unwrap_or_default()
    }
}

/// What an interval is called: on an axis, and in a sentence.
fn names(kind: IntervalKind, from: Time) -> (String, String) {
    let text = |form: &str| times::format(from, form);
    match kind {
        IntervalKind::Hour => (text("%H:%M"), text("%-d %b %H:%M")),
        IntervalKind::Day => (text("%-d %b"), text("%a %-d %b")),
        IntervalKind::Week => (text("%-d %b"), format!("Week of {}", text("%-d %b"))),
        IntervalKind::Month => (text("%b %y"), text("%B %Y")),
    }
}

/// The list of the incidents that figures are about, with the same filters.
pub fn of_incidents(link: &Link, between: Option<(Time, Time)>) -> Link {
    let filters = link.keeping(|name| name != BY);
    let filters = filters.parameters().filter(|(name, _)| between.is_none() || !["range", "from", "to"].contains(name));
    let list = filters.fold(Link::to("/console/incidents"), |list, (name, value)| list.and(name, value));
    let Some((from, to)) = between else { return list };
    // Seconds are written only where they count.
    let text = |time: Time| {
        let is_whole = time.as_millis() % 60_000 == 0;
        times::format(time, if is_whole { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S%.3f" })
    };
    list.and("from", text(from)).and("to", text(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn intervals_fit_the_period() {
        let now = at("2026-11-27T12:00:00Z");
        let kind = |days: i64| interval(Period { from: Some(now.plus_minutes(-days * MINUTES_A_DAY)), to: None }, now);
        assert_eq!([kind(0), kind(1), kind(7), kind(30)].map(|kind| kind.to_string()), ["hour", "hour", "day", "day"]);
        assert_eq!([kind(31), kind(90), kind(366)].map(|kind| kind.to_string()), ["week", "week", "month"]);
        assert_eq!(interval(Period { from: None, to: None }, now), IntervalKind::Month);
    }

    #[test]
    fn a_link_has_the_filters_and_the_exact_interval() {
        let link = Link::read("/console/insights", "team=a&severity!=info&range=90d&by=team&status=OPEN");
        let between = (at("2026-11-02T00:00:00Z"), at("2026-11-09T01:02:03.004Z"));
        let list = of_incidents(&link, Some(between)).to_string();
        let filters = "/console/incidents?team=a&severity!=info";
        assert_eq!(list, format!("{filters}&status=OPEN&from=2026-11-02T00:00&to=2026-11-09T01:02:03.004"));
        assert_eq!(of_incidents(&link, None).to_string(), format!("{filters}&range=90d&status=OPEN"));
        assert_eq!(of_alerts(&link).query(), "team=a&severity!=info&range=90d");
        let read = Period::read(&Link::read("/a", list.split_once('?').unwrap().1), between.1).unwrap();
        assert_eq!((read.from, read.to), (Some(between.0), Some(at("2026-11-09T01:02:03.003Z"))));
    }

    #[test]
    fn only_known_fields_split() {
        let read = |query: &str| split(&Link::read("/a", query)).ok();
        assert_eq!([read(""), read("by=team"), read("by=title")], [Some(Field::Severity), Some(Field::Team), None]);
    }
}
