//! Filters with counts: a list of boxes for each field, and what is chosen as chips.

use maud::{Markup, html};
use shared::{
    domain::assignee::NOBODY,
    listing::segments::{facets::FacetValues, rows::Field},
};

use super::{icons::icon, numbers::grouped};
use crate::link::Link;

/// So many values are in sight; so many more are a click away.
const MAX_IN_SIGHT: usize = 8;
const MAX_VALUES: usize = 30;

/// The name of a field, for people.
#[must_use]
pub const fn label(field: Field) -> &'static str {
    match field {
        Field::Status => "Status",
        Field::Severity => "Severity",
        Field::Service => "Service",
        Field::Source => "Source",
        Field::Team => "Team",
        Field::Environment => "Environment",
        Field::Assignee => "Assignee",
        Field::HasFiring => "Alerts firing",
        Field::IsRecurrence => "Recurrence",
        Field::IncidentId => "Incident",
        Field::Words | Field::Problem => "Text",
    }
}

/// A value, for people.
#[must_use]
pub fn value_label(field: Field, value: &str) -> String {
    match (field, value) {
        (Field::HasFiring | Field::IsRecurrence, "true") => "yes".to_owned(),
        (Field::HasFiring | Field::IsRecurrence, "false") => "no".to_owned(),
        (Field::Status, value) => {
            let lower = value.to_lowercase();
            let mut letters = lower.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
        (_, value) => value.to_owned(),
    }
}

/// The place of a value in the order of its field. Those without an order stay as they are: most rows first.
#[must_use]
pub fn rank(field: Field, value: &str) -> usize {
    let order: &[&str] = match field {
        Field::Severity => &["critical", "error", "warning", "info"],
        Field::Status => &["OPEN", "INVESTIGATING", "RESOLVED", "CLOSED", "firing", "resolved"],
        Field::HasFiring => &["true", "false"],
        _ => &[],
    };
    order.iter().position(|known| *known == value).unwrap_or(order.len())
}

/// The boxes of one field. They belong to the form of the search.
#[must_use]
pub fn facet(link: &Link, facet: &FacetValues) -> Markup {
    let FacetValues { field, values, omitted } = facet;
    let name = field.to_string();
    let chosen: Vec<&str> = link.values(&name).collect();
    // Of the fields, only this one has a word for no value.
    let none = (*field == Field::Assignee).then_some(NOBODY);
    let known = values.iter().filter_map(|(value, count)| Some((value.as_deref().or(none)?, *count)));
    let mut known: Vec<(&str, u64)> = known.take(MAX_VALUES).collect();
    known.sort_by_key(|(value, _)| rank(*field, value));
    // What is chosen stays in sight, even if nothing has it.
    let lost = chosen.iter().filter(|value| known.iter().all(|(known, _)| !known.eq_ignore_ascii_case(value)));
    let lost: Vec<(&str, u64)> = lost.map(|value| (*value, 0)).collect();
    let (front, rest) = known.split_at(known.len().min(MAX_IN_SIGHT));
    let row = |(value, count): &(&str, u64)| {
        let is_chosen = chosen.iter().any(|chosen| chosen.eq_ignore_ascii_case(value));
        html! {
            label {
                input type="checkbox" form="filters" name=(name) value=(value) checked[is_chosen];
                @if matches!(field, Field::Severity | Field::Status) {
                    span.(value.to_lowercase()) { (icon(&value.to_lowercase())) }
                }
                span.v { (value_label(*field, value)) }
                span.n { (grouped(*count)) }
            }
        }
    };
    html! {
        @if !known.is_empty() || !lost.is_empty() {
            fieldset.facet {
                legend { (label(*field)) }
                @for value in front.iter().chain(&lost) { (row(value)) }
                @if !rest.is_empty() {
                    details open[rest.iter().any(|(value, _)| chosen.contains(value))] {
                        summary { (grouped(rest.len() as u64)) " more" }
                        @for value in rest { (row(value)) }
                    }
                }
                @let hidden = omitted + values.len().saturating_sub(known.len());
                @if hidden > 0 && values.len() > MAX_VALUES { span.n { (grouped(hidden as u64)) " rarer values" } }
            }
        }
    }
}

/// What is chosen, each with ways to negate and to remove it.
#[must_use]
pub fn chips(link: &Link, fields: &[Field]) -> Markup {
    let chosen = |field: &Field| {
        let name = field.to_string();
        let negated = format!("{name}!");
        let is = link.values(&name).map(|value| (value.to_owned(), name.clone(), negated.clone(), "is"));
        let is_not = link.values(&negated).map(|value| (value.to_owned(), negated.clone(), name.clone(), "is not"));
        is.chain(is_not).map(|chip| (*field, chip)).collect::<Vec<_>>()
    };
    let chips: Vec<_> = fields.iter().flat_map(chosen).collect();
    html! {
        @for (field, (value, name, opposite, verb)) in &chips {
            @let rest = link.without_value(name, value);
            span.chip {
                (label(*field)) " "
                @if *field == Field::HasFiring { (verb) } @else {
                    a href=(rest.with_value(opposite, value)) title="Negate this filter" { (verb) }
                }
                " " b { bdi { (value_label(*field, value)) } }
                a.x href=(rest) aria-label={ "Remove the filter " (label(*field)) " " (verb) " " (value) } { (icon("x")) }
            }
        }
    }
}
