//! How many rows there are over time: bars by severity. A script lets people choose a range of it.

use std::fmt::Write;

use maud::{Markup, html};
use shared::{
    domain::{severity::Severity, time::Time},
    listing::segments::statistics::{Group, Statistics, intervals::IntervalKind},
};

use super::{
    numbers::{counted, grouped},
    times::{format, when},
};

/// From the bottom up.
const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::Error, Severity::Warning, Severity::Info];

/// The size of the picture in its own units; the page stretches it.
const WIDTH: usize = 1000;
const HEIGHT: u64 = 100;

/// Counts of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    pub noun: &'static str,
    pub kind: IntervalKind,
    pub intervals: Vec<Interval>,
}

/// The rows of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub from: Time,
    pub to: Time,
    /// In the order of [`SEVERITIES`].
    pub counts: [u64; 4],
}

impl Interval {
    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Histogram {
    /// Takes the counts of statistics that are grouped by severity.
    #[must_use]
    pub fn of<F>(noun: &'static str, kind: IntervalKind, statistics: &Statistics<F>, count: fn(&F) -> u64) -> Self {
        let of_severity = |severity: Severity, place: usize| {
            let group = |group: &&Group<F>| group.value.as_deref() == Some(<&str>::from(severity));
            let group = statistics.groups.iter().find(group);
            group.and_then(|group| group.figures.intervals.get(place)).map_or(0, count)
        };
        let interval = |(place, (from, to)): (usize, &(Time, Time))| Interval {
            from: *from,
            to: *to,
            counts: SEVERITIES.map(|severity| of_severity(severity, place)),
        };
        Self { noun, kind, intervals: statistics.intervals.iter().enumerate().map(interval).collect() }
    }

    /// The picture.
    #[must_use]
    pub fn render(&self) -> Markup {
        let Self { noun, kind, intervals } = self;
        let highest = intervals.iter().max_by_key(|interval| interval.total());
        let (Some(first), Some(last), Some(highest)) = (intervals.first(), intervals.last(), highest) else {
            return html! {};
        };
        if highest.total() == 0 {
            return html! {};
        }
        let most = highest.total();
        let all: u64 = intervals.iter().map(Interval::total).sum();
        let summary = format!(
            "{} from {} to {} UTC. Most in one {kind}: {}, at {}.",
            counted(all, noun),
            format(first.from, "%-d %b %H:%M"),
            format(last.to, "%-d %b %H:%M"),
            grouped(highest.total()),
            format(highest.from, "%-d %b %H:%M"),
        );
        html! {
            figure.histogram data-starts=(self.starts()) data-counts=(self.counts()) data-noun=(noun) {
                span.top aria-hidden="true" { (grouped(most)) }
                svg role="img" aria-label=(summary) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" {
                    @for (place, severity) in SEVERITIES.iter().enumerate() {
                        path.(severity) d=(self.bars(place, most)) {}
                    }
                }
                figcaption { (when(first.from)) span { "by " (kind) } (when(last.to)) }
            }
        }
    }

    /// The bars of a severity, above those of worse ones.
    fn bars(&self, severity: usize, most: u64) -> String {
        let count = self.intervals.len();
        let mut path = String::new();
        for (place, interval) in self.intervals.iter().enumerate() {
            let below: u64 = interval.counts[..severity].iter().sum();
            let height = |rows: u64| rows.saturating_mul(HEIGHT * 10) / most;
            let (bottom, top) = (height(below), height(below + interval.counts[severity]));
            if top > bottom {
                let (left, right) = (place * WIDTH * 10 / count, (place + 1) * WIDTH * 10 / count);
                let gap = if count > 250 { 0 } else { (right - left) / 8 };
                // Tenths of a unit, as whole numbers: nothing here depends on the rounding of floats.
                let (width, bar) = (right - left - gap, top - bottom);
                let _ = write!(
                    path,
                    "M{} {}h{}v{}h-{}z",
                    tenths(left as u64),
                    tenths(HEIGHT * 10 - top),
                    tenths(width as u64),
                    tenths(bar),
                    tenths(width as u64)
                );
            }
        }
        path
    }

    /// When intervals begin and the last ends: the first in minutes since 1970, then the lengths in minutes.
    fn starts(&self) -> String {
        let minutes = |time: Time| time.as_millis() / 60_000;
        let first = self.intervals.first().map_or(0, |first| minutes(first.from));
        let lengths: Vec<String> =
            self.intervals.iter().map(|interval| (minutes(interval.to) - minutes(interval.from)).to_string()).collect();
        // Most intervals have the same length.
        match lengths.first() {
            Some(length) if lengths.iter().all(|other| other == length) => {
                format!("{first} {length}x{}", lengths.len())
            }
            _ => format!("{first} {}", lengths.join(",")),
        }
    }

    fn counts(&self) -> String {
        let totals: Vec<String> = self.intervals.iter().map(|interval| interval.total().to_string()).collect();
        totals.join(",")
    }
}

fn tenths(number: u64) -> String {
    if number.is_multiple_of(10) { (number / 10).to_string() } else { format!("{}.{}", number / 10, number % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_bars_stand_below_milder_ones_and_the_highest_fills_the_picture() {
        let at = |minutes: i64| Time::EARLIEST.plus_minutes(minutes);
        let interval = |from: i64, counts| Interval { from: at(from), to: at(from + 60), counts };
        let intervals = vec![interval(60, [1, 1, 0, 0]), interval(120, [0, 0, 0, 1])];
        let histogram = Histogram { noun: "incident", kind: IntervalKind::Hour, intervals };
        assert_eq!(histogram.bars(0, 2), "M0 50h437.5v50h-437.5z");
        assert_eq!(histogram.bars(1, 2), "M0 0h437.5v50h-437.5z");
        assert_eq!(histogram.bars(2, 2), "");
        assert_eq!((histogram.starts().as_str(), histogram.counts().as_str()), ("60 60x2", "2,1"));
    }
}
