//! What the sources send during an outage.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    Delivery,
    company::Stage,
    cues::{Cue, Cued},
    datadog::{Notification, Transition},
    faults::{Fault, Rule},
    monitors::{Monitor, Template},
    outage::{Chance, Outage},
    sentry::{Actor, Encoding, Event, EventResource, Issue, IssueAction, MetricAction, MetricAlert, comment},
};

/// The issues that Sentry knows.
#[derive(Debug)]
pub(crate) struct Tracker {
    issues: BTreeMap<(&'static str, Stage), Tracked>,
    /// Since when Sentry writes UTF-8.
    utf8_since: Timestamp,
}

#[derive(Debug)]
struct Tracked {
    issue: Issue,
    /// It is not resolved.
    open: bool,
}

impl Tracker {
    pub(crate) const fn new(utf8_since: Timestamp) -> Self {
        Self { issues: BTreeMap::new(), utf8_since }
    }

    fn encoding(&self, at: Timestamp) -> Encoding {
        if at < self.utf8_since { Encoding::Escaped } else { Encoding::Utf8 }
    }

    /// The issue of a fault that occurs, and whether it came back. What is still open from an earlier outage has since
    /// been merged into another issue, so that a new one is made.
    fn occur(&mut self, fault: &'static Fault, stage: Stage, at: Timestamp, chance: &mut Chance) -> (Issue, bool) {
        let number = self.issues.len();
        let known = self.issues.remove(&(fault.culprit, stage)).filter(|known| !known.open);
        let came_back = known.is_some();
        let mut issue = known.map_or_else(
            || Issue {
                fault,
                id: 5_900_000_000 + chance.0.u64(..99_999_999),
                short_id: format!("{}-{:X}", fault.service.name.to_uppercase(), number + 17 + chance.0.usize(..900)),
                first_seen: at,
                last_seen: at,
                count: 0,
                users: 0,
            },
            |known| known.issue,
        );
        issue.last_seen = at;
        issue.count += chance.0.u32(1..60);
        issue.users += chance.0.u32(0..40);
        self.issues.insert((fault.culprit, stage), Tracked { issue: issue.clone(), open: true });
        (issue, came_back)
    }

    fn end(&mut self, fault: &Fault, stage: Stage) {
        if let Some(tracked) = self.issues.get_mut(&(fault.culprit, stage)) {
            tracked.open = false;
        }
    }
}

/// One outage while it is played.
pub(crate) struct Sending<'play> {
    outage: &'play Outage,
    /// When things begin to recover.
    end: Timestamp,
    chance: &'play mut Chance,
    tracker: &'play mut Tracker,
    sent: Vec<Delivery>,
}

/// Whether a webhook may be late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Prompt,
    PerhapsLate,
}

impl<'play> Sending<'play> {
    pub(crate) const fn new(
        outage: &'play Outage,
        end: Timestamp,
        chance: &'play mut Chance,
        tracker: &'play mut Tracker,
    ) -> Self {
        Self { outage, end, chance, tracker, sent: Vec::new() }
    }

    /// All that a signal sends, from its cue to its recovery.
    pub(crate) fn play(&mut self, cue: &Cue) -> Result<(), serde_json::Error> {
        let way = if cue.prompt { Way::Prompt } else { Way::PerhapsLate };
        match cue.signal {
            Cued::Monitor(monitor, group) => self.monitor(monitor, group, cue.at, way),
            Cued::Fault(fault) => self.fault(fault, cue.at, way),
            Cued::Rule(rule) => self.rule(rule, cue.at, way),
        }
    }

    /// Everything that was sent.
    pub(crate) fn in_order_of_arrival(mut self) -> Vec<Delivery> {
        self.sent.sort_by_key(|delivery| delivery.at);
        self.sent
    }

    fn monitor(
        &mut self,
        monitor: &'static Monitor,
        group: Option<&'static str>,
        at: Timestamp,
        way: Way,
    ) -> Result<(), serde_json::Error> {
        let mut monitoring = Monitoring { monitor, group, triggered_at: at, cycle: self.cycle() };
        let first = match self.chance.0.u8(..100) {
            0..6 => Transition::Warn,
            6..9 => Transition::NoData,
            _ => Transition::Triggered,
        };
        self.notify(&monitoring, first, at, way)?;
        let is_over = self.outage.care.is_over();
        if is_over && self.chance.percent(4) {
            // It flaps: recovers by itself and is back a moment later.
            let calm = at + self.chance.seconds(100..=240);
            self.notify(&monitoring, Transition::Resolved, calm, Way::Prompt)?;
            monitoring =
                Monitoring { triggered_at: calm + self.chance.seconds(60..=220), cycle: self.cycle(), ..monitoring };
            self.notify(&monitoring, Transition::Triggered, monitoring.triggered_at, Way::Prompt)?;
        }
        let repeated = monitoring.triggered_at + self.chance.seconds(600..=1500);
        if repeated < self.end && self.chance.percent(10) {
            let transition = if self.chance.percent(50) { Transition::Renotify } else { Transition::ReTriggered };
            self.notify(&monitoring, transition, repeated, Way::Prompt)?;
        }
        if is_over {
            let recovered = self.end + self.chance.seconds(10..=340);
            self.notify(&monitoring, Transition::Resolved, recovered, Way::PerhapsLate)?;
        } else if self.chance.percent(15) {
            let recovered = monitoring.triggered_at + self.chance.seconds(240..=560);
            self.notify(&monitoring, Transition::Resolved, recovered, Way::Prompt)?;
        }
        Ok(())
    }

    fn cycle(&mut self) -> String {
        self.chance.0.u64(1_000_000_000_000_000_000..).to_string()
    }

    fn notify(
        &mut self,
        monitoring: &Monitoring,
        transition: Transition,
        at: Timestamp,
        way: Way,
    ) -> Result<(), serde_json::Error> {
        let Monitoring { monitor, group, triggered_at, ref cycle } = *monitoring;
        // Datadog's own template shows no transition but the title's.
        let transition = match (monitor.template, transition) {
            (Template::Default, Transition::Warn | Transition::NoData) => Transition::Triggered,
            (_, transition) => transition,
        };
        let notification = Notification {
            monitor,
            group,
            stage: self.outage.stage,
            transition,
            at,
            triggered_at,
            id: self.chance.0.u64(7_000_000_000_000_000_000..8_000_000_000_000_000_000),
            cycle,
            value: self.chance.0.u32(monitor.value.0..=monitor.value.1),
        };
        let body = notification.body()?;
        let arrives = self.arrival(at, way);
        self.send(Delivery::of_datadog(arrives, body));
        Ok(())
    }

    fn fault(&mut self, fault: &'static Fault, at: Timestamp, way: Way) -> Result<(), serde_json::Error> {
        let stage = self.outage.stage;
        let (issue, came_back) = self.tracker.occur(fault, stage, at, self.chance);
        // An issue's webhook names no environment and counts as production.
        let by_issue = stage == Stage::Production && self.chance.percent(45);
        if by_issue {
            let action = if came_back { IssueAction::Unresolved } else { IssueAction::Created };
            self.issue(&issue, action, Actor::SENTRY, at, way)?;
        } else {
            let resource = if self.chance.percent(25) { EventResource::Error } else { EventResource::EventAlert };
            self.event(&issue, resource, at, way)?;
        }
        let again = at + self.chance.seconds(180..=1200);
        if again < self.end && self.chance.percent(12) {
            self.event(&issue, EventResource::EventAlert, again, Way::Prompt)?;
        }
        let people = fault.service.team.people();
        let actor = Actor::person(self.chance.one_of(&people));
        if self.chance.percent(7) {
            let assigned = at + self.chance.seconds(200..=560);
            self.issue(&issue, IssueAction::Assigned, actor, assigned, Way::Prompt)?;
        }
        if self.chance.percent(4) {
            let written = at + self.chance.seconds(240..=580);
            self.comment(&issue, actor, written)?;
        }
        if self.outage.care.is_over() && self.chance.percent(42) {
            let action = match self.chance.0.u8(..10) {
                0..7 => IssueAction::Resolved,
                7..9 => IssueAction::Archived,
                _ => IssueAction::Ignored,
            };
            let ended = self.end + self.chance.seconds(60..=600);
            self.issue(&issue, action, actor, ended, Way::Prompt)?;
            self.tracker.end(fault, stage);
        }
        Ok(())
    }

    fn issue(
        &mut self,
        issue: &Issue,
        action: IssueAction,
        actor: Actor<'_>,
        at: Timestamp,
        way: Way,
    ) -> Result<(), serde_json::Error> {
        let body = issue.body(action, actor, self.tracker.encoding(at))?;
        self.send_sentry("issue", body, at, way);
        Ok(())
    }

    fn event(
        &mut self,
        issue: &Issue,
        resource: EventResource,
        at: Timestamp,
        way: Way,
    ) -> Result<(), serde_json::Error> {
        let name = issue.fault.service.name;
        let event = Event {
            issue,
            stage: self.outage.stage,
            at,
            id: &self.chance.hex(),
            release: &format!("{name}@14.{}.{}", self.chance.0.u8(0..4), self.chance.0.u8(0..12)),
            server: &format!("{name}-{:09x}", self.chance.0.u32(..)),
        };
        let body = event.body(resource, self.tracker.encoding(at))?;
        self.send_sentry(resource.name(), body, at, way);
        Ok(())
    }

    /// Somebody writes a note on an issue: a webhook that says nothing about alerts.
    fn comment(&mut self, issue: &Issue, actor: Actor<'_>, at: Timestamp) -> Result<(), serde_json::Error> {
        let text = self.chance.one_of(&[
            "Same stack as last week, the fix is in review.",
            "Only happens with the new client. Rolling it back first.",
            "Siehe Incident, läuft schon.",
        ]);
        let body = comment(issue, actor, text, self.chance.0.u64(1_000_000..9_999_999), at, self.tracker.encoding(at))?;
        self.send_sentry("comment", body, at, Way::Prompt);
        Ok(())
    }

    fn rule(&mut self, rule: &'static Rule, at: Timestamp, way: Way) -> Result<(), serde_json::Error> {
        let alert = MetricAlert {
            rule,
            stage: self.outage.stage,
            id: 18_000_000 + self.chance.0.u64(..9_999_999),
            started_at: at,
        };
        if self.chance.percent(35) {
            let value = self.chance.0.u32(rule.warning..rule.critical);
            self.metric(&alert, MetricAction::Warning, value, at, way)?;
            if self.chance.percent(30) {
                let worse = at + self.chance.seconds(120..=500);
                let value = self.chance.0.u32(rule.critical..rule.critical * 4);
                self.metric(&alert, MetricAction::Critical, value, worse, Way::Prompt)?;
            }
        } else {
            let value = self.chance.0.u32(rule.critical..rule.critical * 6);
            self.metric(&alert, MetricAction::Critical, value, at, way)?;
        }
        if self.outage.care.is_over() {
            let recovered = self.end + self.chance.seconds(30..=300);
            let value = self.chance.0.u32(..rule.warning);
            self.metric(&alert, MetricAction::Resolved, value, recovered, Way::PerhapsLate)?;
        }
        Ok(())
    }

    fn metric(
        &mut self,
        alert: &MetricAlert,
        action: MetricAction,
        value: u32,
        at: Timestamp,
        way: Way,
    ) -> Result<(), serde_json::Error> {
        let body = alert.body(action, at, value, self.tracker.encoding(at))?;
        self.send_sentry("metric_alert", body, at, way);
        Ok(())
    }

    fn send_sentry(&mut self, resource: &str, body: String, at: Timestamp, way: Way) {
        let arrives = self.arrival(at, way);
        let request_id = self.chance.hex();
        self.send(Delivery::of_sentry(arrives, resource, request_id, body));
    }

    /// A few seconds after it happened, and now and then minutes.
    fn arrival(&mut self, at: Timestamp, way: Way) -> Timestamp {
        let late = way == Way::PerhapsLate && self.chance.percent(3);
        at + if late {
            self.chance.seconds(60..=240)
        } else {
            SignedDuration::from_millis(self.chance.0.i64(800..4000))
        }
    }

    /// Sends once, and now and then twice.
    fn send(&mut self, delivery: Delivery) {
        if self.chance.percent(2) {
            let request_id = self.chance.hex();
            let copy = delivery.again(delivery.at + self.chance.seconds(1..=45), request_id);
            self.sent.push(copy);
        }
        self.sent.push(delivery);
    }
}

/// A monitor's group from trigger to recovery.
struct Monitoring {
    monitor: &'static Monitor,
    group: Option<&'static str>,
    triggered_at: Timestamp,
    cycle: String,
}
