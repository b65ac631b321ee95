//! Charts of intervals: stacked bars, and lines. Each layer has a pattern of its own and each line a mark of its own, so
//! that nobody needs colours. A table beside a chart has the same figures, so a chart is a picture only.

use std::fmt::Write;

use maud::{Markup, html};

use super::numbers::grouped;
use crate::link::Link;

/// So many labels of an axis can be read.
const MAX_LABELS: usize = 8;

/// The size of a picture of lines in its own units; the page stretches it.
const SIZE: u64 = 1000;

/// A bar is no wider, in hundredths of a percent of the picture.
const MAX_BAR: usize = 900;

/// An interval of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// On the axis.
    pub label: String,
    pub name: String,
    /// What it counts.
    pub link: Link,
}

/// A part of each bar, from the bottom up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    pub name: String,
    /// The class that gives its colour.
    pub paint: &'static str,
    pub values: Vec<u64>,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: &'static str,
    /// The class of its mark and colour.
    pub paint: &'static str,
    /// Nothing where an interval has no value.
    pub values: Vec<Option<u64>>,
}

/// Bars of whole numbers.
#[must_use]
pub fn bars(slots: &[Slot], layers: &[Layer], noun: &str) -> Markup {
    let total = |place: usize| layers.iter().filter_map(|layer| layer.values.get(place)).sum::<u64>();
    let top = nice_count((0..slots.len()).map(total).max().unwrap_or_default());
    let count = slots.len().max(1);
    let width = (10_000 / count * 72 / 100).min(MAX_BAR);
    html! {
        div.chart {
            (scale([grouped(top), grouped(top / 2), "0".to_owned()]))
            svg.plot aria-hidden="true" hx-boost="false" {
                defs { @for (place, layer) in layers.iter().enumerate() { (pattern(place, layer.paint)) } }
                (grid())
                @for (place, layer) in layers.iter().enumerate() {
                    g fill={ "url(#h" (place) ")" } {
                        @for (slot, value) in layer.values.iter().enumerate().filter(|(_, value)| **value > 0) {
                            @let below: u64 = layers[..place].iter().filter_map(|layer| layer.values.get(slot)).sum();
                            rect x=(percent((10_000 * slot + 5_000) / count - width / 2)) width=(percent(width))
                                y=(percent(part(top - below - value, top))) height=(percent(part(*value, top))) {}
                        }
                    }
                }
                @for (place, slot) in slots.iter().enumerate() {
                    a href=(slot.link) tabindex="-1" {
                        rect.hit x=(percent(10_000 * place / count)) width=(percent(10_000 / count)) {
                            title { (slot.name) ": " (described(layers, place, noun)) }
                        }
                    }
                }
            }
            (axis(slots))
        }
    }
}

/// Lines of durations. `format` writes a value.
#[must_use]
pub fn lines(slots: &[Slot], lines: &[Line], top: u64, format: impl Fn(u64) -> String) -> Markup {
    let count = slots.len().max(1);
    let values = |place: usize| {
        let values = lines.iter().filter_map(|line| Some((line.name, *line.values.get(place)?.as_ref()?)));
        values.map(|(name, value)| format!("{name} {}", format(value))).collect::<Vec<_>>().join(", ")
    };
    html! {
        div.chart {
            (scale([format(top), format(top / 2), "0".to_owned()]))
            svg.plot aria-hidden="true" {
                (grid())
                svg viewBox={ "0 0 " (SIZE) " " (SIZE) } preserveAspectRatio="none" {
                    @for line in lines { path.line.(line.paint) d=(strokes(&line.values, top)) {} }
                    @for line in lines { path.dots.(line.paint) d=(dots(&line.values, top)) {} }
                }
                @for (place, slot) in slots.iter().enumerate() {
                    @let values = values(place);
                    @if !values.is_empty() {
                        rect.hit x=(percent(10_000 * place / count)) width=(percent(10_000 / count)) {
                            title { (slot.name) ": " (values) }
                        }
                    }
                }
            }
            (axis(slots))
        }
    }
}

/// A sample of the pattern of a layer.
#[must_use]
pub fn swatch(place: usize) -> Markup {
    html! { svg.swatch aria-hidden="true" { rect width="100%" height="100%" fill={ "url(#h" (place) ")" } {} } }
}

/// A sample of a line with its mark.
#[must_use]
pub fn line_sample(paint: &str) -> Markup {
    html! {
        svg.sample aria-hidden="true" viewBox="0 0 24 10" { path.line.(paint) d="M0 5h24" {} path.dots.(paint) d="M12 5h0" {} }
    }
}

/// The smallest round number that is at least so large, and even.
#[must_use]
pub fn nice_count(most: u64) -> u64 {
    let mut step = 2_u64;
    loop {
        for factor in [1, 2, 3, 4] {
            if step.saturating_mul(factor) >= most {
                return step.saturating_mul(factor);
            }
        }
        step = step.saturating_mul(5);
        if step >= most {
            return step;
        }
        step = step.saturating_mul(2);
    }
}

/// What an interval counts, in words.
fn described(layers: &[Layer], place: usize, noun: &str) -> String {
    let parts = layers.iter().filter_map(|layer| Some((&layer.name, *layer.values.get(place)?)));
    let parts: Vec<String> =
        parts.filter(|(_, value)| *value > 0).map(|(name, value)| format!("{} {name}", grouped(value))).collect();
    if parts.is_empty() { format!("no {noun}") } else { parts.join(", ") }
}

fn scale(labels: [String; 3]) -> Markup {
    html! { div.scale aria-hidden="true" { @for label in labels { span { (label) } } } }
}

fn grid() -> Markup {
    html! { @for y in ["0%", "50%", "100%"] { line.grid x1="0" x2="100%" y1=(y) y2=(y) {} } }
}

/// The labels below. Narrow screens leave each other one out.
fn axis(slots: &[Slot]) -> Markup {
    let step = slots.len().div_ceil(MAX_LABELS).max(1);
    html! {
        div.ticks aria-hidden="true" {
            @for (place, slot) in slots.iter().enumerate() {
                @if place % step == 0 { span.odd[place / step % 2 == 1] { (slot.label) } } @else { span {} }
            }
        }
    }
}

/// The pattern of a layer: its colour, and lines that tell it from others.
fn pattern(place: usize, paint: &str) -> Markup {
    let strokes = match place % 6 {
        0 => None,
        1 => Some("M-2 2 2-2M0 8 8 0M6 10 10 6"),
        2 => Some("M2 2h0M6 6h0"),
        3 => Some("M0 4h8"),
        4 => Some("M0 0 8 8M8 0 0 8"),
        _ => Some("M4 0v8"),
    };
    html! {
        pattern id={ "h" (place) } width="8" height="8" patternUnits="userSpaceOnUse" {
            rect.(paint) width="8" height="8" {}
            @if let Some(strokes) = strokes { path.hatch d=(strokes) {} }
        }
    }
}

/// A part of a whole, in hundredths of a percent.
fn part(value: u64, whole: u64) -> usize {
    usize::try_from(value.saturating_mul(10_000) / whole.max(1)).unwrap_or(10_000).min(10_000)
}

/// Hundredths of a percent, as SVG writes them.
fn percent(hundredths: usize) -> String {
    match hundredths % 100 {
        0 => format!("{}%", hundredths / 100),
        rest => format!("{}.{rest:02}%", hundredths / 100),
    }
}

/// Where a value is in a picture of lines.
fn points(values: &[Option<u64>], top: u64) -> impl Iterator<Item = Option<(u64, u64)>> {
    let count = values.len().max(1) as u64;
    values.iter().enumerate().map(move |(place, value)| {
        let x = (2 * place as u64 + 1) * SIZE / (2 * count);
        value.map(|value| (x, SIZE - value.min(top).saturating_mul(SIZE) / top.max(1)))
    })
}

/// A line from value to value. It is interrupted where there is none.
fn strokes(values: &[Option<u64>], top: u64) -> String {
    let (mut path, mut is_drawing) = (String::new(), false);
    for point in points(values, top) {
        if let Some((x, y)) = point {
            let _ = write!(path, "{}{x} {y}", if is_drawing { 'L' } else { 'M' });
        }
        is_drawing = point.is_some();
    }
    path
}

/// A mark at each value: a line without length, whose ends the style makes round or square.
fn dots(values: &[Option<u64>], top: u64) -> String {
    points(values, top).flatten().fold(String::new(), |mut path, (x, y)| {
        let _ = write!(path, "M{x} {y}h0");
        path
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(count: usize) -> Vec<Slot> {
        let slot = |place: usize| Slot { label: place.to_string(), name: format!("Day {place}"), link: Link::to("/a") };
        (0..count).map(slot).collect()
    }

    #[test]
    fn the_top_of_a_scale_is_round_and_even() {
        let tops = [0, 1, 2, 3, 7, 9, 11, 30, 41, 99, 101, 1_234, u64::MAX].map(nice_count);
        assert_eq!(tops[..12], [2, 2, 2, 4, 8, 10, 20, 40, 60, 100, 200, 2000]);
        for top in tops {
            assert!(top.is_multiple_of(2) || top == u64::MAX, "{top}");
        }
    }

    #[test]
    fn layers_stand_on_each_other_and_have_words() {
        let layer = |name: &str, values: &[u64]| Layer { name: name.to_owned(), paint: "t0", values: values.to_vec() };
        let layers = [layer("critical", &[1, 0]), layer("info", &[1, 0])];
        let chart = bars(&slots(2), &layers, "incident").into_string();
        assert!(chart.contains(r#"<g fill="url(#h0)"><rect x="20.50%" width="9%" y="50%" height="50%">"#), "{chart}");
        assert!(chart.contains(r#"<g fill="url(#h1)"><rect x="20.50%" width="9%" y="0%" height="50%">"#), "{chart}");
        assert!(chart.contains("Day 0: 1 critical, 1 info") && chart.contains("Day 1: no incident"), "{chart}");
        assert!(!chart.contains("style="));
    }

    #[test]
    fn a_line_is_interrupted_where_there_is_no_value() {
        let values = [Some(0), Some(50), None, Some(100), None];
        assert_eq!(strokes(&values, 100), "M100 1000L300 500M700 0");
        assert_eq!(dots(&values, 100), "M100 1000h0M300 500h0M700 0h0");
        assert_eq!(strokes(&[None], 0), "");
    }

    #[test]
    fn a_long_axis_has_few_labels() {
        let labels = |count: usize| axis(&slots(count)).into_string().matches("</span>").count();
        assert_eq!((labels(31), labels(0)), (31, 0));
        let shown = axis(&slots(31)).into_string();
        assert_eq!(shown.matches("<span></span>").count(), 31 - 8);
    }
}
