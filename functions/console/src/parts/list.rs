//! What lists have in common: search, period, filters, headings.

use std::fmt::Display;

use maud::{Markup, html};
use shared::listing::segments::facets::FacetValues;

use super::{facets, icons::icon, pager::DEFAULT_LIMIT};
use crate::{link::Link, period::RANGES};

/// What the fields of the form stand for. The rest of an address goes along unseen.
const FIELDS: [&str; 4] = ["q", "from", "to", "offset"];

/// How many services are named.
const MAX_SERVICES: usize = 3;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    /// The order of the list by this column, if there is one.
    pub order: Option<&'static str>,
}

/// Whether the rows of a table can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boxes {
    Each,
    None,
}

/// The search. Boxes of [`facets()`] belong to its form.
#[must_use]
pub fn filters(link: &Link, placeholder: &str) -> Markup {
    html! {
        form.search #filters method="get" action=(link.path()) role="search" {
            (icon("search"))
            label.unseen for="q" { "Search" }
            input #q type="search" name="q" value=[link.get("q")] placeholder=(placeholder) maxlength="200"
                autocomplete="off" spellcheck="false";
            kbd.script aria-hidden="true" { "/" }
            button type="submit" { "Search" }
        }
    }
}

/// The boxes of all fields.
#[must_use]
pub fn facets(link: &Link, facets: &[FacetValues]) -> Markup {
    let names: Vec<String> = facets.iter().map(|facet| facet.field.to_string()).collect();
    let unseen =
        link.parameters().filter(|(name, _)| !FIELDS.contains(name) && !names.iter().any(|known| known == name));
    html! {
        aside.facets aria-label="Filters" {
            details open {
                summary { (icon("filter")) "Filters" }
                @for (name, value) in unseen { input type="hidden" form="filters" name=(name) value=(value); }
                @for facet in facets { (facets::facet(link, facet)) }
                button.apply type="submit" form="filters" { "Apply" }
            }
        }
    }
}

/// The choice of a period.
#[must_use]
pub fn period(link: &Link) -> Markup {
    let is_custom = link.get("from").is_some() || link.get("to").is_some();
    let plain = link.without("from").without("to").without("range");
    let is_chosen = |value: &str| !is_custom && link.get("range") == Some(value);
    html! {
        div.period {
            nav.segments aria-label="Period" {
                @for range in RANGES {
                    a href=(plain.with("range", range.value)) aria-current=[is_chosen(range.value).then_some("true")] {
                        (range.name)
                    }
                }
                a href=(plain) aria-current=[(!is_custom && link.get("range").is_none()).then_some("true")] { "All" }
            }
            details.custom open[is_custom] {
                summary { "Custom" }
                label { "From " input type="datetime-local" form="filters" name="from" value=[link.get("from")]; }
                label { "to " input type="datetime-local" form="filters" name="to" value=[link.get("to")]; }
                " UTC "
                button type="submit" form="filters" { "Show" }
            }
        }
    }
}

/// When the page was read, and whether it refreshes itself. For the script.
#[must_use]
pub fn refresh() -> Markup {
    html! {
        div.refresh.script {
            span #read-at {}
            button.quiet #refresh type="button" aria-pressed="true" title="Refreshes itself. Click to pause." {
                (icon("refresh")) span { "Live" }
            }
        }
    }
}

/// The headings of a table, with ways to other orders.
#[must_use]
pub fn heading(link: &Link, columns: &[Column], boxes: Boxes) -> Markup {
    let order = link.get("sort").unwrap_or("-created_at");
    html! {
        thead {
            tr {
                @if boxes == Boxes::Each {
                    th scope="col" {
                        input.script #all type="checkbox" aria-label="Choose all rows of the page";
                    }
                }
                @for Column { name, order: by } in columns {
                    @match by {
                        None => th scope="col" { (name) },
                        Some(by) => (sortable(link, order, Column { name, order: Some(by) })),
                    }
                }
            }
        }
    }
}

fn sortable(link: &Link, order: &str, column: Column) -> Markup {
    let by = column.order.unwrap_or_default();
    let is_descending = order.strip_prefix('-') == Some(by);
    let sorted = if is_descending { Some("descending") } else { (order == by).then_some("ascending") };
    let next = if is_descending { by.to_owned() } else { format!("-{by}") };
    let mark = match sorted {
        Some("descending") => Some("down"),
        Some(_) => Some("up"),
        None => None,
    };
    html! {
        th scope="col" aria-sort=[sorted] {
            a href=(link.with("sort", next)) { (column.name) @if let Some(mark) = mark { (icon(mark)) } }
        }
    }
}

/// Where something belongs: services, team, environment.
#[must_use]
pub fn belongs(services: &[String], team: Option<&str>, environment: &str) -> Markup {
    let named: Vec<&str> = services.iter().take(MAX_SERVICES).map(String::as_str).collect();
    let more = services.len() - named.len();
    html! {
        span.sub {
            @if !named.is_empty() { bdi { (named.join(", ")) @if more > 0 { " +" (more) } } }
            @if let Some(team) = team { bdi { (team) } }
            bdi { (environment) }
        }
    }
}

/// How much of a title a row shows, in characters: a list of long titles would be heavy.
const MAX_TITLE_CHARS: usize = 200;

/// A title, as far as a row shows it.
#[must_use]
pub fn title(title: &str) -> Markup {
    let end = title.char_indices().nth(MAX_TITLE_CHARS).map(|(end, _)| end);
    html! { bdi { (title[..end.unwrap_or(title.len())]) @if end.is_some() { "…" } } }
}

/// The query of a list, with as many rows as a page of the console has if nobody chooses.
#[must_use]
pub fn limited(query: &Link) -> Link {
    if query.get("limit").is_some() { query.clone() } else { query.clone().and("limit", DEFAULT_LIMIT) }
}

/// The id of a row: the random end of what it shows. A page that refreshes itself then moves rows and does not rewrite
/// them, so that the focus stays where it is. The whole would make long pages heavy.
#[must_use]
pub fn row_id(id: &impl Display) -> String {
    const CHARS: usize = 8;
    let id = id.to_string();
    format!("r{}", &id[id.len().saturating_sub(CHARS)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_the_beginning_of_a_long_title() {
        assert_eq!(title("a<b").into_string(), "<bdi>a&lt;b</bdi>");
        let whole = "é".repeat(MAX_TITLE_CHARS);
        assert_eq!(title(&whole).into_string(), format!("<bdi>{whole}</bdi>"));
        assert_eq!(title(&format!("{whole}é")).into_string(), format!("<bdi>{whole}…</bdi>"));
    }

    #[test]
    fn a_page_has_as_many_rows_as_are_chosen_at_the_same_place_of_the_list() {
        assert_eq!(limited(&Link::read("/a", "offset=80")).query(), "offset=80&limit=40");
        assert_eq!(limited(&Link::read("/a", "limit=25&offset=50")).query(), "limit=25&offset=50");
    }
}
