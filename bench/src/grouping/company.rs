//! A made-up company: services that need each other, and their monitors.

use std::fmt::Write;

use fastrand::Rng;
use shared::rules::Rules;

use crate::report::Failure;

pub const SERVICES: usize = 20;

/// Nobody declared the dependencies of the last so many services.
const UNDECLARED: usize = 3;

const MONITORS: usize = 4;

/// How late alerts are after a service broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delays {
    /// All monitors are alike: a minute on average, exponentially distributed.
    Simple,
    /// Each monitor has a delay of its own, from half a minute to ten, and keeps to it within a tenth.
    Monitors,
}

/// The services, what needs what, and the delays of the monitors.
pub struct Company {
    /// The services that each service needs.
    pub needs: Vec<Vec<usize>>,
    delays: Delays,
    /// The delay of each monitor of each service, in minutes.
    monitors: Vec<[f64; MONITORS]>,
}

impl Company {
    pub fn new(delays: Delays, random: &mut Rng) -> Self {
        let needs = (0..SERVICES).map(|service| {
            // Each service needs one or two of those before it.
            let count = if service == 0 { 0 } else { 1 + random.usize(..2) };
            let mut needed: Vec<usize> = (0..count).map(|_| random.usize(service.saturating_sub(7)..service)).collect();
            needed.dedup();
            needed
        });
        let needs = needs.collect();
        // Most monitors take a minute or two, some ten.
        let monitors = (0..SERVICES).map(|_| [(); MONITORS].map(|()| 0.5 * 20_f64.powf(random.f64()))).collect();
        Self { needs, delays, monitors }
    }

    pub fn service_name(service: usize) -> String {
        format!("service-{service}")
    }

    /// Some monitors of a service, each once.
    pub fn some_monitors(random: &mut Rng) -> Vec<usize> {
        let mut monitors: Vec<usize> = (0..MONITORS).collect();
        random.shuffle(&mut monitors);
        monitors.truncate(1 + random.usize(..3));
        monitors
    }

    pub fn some_monitor(random: &mut Rng) -> usize {
        random.usize(..MONITORS)
    }

    /// How many minutes after its service broke a monitor fires.
    pub fn delay(&self, service: usize, monitor: usize, random: &mut Rng) -> f64 {
        match self.delays {
            Delays::Simple => exponential(1.0, random),
            Delays::Monitors => {
                self.monitors[service][monitor] * (0.9 + 0.2 * random.f64()) + exponential(0.25, random)
            }
        }
    }

    /// The services that need a service.
    pub fn needing(&self, service: usize) -> impl Iterator<Item = usize> {
        (0..SERVICES).filter(move |other| self.needs[*other].contains(&service))
    }

    /// The rules that the company wrote. Without dependencies if they are left out.
    pub fn rules(&self, with_dependencies: bool, span: &str) -> Result<Rules, Failure> {
        let mut yaml = format!("default_environment: production\ngrouping: {{span: {span}}}\ndependencies:\n");
        writeln!(yaml, "  unrelated: [nothing]")?;
        for service in (0..SERVICES - UNDECLARED).filter(|_| with_dependencies) {
            let needed: Vec<String> = self.needs[service].iter().map(|needed| Self::service_name(*needed)).collect();
            writeln!(yaml, "  {}: [{}]", Self::service_name(service), needed.join(", "))?;
        }
        Ok(Rules::parse(&yaml)?)
    }
}

/// A random number with an exponential distribution.
pub fn exponential(mean: f64, random: &mut Rng) -> f64 {
    -mean * (1.0 - random.f64()).ln()
}
