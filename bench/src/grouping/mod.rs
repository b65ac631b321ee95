//! Groups made-up streams of alerts by the product's own decision, and compares the incidents with
//! the outages.

mod company;
mod quality;
mod stream;

use clap::Args;
use company::{Company, Delays};
use fastrand::Rng;
use quality::Quality;
use replay::memory::Memory;
use shared::{
    domain::{event::Transition, id::IncidentId},
    grouping::{Groups, median::RecentMedian},
    rules::Rules,
};
use stream::{Delivered, Pace, stream};

use crate::report::{Failure, table};

/// The mean times from one outage to the next, in minutes.
const GAPS: [f64; 4] = [240.0, 60.0, 20.0, 10.0];

/// The lowest F1 at each gap.
const SIMPLE_TARGETS: [f64; 4] = [0.93, 0.85, 0.68, 0.53];
const MONITORS_TARGETS: [f64; 4] = [0.93, 0.90, 0.78, 0.65];

/// The highest share of mixed incidents, where there is a target.
const MIXED_TARGETS: [Option<f64>; 4] = [Some(0.03), Some(0.10), None, None];

/// How many streams are grouped.
#[derive(Debug, Args)]
pub struct Options {
    /// The number of seeds. Each makes a company and a stream
    #[arg(long, default_value_t = 10, value_name = "NUMBER")]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    first_seed: u64,
}

/// A part of the evidence that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    SourceKey,
    Dependencies,
    History,
    Delays,
    Spread,
    Span,
}

const PARTS: [(Part, &str); 6] = [
    (Part::SourceKey, "without the source's key"),
    (Part::Dependencies, "without declared dependencies"),
    (Part::History, "without what services were in one incident"),
    (Part::Delays, "without the delays of monitors"),
    (Part::Spread, "without the learned spread"),
    (Part::Span, "without the bound of the span"),
];

/// Outages that follow each other in one way.
#[derive(Debug, Clone, Copy)]
struct Scenario {
    delays: Delays,
    pace: Pace,
}

impl Scenario {
    fn all() -> impl Iterator<Item = (Self, &'static str, [f64; 4])> {
        [
            (Delays::Simple, false, "Simple delays", SIMPLE_TARGETS),
            (Delays::Monitors, true, "Monitors' delays, after a quiet month", MONITORS_TARGETS),
        ]
        .into_iter()
        .map(|(delays, with_history, name, targets)| {
            (Self { delays, pace: Pace { gap_minutes: 0.0, with_history } }, name, targets)
        })
    }

    const fn at_gap(self, gap_minutes: f64) -> Self {
        Self { pace: Pace { gap_minutes, ..self.pace }, ..self }
    }

    /// Groups one stream a seed.
    fn quality(self, seeds: std::ops::Range<u64>, without: Option<Part>) -> Result<Quality, Failure> {
        let mut quality = Quality::default();
        for seed in seeds {
            let mut random = Rng::with_seed(seed);
            let company = Company::new(self.delays, &mut random);
            let span = if without == Some(Part::Span) { "120" } else { "learned" };
            let rules = company.rules(without != Some(Part::Dependencies), span)?;
            let stream = stream(&company, self.pace, random);
            quality += Quality::of(&stream, &group(&stream, &rules, without));
        }
        Ok(quality)
    }
}

/// Groups a stream. Returns the incident of each event that fires, in order.
fn group(stream: &[Delivered], rules: &Rules, without: Option<Part>) -> Vec<Option<IncidentId>> {
    let mut memory = Memory::default();
    let grouped = stream.iter().filter_map(|Delivered { at, event, .. }| {
        let placed = memory.take(event, *at, rules, &|groups| leave_out(without, groups));
        (event.transition == Transition::Firing).then(|| placed?.incident_id)
    });
    grouped.collect()
}

fn leave_out(part: Option<Part>, groups: &mut Groups) {
    match part {
        // Those that are named here are left out of the rules.
        None | Some(Part::Dependencies | Part::Span) => {}
        Some(Part::History) => {
            groups.service.neighbours.clear();
            groups.service.outages = 0;
        }
        Some(Part::Delays) => groups.source.delays = RecentMedian::default(),
        Some(Part::Spread) => groups.environment.spreads = RecentMedian::default(),
        Some(Part::SourceKey) => groups.activity.clear(),
    }
}

/// Runs the benchmark and prints its tables.
pub fn run(options: &Options) -> Result<(), Failure> {
    let seeds = options.first_seed..options.first_seed + options.seeds;
    for (scenario, name, targets) in Scenario::all() {
        let mut rows = Vec::new();
        for ((gap, target), mixed_target) in GAPS.into_iter().zip(targets).zip(MIXED_TARGETS) {
            let quality = scenario.at_gap(gap).quality(seeds.clone(), None)?;
            let figures = [
                quality.f1(),
                quality.precision(),
                quality.recall(),
                quality.fragments(),
                quality.mixed(),
                quality.polluted(),
            ];
            let row = std::iter::once(format!("{gap} min")).chain(figures.map(|figure| format!("{figure:.3}")));
            let mixed = mixed_target.map_or_else(String::new, |mixed| format!(", mixed ≤ {mixed}"));
            rows.push(row.chain([format!("F1 ≥ {target}{mixed}")]).collect());
        }
        let head = [
            "gap",
            "F1",
            "precision",
            "recall",
            "incidents per outage",
            "mixed incidents",
            "with unrelated alerts",
            "target",
        ];
        table(name, &head, &rows);
        let mut rows = Vec::new();
        for (part, label) in PARTS {
            let mut row = vec![label.to_owned()];
            for gap in GAPS {
                let quality = scenario.at_gap(gap).quality(seeds.clone(), Some(part))?;
                row.push(format!("{:.3}", quality.f1()));
            }
            rows.push(row);
        }
        let head = ["F1", "240 min", "60 min", "20 min", "10 min"];
        table(&format!("{name}: each part of the evidence left out"), &head, &rows);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
