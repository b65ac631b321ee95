//! The tables of the page: groups, months, and the noisiest monitors.

use maud::{Markup, html};
use shared::{
    domain::{alert::Alert, time::Time},
    http::lists,
    listing::segments::{rows::Field, statistics::incidents::IncidentFigures},
    service::get_alert_stats::ProblemStats,
};

use super::{
    charts::{Split, cells, group_name, splits},
    figures::{Insights, of_alerts, of_incidents},
    share,
};
use crate::{
    link::Link,
    pages::alert,
    parts::{badges, chart, facets, list, numbers::grouped, times},
    visit::Visit,
};

/// How much of a title a row shows, in characters.
const MAX_TITLE_CHARS: usize = 110;

/// How many words of a title are searched for.
const MAX_TITLE_WORDS: usize = 10;

/// How many groups the table has.
const MAX_GROUPS: usize = 12;

/// Figures of each group of the split.
pub fn groups(visit: &Visit, insights: &Insights) -> Markup {
    let name = facets::label(insights.by);
    html! {
        section.figure aria-labelledby="groups" {
            h2 #groups { "By " (name.to_lowercase()) }
            div.scroll tabindex="0" role="region" aria-label={ "Figures by " (name.to_lowercase()) } {
                table.plain.numbers {
                    thead { tr { th scope="col" { (name) } (headings()) } }
                    tbody {
                        @for Split { group, layer } in splits(insights).into_iter().take(MAX_GROUPS) {
                            @let value = group.value.as_deref();
                            tr {
                                th scope="row" {
                                    (chart::swatch(layer))
                                    @match of_group(&visit.link, insights.by, value) {
                                        Some(link) => a href=(link) { bdi { (group_name(insights.by, value)) } },
                                        None => bdi { (group_name(insights.by, value)) },
                                    }
                                }
                                (figures(&group.figures.total, insights.over_time.all.total.opened))
                            }
                        }
                    }
                }
            }
            @let all = insights.over_time.groups.len() + insights.over_time.omitted_groups;
            @if all > MAX_GROUPS {
                p.hint { "The " (MAX_GROUPS) " with the most incidents, of " (all) "." }
            }
        }
    }
}

/// The list of the incidents of a group. Filters cannot name no value, nor one with a comma.
fn of_group(link: &Link, by: Field, value: Option<&str>) -> Option<Link> {
    let value = value.filter(|value| !value.contains(','))?;
    Some(of_incidents(link, None).with(&by.to_string(), value))
}

fn headings() -> Markup {
    html! {
        th scope="col" { "Incidents" }
        th scope="col" { "Share" }
        th scope="col" { "Not resolved" }
        th scope="col" { "Recurrences" }
        th scope="col" { "Acknowledged, p50" } th scope="col" { "p90" }
        th scope="col" { "Resolved, p50" } th scope="col" { "p90" }
    }
}

fn figures(figures: &IncidentFigures, all: u64) -> Markup {
    html! {
        td { (grouped(figures.opened)) }
        td { (share(figures.opened, all)) }
        td { (grouped(figures.still_open)) }
        td { (grouped(figures.recurrences)) }
        (cells(figures.time_to_acknowledge))
        (cells(figures.time_to_resolve))
    }
}

/// Month by month, the latest first.
pub fn months(visit: &Visit, insights: &Insights) -> Markup {
    let months = &insights.months;
    let rows: Vec<_> = months.intervals.iter().zip(&months.all.intervals).collect();
    html! {
        section.figure aria-labelledby="months" {
            h2 #months { "Month by month" }
            @if rows.is_empty() { p.n { "No incident in the last twelve months." } } @else {
                div.scroll tabindex="0" role="region" aria-label="Figures by month" {
                    table.plain.numbers {
                        thead {
                            tr {
                                th scope="col" { "Month" }
                                th scope="col" { "Incidents" }
                                th scope="col" { "Change" }
                                th scope="col" { "Not resolved" }
                                th scope="col" { "Recurrences" }
                                th scope="col" { "Acknowledged, p50" } th scope="col" { "p90" }
                                th scope="col" { "Resolved, p50" } th scope="col" { "p90" }
                            }
                        }
                        tbody {
                            @for (place, ((from, to), figures)) in rows.iter().enumerate().rev() {
                                @let before = place.checked_sub(1).and_then(|place| rows.get(place));
                                tr {
                                    th scope="row" { (month(visit, *from, *to)) }
                                    td { (grouped(figures.opened)) }
                                    td.n { (before.map_or_else(|| "–".to_owned(), |(_, before)| change(before.opened, figures.opened))) }
                                    td { (grouped(figures.still_open)) }
                                    td { (grouped(figures.recurrences)) }
                                    (cells(figures.time_to_acknowledge))
                                    (cells(figures.time_to_resolve))
                                }
                            }
                        }
                    }
                }
                p.hint { "The last twelve months, whatever the period above. The filters apply. The current month is not over." }
            }
        }
    }
}

fn month(visit: &Visit, from: Time, to: Time) -> Markup {
    html! { a href=(of_incidents(&visit.link, Some((from, to)))) { (times::format(from, "%B %Y")) } }
}

/// How much more or less than before.
fn change(before: u64, now: u64) -> String {
    match (before, now) {
        (0, 0) => "=".to_owned(),
        (0, _) => "new".to_owned(),
        (before, now) if now >= before => format!("+{}", share(now - before, before)),
        (before, now) => format!("−{}", share(before - now, before)),
    }
}

/// The monitors that fire most, and whether anybody does anything about it.
pub fn noisiest(visit: &Visit, insights: &Insights) -> Markup {
    html! {
        section.figure aria-labelledby="noisiest" {
            h2 #noisiest { "Noisiest monitors" }
            @if insights.noisiest.is_empty() { p.n { "No alert in this period." } } @else {
                div.scroll tabindex="0" role="region" aria-label="Noisiest monitors" {
                    table.plain.numbers.noisy {
                        thead {
                            tr {
                                th scope="col" { "Monitor" }
                                th scope="col" { "Alerts" }
                                th scope="col" { "Reported" }
                                th scope="col" { "Fired for" }
                                th scope="col" { "Acted on" }
                            }
                        }
                        tbody { @for problem in &insights.noisiest { (problem_row(visit, problem)) } }
                    }
                }
                p.hint { "Acted on: its alerts in incidents that somebody acknowledged. Monitors with a low share are candidates for a change." }
            }
        }
    }
}

fn problem_row(visit: &Visit, ProblemStats { figures, latest }: &ProblemStats) -> Markup {
    let (state, title) = (&latest.state, &latest.report.title.value);
    html! {
        tr {
            th scope="row" {
                div.line {
                    (badges::severity(state.severity))
                    a.row href=(alert::address(latest.id)) { bdi { (title.chars().take(MAX_TITLE_CHARS).collect::<String>()) } }
                }
                (list::belongs(state.service.as_slice(), state.team.as_deref(), &state.environment))
            }
            td {
                @match of_problem(visit, latest) {
                    Some(link) => a href=(link) title="Alerts with this title" { (grouped(figures.episodes)) },
                    None => (grouped(figures.episodes)),
                }
            }
            td { (grouped(figures.occurrences)) "×" }
            td { (times::lasted(figures.time_firing)) }
            td { (share(figures.acted_on, figures.episodes)) }
        }
    }
}

/// The list of the alerts with the title of a problem, if it can be searched for.
fn of_problem(visit: &Visit, Alert { state, report, .. }: &Alert) -> Option<Link> {
    let words = report.title.value.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let title = words.take(MAX_TITLE_WORDS).collect::<Vec<_>>().join(" ");
    let filters = of_alerts(&visit.link);
    let list = filters.parameters().fold(Link::to("/console/alerts"), |list, (name, value)| list.and(name, value));
    let list = list.with("q", title).with("environment", &state.environment);
    let list = state.service.iter().fold(list, |list, service| list.with("service", service));
    let fields = list.keeping(|name| ["q", "environment", "service"].contains(&name));
    let is_single = [state.service.as_deref(), Some(state.environment.as_str())]
        .into_iter()
        .flatten()
        .all(|name| !name.contains(','));
    (is_single && lists::alerts_of(&fields.query()).is_ok()).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_relative_to_the_month_before() {
        let changes = [(0, 0), (0, 3), (10, 10), (10, 15), (10, 4)].map(|(before, now)| change(before, now));
        assert_eq!(changes, ["=", "new", "+0 %", "+50 %", "−60 %"]);
    }

    #[test]
    fn a_group_that_filters_cannot_name_has_no_link() {
        let link = Link::read("/console/insights", "range=90d&by=team&team=a,b");
        let of = |value| of_group(&link, Field::Team, value).map(|link| link.to_string());
        assert_eq!(of(Some("a")).as_deref(), Some("/console/incidents?range=90d&team=a"));
        assert_eq!((of(Some("a,b")), of(None)), (None, None));
    }
}
