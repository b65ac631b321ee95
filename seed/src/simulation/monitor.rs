//! What Datadog sends while a monitor fires.

use jiff::Timestamp;

use super::{
    outbox::{Outbox, Sending},
    running::RunningOutage,
    schedule::ScheduledSignal,
};
use crate::{
    company::{Env, Monitor, Service, Template},
    datadog::{Notification, Transition},
    random::Random,
};

/// Sends everything from the first trigger to the resolution.
pub fn run(outbox: &mut Outbox, outage: RunningOutage, scheduled: &ScheduledSignal, monitor: &'static Monitor) {
    let ScheduledSignal { at, arrival, signal, group } = *scheduled;
    let mut cycle = Cycle {
        service: signal.service,
        monitor,
        group,
        env: outage.env,
        triggered_at: at,
        key: cycle_key(outbox.random),
    };
    let first = match outbox.random.rng.u8(..100) {
        0..6 => Transition::Warn,
        6..9 => Transition::NoData,
        _ => Transition::Triggered,
    };
    cycle.notify(outbox, first, Sending { at, arrival });
    let resolves = outage.behaviour.resolves();
    if resolves && outbox.random.percent(4) {
        cycle = flap(outbox, &cycle);
    }
    let repeated_at = cycle.triggered_at + outbox.random.seconds(600..=1500);
    if repeated_at < outage.ends_at && outbox.random.percent(10) {
        let again = if outbox.random.percent(50) { Transition::Renotify } else { Transition::ReTriggered };
        cycle.notify(outbox, again, Sending::prompt(repeated_at));
    }
    if resolves {
        let at = outage.ends_at + outbox.random.seconds(10..=340);
        cycle.notify(outbox, Transition::Resolved, Sending::perhaps_late(at));
    } else if outbox.random.percent(15) {
        let at = cycle.triggered_at + outbox.random.seconds(240..=560);
        cycle.notify(outbox, Transition::Resolved, Sending::prompt(at));
    }
}

/// The monitor is resolved by itself and fires again a moment later, in a new cycle.
fn flap(outbox: &mut Outbox, cycle: &Cycle) -> Cycle {
    let resolved_at = cycle.triggered_at + outbox.random.seconds(100..=240);
    cycle.notify(outbox, Transition::Resolved, Sending::prompt(resolved_at));
    let triggered_at = resolved_at + outbox.random.seconds(60..=220);
    let next = Cycle { triggered_at, key: cycle_key(outbox.random), ..*cycle };
    next.notify(outbox, Transition::Triggered, Sending::prompt(triggered_at));
    next
}

fn cycle_key(random: &mut Random) -> String {
    random.rng.u64(1_000_000_000_000_000_000..).to_string()
}

/// A monitor's group from the trigger to the resolution.
struct Cycle {
    service: &'static Service,
    monitor: &'static Monitor,
    group: Option<&'static str>,
    env: Env,
    triggered_at: Timestamp,
    key: String,
}

impl Cycle {
    fn notify(&self, outbox: &mut Outbox, transition: Transition, sending: Sending) {
        // Only the title of Datadog's own template shows the transition.
        let transition = match (self.monitor.template, transition) {
            (Template::Default, Transition::Warn | Transition::NoData) => Transition::Triggered,
            (_, transition) => transition,
        };
        let notification = Notification {
            service: self.service,
            monitor: self.monitor,
            group: self.group,
            env: self.env,
            transition,
            at: sending.at,
            triggered_at: self.triggered_at,
            id: outbox.random.rng.u64(7_000_000_000_000_000_000..8_000_000_000_000_000_000),
            cycle_key: &self.key,
            value: outbox.random.within(self.monitor.value),
        };
        outbox.send_datadog(sending, notification.body());
    }
}
