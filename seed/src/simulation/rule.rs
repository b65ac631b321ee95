//! What Alertmanager sends while the alerts of a rule fire: the whole group, whenever it changes, and
//! again every half hour.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    outbox::{Outbox, Sending},
    running::RunningOutage,
    schedule::ScheduledSignal,
};
use crate::{
    alertmanager::{Alert, Origin, notification},
    company::PrometheusRule,
};

/// `group_wait`: how long a new group waits for more alerts.
const GROUP_WAIT: SignedDuration = SignedDuration::from_secs(30);

/// `group_interval`: how often a group is looked at.
const GROUP_INTERVAL: SignedDuration = SignedDuration::from_mins(5);

/// `repeat_interval`: when a group that has not changed is sent again.
const REPEAT_INTERVAL: SignedDuration = SignedDuration::from_mins(30);

/// How long Prometheus goes on reporting an alert that is resolved.
const RESOLVED_RETENTION: SignedDuration = SignedDuration::from_mins(15);

/// An outage that is not over fires this long. Nobody sees its end: the history ends before.
const UNENDED: SignedDuration = SignedDuration::from_hours(12);

/// Sends everything from the first alert to the resolution of the last one.
pub fn run(
    outbox: &mut Outbox,
    outage: RunningOutage,
    scheduled: &ScheduledSignal,
    rule: &'static PrometheusRule,
    count: usize,
) {
    let alerts = alerts(outbox, outage, scheduled, rule, count);
    let mut flush_at = scheduled.at + GROUP_WAIT;
    let mut last: Option<Flush> = None;
    loop {
        let now = Flush::at(flush_at, &alerts);
        if last.as_ref().is_none_or(|last| now.is_news_after(last)) {
            let body = notification(&now.alerts(&alerts));
            outbox.send_alertmanager(Sending::prompt(flush_at), body);
            last = Some(now);
        }
        if last.as_ref().is_some_and(|last| last.resolved.len() == alerts.len()) || flush_at > scheduled.at + UNENDED {
            break;
        }
        flush_at += GROUP_INTERVAL;
    }
}

/// The alerts of the rule, each with the end that it will have.
fn alerts(
    outbox: &mut Outbox,
    outage: RunningOutage,
    scheduled: &ScheduledSignal,
    rule: &'static PrometheusRule,
    count: usize,
) -> Vec<Alert> {
    let ScheduledSignal { at, signal, .. } = *scheduled;
    let random = &mut *outbox.random;
    let mut groups: Vec<Option<&'static str>> = match &rule.group_by {
        Some(by) => by.values.iter().map(|value| Some(value.as_str())).collect(),
        None => vec![None],
    };
    random.rng.shuffle(&mut groups);
    groups.truncate(count);
    let mut alerts: Vec<Alert> = Vec::new();
    for (member, group) in groups.into_iter().enumerate() {
        let starts_at = if member == 0 { at } else { at + random.seconds(0..=240) };
        let value = random.within(rule.value);
        let origin = Origin { service: signal.service, rule, group, env: outage.env, value };
        let ends_at = outage.behaviour.resolves().then(|| outage.ends_at + random.seconds(10..=340));
        alerts.push(Alert::firing(origin, starts_at).ending(ends_at));
    }
    // Those of a group are sorted. Their labels differ in one.
    alerts.sort_by(|one, other| one.labels.cmp(&other.labels));
    alerts
}

/// What the group holds when it is looked at. Alerts are named by their place.
struct Flush {
    at: Timestamp,
    firing: BTreeSet<usize>,
    resolved: BTreeSet<usize>,
}

impl Flush {
    fn at(at: Timestamp, alerts: &[Alert]) -> Self {
        let begun = || alerts.iter().enumerate().filter(|(_, alert)| alert.starts_at <= at);
        let has_ended = |alert: &Alert| alert.ends_at.is_some_and(|ends_at| ends_at <= at);
        Self {
            at,
            firing: begun().filter(|(_, alert)| !has_ended(alert)).map(|(place, _)| place).collect(),
            resolved: begun().filter(|(_, alert)| has_ended(alert)).map(|(place, _)| place).collect(),
        }
    }

    fn is_news_after(&self, last: &Self) -> bool {
        !self.firing.is_subset(&last.firing)
            || !self.resolved.is_subset(&last.resolved)
            || self.at >= last.at + REPEAT_INTERVAL
    }

    /// The alerts as they are sent now.
    fn alerts(&self, alerts: &[Alert]) -> Vec<Alert> {
        let is_told = |place: usize, alert: &Alert| {
            let is_recent = alert.ends_at.is_some_and(|ends_at| self.at < ends_at + RESOLVED_RETENTION);
            self.firing.contains(&place) || (self.resolved.contains(&place) && is_recent)
        };
        let told = alerts.iter().enumerate().filter(|(place, alert)| is_told(*place, alert));
        told.map(|(place, alert)| alert.clone().ending(alert.ends_at.filter(|_| self.resolved.contains(&place))))
            .collect()
    }
}
