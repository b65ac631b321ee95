//! Streams of alerts of which it is known what belongs together.

use std::collections::BTreeMap;

use fastrand::Rng;
use shared::domain::{
    event::{AlertEvent, StatedSeverity, Transition},
    severity::Severity,
    source::Source,
    time::Time,
};

use super::company::{Company, SERVICES, exponential};

const OUTAGES: usize = 30;

/// In a storm a monitor fires for so many hosts.
const STORM_HOSTS: usize = 10;

/// The outages of a quiet month.
const PAST_OUTAGES: usize = 60;
const QUIET_GAP_MINUTES: f64 = 12.0 * 60.0;

/// For each alert of an outage so many that have to do with nothing.
const UNRELATED: f64 = 0.12;

/// An event of a stream, and what it really belongs to.
#[derive(Debug, Clone)]
pub struct Delivered {
    pub at: Time,
    pub event: AlertEvent,
    /// The outage. `None` of an alert that has to do with nothing, and before what is measured.
    pub label: Option<Label>,
}

/// What an alert really belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    Outage(usize),
    /// Each alert that has to do with nothing is one of its own.
    Unrelated(usize),
}

impl Label {
    pub const fn is_outage(self) -> bool {
        matches!(self, Self::Outage(_))
    }
}

/// How outages follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The mean time from one outage to the next, in minutes.
    pub gap_minutes: f64,
    /// Whether a quiet month was before them.
    pub with_history: bool,
}

struct Writer<'company> {
    company: &'company Company,
    random: Rng,
    delivered: Vec<Delivered>,
    number: usize,
}

/// An alert before it becomes events.
struct Planned<'planned> {
    label: Option<Label>,
    environment: &'planned str,
    service: usize,
    monitor: usize,
    /// Tells the alerts of one monitor apart.
    host: Option<usize>,
    at_minutes: f64,
}

/// A stream in the order of its deliveries.
pub fn stream(company: &Company, pace: Pace, random: Rng) -> Vec<Delivered> {
    let mut writer = Writer { company, random, delivered: Vec::new(), number: 0 };
    let mut at = 0.0;
    if pace.with_history {
        at = writer.outages(Pace { gap_minutes: QUIET_GAP_MINUTES, ..pace }, at, false);
        at += 24.0 * 60.0;
    }
    writer.outages(pace, at, true);
    writer.delivered.sort_by_key(|delivered| delivered.at);
    writer.delivered
}

impl Writer<'_> {
    /// Writes outages one after the other, and returns when the last one began.
    fn outages(&mut self, pace: Pace, from_minutes: f64, is_measured: bool) -> f64 {
        let mut at = from_minutes;
        let before = self.number;
        let count = if is_measured { OUTAGES } else { PAST_OUTAGES };
        let storm = self.random.usize(..count);
        for outage in 0..count {
            at += exponential(pace.gap_minutes, &mut self.random);
            let label = is_measured.then_some(Label::Outage(outage));
            self.outage(label, at, outage == storm);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a small count"
        )]
        let unrelated = ((self.number - before) as f64 * UNRELATED) as usize;
        for number in 0..unrelated {
            let at_minutes = from_minutes + self.random.f64() * (at - from_minutes);
            let service = self.random.usize(..SERVICES);
            let monitor = Company::some_monitor(&mut self.random);
            let label = is_measured.then_some(Label::Unrelated(number));
            self.alert(&Planned { label, environment: "production", service, monitor, host: None, at_minutes });
        }
        at
    }

    /// A service breaks, and then some of those that need it; rarely one that it needs.
    fn outage(&mut self, label: Option<Label>, at_minutes: f64, is_storm: bool) {
        let environment = if self.random.u8(..100) < 85 { "production" } else { "staging" };
        let root = self.random.usize(..SERVICES);
        let mut broken = BTreeMap::from([(root, at_minutes)]);
        let mut front: Vec<(usize, f64)> = broken.iter().map(|(service, at)| (*service, *at)).collect();
        for _ in 0..3 {
            let mut next = Vec::new();
            for (service, at) in front {
                let needing = self.company.needing(service).map(|other| (other, 65));
                let needed = self.company.needs[service].iter().map(|other| (*other, 15));
                for (other, percent) in needing.chain(needed) {
                    if self.random.u8(..100) < percent && !broken.contains_key(&other) && broken.len() < 8 {
                        let at = at + exponential(0.5, &mut self.random);
                        broken.insert(other, at);
                        next.push((other, at));
                    }
                }
            }
            front = next;
        }
        for (service, broken_at) in broken {
            for monitor in Company::some_monitors(&mut self.random) {
                // In a storm each monitor of the service that broke first fires for many hosts.
                let is_stormy = is_storm && service == root;
                let hosts: Vec<Option<usize>> =
                    if is_stormy { (0..STORM_HOSTS).map(Some).collect() } else { vec![None] };
                for host in hosts {
                    let at_minutes = broken_at + self.company.delay(service, monitor, &mut self.random);
                    self.alert(&Planned { label, environment, service, monitor, host, at_minutes });
                }
            }
        }
    }

    /// An alert, its resolution, and sometimes the same again.
    fn alert(&mut self, planned: &Planned<'_>) {
        let mut fires_at = planned.at_minutes;
        let times = if self.random.u8(..100) < 15 { 2 + self.random.usize(..2) } else { 1 };
        for time in 0..times {
            self.number += 1;
            let lasts = if times > 1 { 1.0 + 3.0 * self.random.f64() } else { 10.0 + 50.0 * self.random.f64() };
            self.event(planned, Transition::Firing, fires_at);
            // Some resolutions never come.
            if time + 1 < times || self.random.u8(..100) < 80 {
                self.event(planned, Transition::Resolved, fires_at + lasts);
            }
            fires_at += lasts + 1.0 + 5.0 * self.random.f64();
        }
    }

    fn event(&mut self, planned: &Planned<'_>, transition: Transition, at_minutes: f64) {
        let Planned { label, environment, service, monitor, host, .. } = planned;
        let at = time(at_minutes);
        let group_key = format!("monitor:{service}-{monitor}|env:{environment}|host:{host:?}");
        let severities = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
        let severity = severities[self.random.usize(..severities.len())];
        // Each time that it fires is a cycle of its own.
        let event = AlertEvent {
            group_key: group_key.clone(),
            title: format!("Monitor {monitor} of service {service}"),
            severity: Some(StatedSeverity { value: severity, matched: "stated".to_owned(), confidence: 1.0 }),
            // One monitor in sixteen names no service.
            service: (*monitor > 0 || service % 4 > 0).then(|| Company::service_name(*service)),
            environment: Some((*environment).to_owned()),
            ..AlertEvent::bare(Source::named("datadog"), &format!("{group_key}|{}", self.number), transition, at)
        };
        let late = if self.random.u8(..100) < 10 { 8.0 * self.random.f64() } else { self.random.f64() / 6.0 };
        self.delivered.push(Delivered { at: time(at_minutes + late), event, label: *label });
    }
}

/// A time so many minutes after the streams begin.
#[expect(clippy::cast_possible_truncation, reason = "a whole number of milliseconds")]
fn time(minutes: f64) -> Time {
    // 2100 begins: tables would take old claims for expired.
    Time::from_millis(4_102_444_800_000).unwrap_or(Time::EARLIEST).plus_millis((minutes * 60_000.0) as i64)
}
