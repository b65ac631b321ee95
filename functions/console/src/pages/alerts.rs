//! The list of alerts.

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    domain::alert::Alert,
    http::{Response, lists, problem::Problem, stats},
    listing::{
        page::Page,
        segments::{
            facets::FacetValues,
            rows::Field,
            statistics::{Statistics, StatisticsQuery, alerts::AlertFigures, intervals::IntervalKind},
        },
    },
    service::{get_alert_stats::AlertStatsQuery, get_incident_stats::StatsError},
};

use super::{
    alert, incident,
    layout::{self, Head, Section},
};
use crate::{
    Function, answer,
    link::Link,
    parts::{
        badges, facets,
        histogram::Histogram,
        icons::icon,
        list::{self, Column},
        listing::{self, Countable},
        numbers::{counted, grouped},
        pager::{self, Place},
        times,
    },
    period::Period,
    visit::Visit,
};

/// The address of the list.
pub const ADDRESS: &str = "/console/alerts";

const FIELDS: [Field; 6] =
    [Field::Status, Field::Severity, Field::Team, Field::Service, Field::Source, Field::Environment];

/// All that can be chosen: also the incident, which links choose.
const CHIPS: [Field; 7] =
    [Field::Status, Field::Severity, Field::Team, Field::Service, Field::Source, Field::Environment, Field::IncidentId];

const COLUMNS: [Column; 6] = [
    Column { name: "Severity", order: Some("severity") },
    Column { name: "Alert", order: None },
    Column { name: "Status", order: None },
    Column { name: "Reported", order: Some("occurrences") },
    Column { name: "Last seen", order: Some("last_seen_at") },
    Column { name: "Received", order: Some("created_at") },
];

/// Shows the list.
///
/// # Errors
/// A [`Problem`] if a filter is wrong, or the list cannot be read.
pub async fn show(console: &Function, visit: &Visit) -> Result<Response, Problem> {
    let query = Period::read(&visit.link, visit.now)?.query(&visit.link);
    let statistics = stats::alerts_of(&listing::of_statistics(&query).query())?.statistics;
    let statistics = StatisticsQuery { group_by: Some(Field::Severity), ..statistics };
    let matching = Matching { console, visit, statistics };
    let page = list(console, visit, &query).await?;
    let histogram = listing::histogram(&matching, "alert", visit).await?;
    let facets = listing::facet_values(&matching, &query, page.facets.clone()).await?;
    let content = render(visit, &page, &facets, histogram.as_ref());
    let head = Head { title: "Alerts", section: Some(Section::Alerts) };
    Ok(answer::page(StatusCode::OK, layout::page(visit, head, &content)))
}

async fn list(console: &Function, visit: &Visit, query: &Link) -> Result<Page<Alert>, Problem> {
    let mut asked = lists::alerts_of(&list::limited(query).query())?;
    asked.asked.query.facets = FIELDS.to_vec();
    Ok(console.list_alerts.list(&asked, visit.now, visit.deadline).await?)
}

/// The alerts that match, for counting.
struct Matching<'call> {
    console: &'call Function,
    visit: &'call Visit,
    statistics: StatisticsQuery,
}

impl Countable for Matching<'_> {
    type Figures = AlertFigures;

    async fn facet(&self, query: String, field: Field) -> Result<Option<FacetValues>, Problem> {
        let mut asked = lists::alerts_of(&query)?;
        asked.asked.query.facets = vec![field];
        let page = self.console.list_alerts.list(&asked, self.visit.now, self.visit.deadline).await?;
        Ok(page.facets.into_iter().next())
    }

    async fn figures(&self, kind: IntervalKind) -> Result<Statistics<AlertFigures>, StatsError> {
        let statistics = StatisticsQuery { interval: Some(kind), ..self.statistics.clone() };
        let asked = AlertStatsQuery { statistics, problems: 0 };
        Ok(self.console.get_alert_stats.get(&asked, self.visit.now, self.visit.deadline).await?.statistics)
    }

    fn count(figures: &AlertFigures) -> u64 {
        figures.alerts
    }
}

fn render(visit: &Visit, page: &Page<Alert>, facets: &[FacetValues], histogram: Option<&Histogram>) -> Markup {
    let link = &visit.link;
    let place = Place { offset: page.offset, shown: page.items.len(), total: page.total, limit: page.limit };
    html! {
        header.head { h1 { "Alerts" } (tabs(link, facets)) (list::refresh()) }
        (list::filters(link, "Search titles, services and keys"))
        div #live {
            (list::period(link))
            @if let Some(histogram) = histogram { (histogram.render()) }
            div.split {
                (list::facets(link, facets))
                section.list aria-labelledby="found" {
                    div.found { h2 #found { (counted(page.total, "alert")) } (facets::chips(link, if link.get("status!").is_none() { &CHIPS[1..] } else { &CHIPS })) }
                    @if page.items.is_empty() && page.total > 0 { (pager::past_the_end(link, place)) }
                    @else if page.items.is_empty() { (nothing(link)) }
                    @else {
                        table.rows.plain-cells {
                            caption.unseen { "Alerts" }
                            (list::heading(link, &COLUMNS, list::Boxes::None))
                            tbody { @for alert in &page.items { (row(visit, alert)) } }
                        }
                    }
                    (pager::pager(link, place))
                }
            }
        }
    }
}

fn tabs(link: &Link, facets: &[FacetValues]) -> Markup {
    let values = facets.iter().find(|facet| facet.field == Field::Status).map_or(&[][..], |facet| &facet.values);
    let count = |status: Option<&str>| -> u64 {
        let counted = values.iter().filter(|(value, _)| status.is_none() || value.as_deref() == status);
        counted.map(|(_, count)| count).sum()
    };
    html! {
        nav.tabs aria-label="Statuses" {
            @for (name, status) in [("Firing", Some("firing")), ("Resolved", Some("resolved")), ("All", None)] {
                @let rest = link.without("status").without("status!");
                @let target = status.map_or(rest.clone(), |status| rest.with("status", status));
                a href=(target) aria-current=[(link.get("status") == status).then_some("true")] {
                    (name) " " span.n { (grouped(count(status))) }
                }
            }
        }
    }
}

fn row(visit: &Visit, alert: &Alert) -> Markup {
    let (state, report) = (&alert.state, &alert.report);
    html! {
        tr {
            td { (badges::severity(state.severity)) }
            td {
                a.row id=(list::row_id(&alert.id)) href=(alert::address(alert.id)) { (list::title(&report.title.value)) }
                (list::belongs(state.service.as_slice(), state.team.as_deref(), &state.environment))
            }
            td {
                (badges::alert_status(state.status))
                @if let Some(id) = state.incident_id { a.by href=(incident::address(id)) { "in an incident" } }
            }
            td { (grouped(state.occurrences)) "×" }
            td { (times::ago(state.last_seen_at, visit.now)) }
            td { (times::when(alert.created_at())) }
        }
    }
}

fn nothing(link: &Link) -> Markup {
    let has_filters = link.parameters().any(|(name, _)| !["sort", "limit", "offset", "status"].contains(&name));
    html! {
        div.empty {
            @if has_filters {
                (icon("search"))
                h3 { "No alert matches" }
                p { "Remove a filter, or choose a longer period." }
                p { a.button href=(link.keeping(|name| name == "status")) { "Clear the filters" } }
            } @else if link.get("status") == Some("firing") {
                (icon("resolved"))
                h3 { "Nothing fires" }
                p { "New alerts appear here by themselves." }
                p { a.button href=(ADDRESS) { "See all alerts" } }
            } @else {
                (icon("alerts"))
                h3 { "No alerts yet" }
                p { "They appear here as soon as a source sends one." }
                p { a.button href="/console/help" { "Connect a source" } }
            }
        }
    }
}
