//! The charts of the page, each with its figures as a table.

use maud::{Markup, html};
use shared::listing::segments::{
    rows::Field,
    statistics::{Durations, Group, incidents::IncidentFigures},
};

use super::{
    BY, SPLITS,
    figures::{Insights, MAX_SLOTS},
};
use crate::{
    parts::{
        chart::{self, Layer, Line, Slot},
        facets,
        numbers::grouped,
        times,
    },
    visit::Visit,
};

/// So many groups have a layer of their own. The others share one.
const MAX_LAYERS: usize = 4;

/// Groups without an order of their own.
const PAINTS: [&str; MAX_LAYERS] = ["t0", "t1", "t2", "t3"];

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Round tops of a scale of durations, in milliseconds. Half of each is round as well.
const TOPS: [u64; 21] = [
    MINUTE,
    2 * MINUTE,
    4 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
    8 * HOUR,
    12 * HOUR,
    16 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    6 * DAY,
    10 * DAY,
    20 * DAY,
    40 * DAY,
    80 * DAY,
];

/// A group of a split.
pub struct Split<'insights> {
    pub group: &'insights Group<IncidentFigures>,
    /// Its layer, and so its pattern.
    pub layer: usize,
}

/// The groups in the order of their field, or else the largest first.
pub fn splits(insights: &Insights) -> Vec<Split<'_>> {
    let mut groups: Vec<&Group<IncidentFigures>> = insights.over_time.groups.iter().collect();
    groups.sort_by_key(|group| facets::rank(insights.by, group.value.as_deref().unwrap_or_default()));
    groups.into_iter().enumerate().map(|(place, group)| Split { group, layer: place.min(MAX_LAYERS) }).collect()
}

/// What a group is called.
pub fn group_name(by: Field, value: Option<&str>) -> String {
    value.map_or_else(|| format!("no {}", by.to_string().to_lowercase()), |value| facets::value_label(by, value))
}

/// Incidents over time, split by a field.
pub fn over_time(visit: &Visit, insights: &Insights) -> Markup {
    let slots = insights.slots(&visit.link);
    let layers = layers(insights, slots.len());
    html! {
        figure.figure aria-labelledby="over-time" {
            div.found {
                h2 #over-time { "Incidents by " (insights.kind) }
                nav.segments aria-label="Split by" {
                    @for field in SPLITS {
                        a href=(visit.link.with(BY, field)) aria-current=[(field == insights.by).then_some("true")] {
                            (facets::label(field))
                        }
                    }
                }
            }
            (chart::bars(&slots, &layers, "incident"))
            figcaption {
                ul.key { @for (place, layer) in layers.iter().enumerate() { li { (chart::swatch(place)) bdi { (layer.name) } } } }
                span { (note(insights)) }
            }
            details.data {
                summary { "Figures as a table" }
                (table(&slots, &layers, insights))
            }
        }
    }
}

fn note(insights: &Insights) -> Markup {
    html! {
        "By the clock of UTC. Click a bar to see its incidents."
        @if insights.by == Field::Service { " An incident of several services counts in each." }
        @if insights.first_slot() > 0 { " Only the last " (MAX_SLOTS) " of " (insights.over_time.intervals.len()) " are shown." }
    }
}

fn layers(insights: &Insights, slots: usize) -> Vec<Layer> {
    let opened = |figures: &[IncidentFigures]| -> Vec<u64> {
        (0..slots).map(|place| figures.get(place).map_or(0, |figures| figures.opened)).collect()
    };
    let mut layers: Vec<Layer> = Vec::new();
    for Split { group, layer } in splits(insights) {
        let values = opened(insights.of_group(group));
        match layers.get_mut(layer) {
            Some(others) => others.values.iter_mut().zip(values).for_each(|(sum, value)| *sum += value),
            None if layer == MAX_LAYERS => layers.push(Layer { name: "others".to_owned(), paint: "rest", values }),
            None => {
                let name = group_name(insights.by, group.value.as_deref());
                let paint = match (insights.by, group.value.as_deref()) {
                    (_, None) => "rest",
                    (Field::Severity, Some(value)) => severity(value),
                    _ => PAINTS[layer],
                };
                layers.push(Layer { name, paint, values });
            }
        }
    }
    layers
}

fn severity(value: &str) -> &'static str {
    ["critical", "error", "warning", "info"].into_iter().find(|known| *known == value).unwrap_or("rest")
}

fn table(slots: &[Slot], layers: &[Layer], insights: &Insights) -> Markup {
    let totals = insights.totals();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Incidents as a table" {
            table.plain.numbers {
                thead { tr { th scope="col" { "From" } th scope="col" { "All" } @for layer in layers { th scope="col" { (layer.name) } } } }
                tbody {
                    @for (place, slot) in slots.iter().enumerate() {
                        tr {
                            th scope="row" { a href=(slot.link) { (slot.name) } }
                            td { (grouped(totals.get(place).map_or(0, |figures| figures.opened))) }
                            @for layer in layers { td { (grouped(layer.values.get(place).copied().unwrap_or_default())) } }
                        }
                    }
                }
            }
        }
    }
}

/// How long it took to acknowledge and to resolve, over time.
pub fn durations(insights: &Insights) -> Markup {
    let slots = insights.slots(&crate::link::Link::to(""));
    let trend = |id: &str, name: &str, of: fn(&IncidentFigures) -> Option<Durations>| {
        let values = |pick: fn(Durations) -> i64| -> Vec<Option<u64>> {
            let value = |figures: &IncidentFigures| of(figures).map(|durations| pick(durations).max(0).unsigned_abs());
            insights.totals().iter().map(value).collect()
        };
        let lines = [
            Line { name: "p90", paint: "p90", values: values(|durations| durations.p90) },
            Line { name: "p50", paint: "p50", values: values(|durations| durations.p50) },
        ];
        let most = lines.iter().flat_map(|line| &line.values).flatten().copied().max();
        html! {
            figure.figure aria-labelledby=(id) {
                div.found { h2 id=(id) { (name) } span.n { "by " (insights.kind) " in which the incident was opened" } }
                @match most {
                    None => p.n { "None yet in this period." },
                    Some(most) => {
                        (chart::lines(&slots, &lines, top(most), lasted))
                        figcaption {
                            ul.key {
                                li { (chart::line_sample("p50")) "half within (p50)" }
                                li { (chart::line_sample("p90")) "9 of 10 within (p90)" }
                            }
                        }
                    },
                }
            }
        }
    };
    html! {
        div.pair {
            (trend("acknowledge", "Time to acknowledge", |figures| figures.time_to_acknowledge))
            (trend("resolve", "Time to resolve", |figures| figures.time_to_resolve))
        }
        details.data {
            summary { "Both times as a table" }
            (durations_table(&slots, insights.totals()))
        }
    }
}

fn durations_table(slots: &[Slot], totals: &[IncidentFigures]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Times as a table" {
            table.plain.numbers {
                thead {
                    tr {
                        th scope="col" { "From" }
                        th scope="col" { "Acknowledged, p50" } th scope="col" { "p90" }
                        th scope="col" { "Resolved, p50" } th scope="col" { "p90" }
                    }
                }
                tbody {
                    @for (slot, figures) in slots.iter().zip(totals) {
                        tr { th scope="row" { (slot.name) } (cells(figures.time_to_acknowledge)) (cells(figures.time_to_resolve)) }
                    }
                }
            }
        }
    }
}

/// Percentiles as two cells of a table.
pub fn cells(durations: Option<Durations>) -> Markup {
    html! {
        @if let Some(Durations { p50, p90, .. }) = durations { td { (times::lasted(p50)) } td { (times::lasted(p90)) } }
        @else { td.n { "–" } td.n { "–" } }
    }
}

fn lasted(millis: u64) -> String {
    times::lasted(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// The top of a scale of durations.
fn top(most: u64) -> u64 {
    TOPS.into_iter()
        .find(|top| *top >= most)
        .unwrap_or_else(|| most.div_ceil(100 * DAY).max(1).saturating_mul(100 * DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_a_scale_of_durations_is_round() {
        let tops = [0, MINUTE + 1, 61 * MINUTE, 81 * DAY, 250 * DAY].map(|most| lasted(top(most)));
        assert_eq!(tops, ["1 min", "2 min", "2 h", "100 d", "300 d"]);
        assert!(TOPS.is_sorted());
    }
}
