//! Turns an outage into its timeline: the webhooks of its signals, and what the responders do.

use jiff::{SignedDuration, Timestamp};

use super::{
    alarm,
    issue::IssueRunner,
    issue_tracker::IssueTracker,
    metric_alert, monitor,
    outage::Outage,
    outage_timeline::OutageTimeline,
    outbox::Outbox,
    responders::{AlertedPeriod, status_changes},
    rule,
    running::RunningOutage,
    schedule::schedule,
};
use crate::{
    company::{Phrases, SignalKind},
    random::Random,
};

/// Runs outages in order of time: later ones depend on the issues that earlier ones left behind.
#[derive(Debug)]
pub struct Simulator {
    pub random: Random,
    issues: IssueRunner,
    phrases: &'static Phrases,
    sentry_utf8_since: Timestamp,
}

impl Simulator {
    /// From `sentry_utf8_since` on Sentry writes UTF-8 instead of escaped ASCII.
    pub fn new(random: Random, phrases: &'static Phrases, sentry_utf8_since: Timestamp) -> Self {
        let issues = IssueRunner { tracker: IssueTracker::default(), comments: &phrases.issue_comments };
        Self { random, issues, phrases, sentry_utf8_since }
    }

    pub fn run(&mut self, outage: &Outage) -> OutageTimeline {
        let scenario = outage.scenario;
        let scheduled = schedule(outage, &mut self.random);
        let last_at = scheduled.iter().map(|signal| signal.at).max().unwrap_or(outage.starts_at);
        let lasts = self.random.minutes(scenario.lasts_minutes);
        // Nothing is resolved before everything has fired.
        let ends_at = (outage.starts_at + lasts).max(last_at + SignedDuration::from_mins(10));
        let running = RunningOutage { env: outage.env, behaviour: outage.behaviour, ends_at };
        let mut outbox = Outbox::new(&mut self.random, self.sentry_utf8_since);
        for signal in &scheduled {
            match signal.signal.kind {
                SignalKind::Monitor { monitor, .. } => monitor::run(&mut outbox, running, signal, monitor),
                SignalKind::Issue(definition) => self.issues.run(&mut outbox, running, signal, definition),
                SignalKind::MetricAlert(rule) => metric_alert::run(&mut outbox, running, signal, rule),
                SignalKind::Rule { rule, alerts } => rule::run(&mut outbox, running, signal, rule, alerts),
                SignalKind::Alarm(alarm) => alarm::run(&mut outbox, running, signal, alarm),
            }
        }
        let webhooks = outbox.in_order_of_arrival();
        let status_changes = match (webhooks.first(), webhooks.last()) {
            (Some(first), Some(last)) => {
                let alerted = AlertedPeriod { first_at: first.at, last_at: last.at };
                status_changes(outage, alerted, self.phrases, &mut self.random)
            }
            _ => Vec::new(),
        };
        OutageTimeline { webhooks, status_changes }
    }
}
