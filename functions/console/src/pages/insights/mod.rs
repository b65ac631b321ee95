//! Insights: how many incidents there are, how long they take, and which monitors make the noise.

mod charts;
mod figures;
mod tables;

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    http::{Response, problem::Problem},
    listing::segments::{
        rows::Field,
        statistics::{Durations, incidents::IncidentFigures},
    },
};

use self::figures::Insights;
use super::layout::{self, Head, Section};
use crate::{
    Function, answer,
    link::Link,
    parts::{facets, icons::icon, list, numbers::grouped, times},
    visit::Visit,
};

const ADDRESS: &str = "/console/insights";

/// The page that the menu leads to.
pub const START: &str = "/console/insights?range=90d";

/// What can be filtered, in the order of the page.
const FIELDS: [Field; 5] = [Field::Severity, Field::Team, Field::Service, Field::Source, Field::Environment];

/// What incidents are split by. Only the console knows it.
const BY: &str = "by";

/// What incidents can be split by.
const SPLITS: [Field; 3] = [Field::Severity, Field::Team, Field::Service];

/// Shows the page.
///
/// # Errors
/// A [`Problem`] if a parameter is wrong, or the figures cannot be read.
pub async fn show(console: &Function, visit: &Visit) -> Result<Response, Problem> {
    let insights = Box::pin(figures::read(console, visit)).await?;
    let head = Head { title: "Insights", section: Some(Section::Insights) };
    Ok(answer::page(StatusCode::OK, layout::page(visit, head, &render(visit, &insights))))
}

fn render(visit: &Visit, insights: &Insights) -> Markup {
    let link = &visit.link;
    let total = &insights.over_time.all.total;
    html! {
        header.head { h1 { "Insights" } (list::refresh()) }
        (list::filters(link, "Search titles and services"))
        div #live {
            (list::period(link))
            div.split {
                (list::facets(link, &insights.facets))
                div.insights {
                    div.found { (facets::chips(link, &FIELDS)) }
                    (facts(total))
                    @if total.opened == 0 { (nothing(link)) } @else {
                        (charts::over_time(visit, insights))
                        (tables::groups(visit, insights))
                        (charts::durations(insights))
                    }
                    (tables::noisiest(visit, insights))
                    (tables::months(visit, insights))
                }
            }
        }
    }
}

fn facts(total: &IncidentFigures) -> Markup {
    let duration = |name: &str, durations: Option<Durations>| {
        html! {
            div {
                dt { (name) }
                @match durations {
                    Some(Durations { mean, p50, p90 }) => {
                        dd { (times::lasted(p50)) }
                        dd.note title="Half of them took at most so long." { "median" }
                        dd.note { "9 of 10: " (times::lasted(p90)) " · mean: " (times::lasted(mean)) }
                    },
                    None => dd.missing { "none yet" },
                }
            }
        }
    };
    html! {
        dl.facts {
            div { dt { "Incidents" } dd { (grouped(total.opened)) } dd.note { (grouped(total.still_open)) " not resolved" } }
            div {
                dt { "Acknowledged" }
                dd { (share(total.acknowledged, total.opened)) }
                dd.note { (grouped(total.acknowledged)) " of " (grouped(total.opened)) }
            }
            (duration("Time to acknowledge", total.time_to_acknowledge))
            (duration("Time to resolve", total.time_to_resolve))
            div {
                dt { "Recurrences" }
                dd { (share(total.recurrences, total.opened)) }
                dd.note { (grouped(total.recurrences)) " came back after they were resolved" }
            }
        }
    }
}

/// A part of a whole in percent.
fn share(part: u64, whole: u64) -> String {
    let percent = part.saturating_mul(100).saturating_add(whole / 2).checked_div(whole);
    percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"))
}

fn nothing(link: &Link) -> Markup {
    let has_filters = FIELDS.iter().any(|field| link.get(&field.to_string()).is_some()) || link.get("q").is_some();
    html! {
        div.empty {
            (icon("insights"))
            h3 { "No incident in this period" }
            p { "Choose a longer period" @if has_filters { ", or remove a filter" } "." }
            p { a.button href=(ADDRESS) { "See everything" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded() {
        assert_eq!([share(1, 3), share(2, 3), share(0, 0), share(5, 5)], ["33 %", "67 %", "–", "100 %"]);
    }
}
