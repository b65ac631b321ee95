//! What `CloudWatch` sends, through SNS, while an alarm fires.

use super::{
    outbox::{Outbox, Sending},
    running::RunningOutage,
    schedule::ScheduledSignal,
};
use crate::{
    cloudwatch::{AlarmState, Message},
    company::{Alarm, Bounds},
};

/// Sends that it fires, and that it is over.
pub fn run(outbox: &mut Outbox, outage: RunningOutage, scheduled: &ScheduledSignal, alarm: &'static Alarm) {
    let ScheduledSignal { at, arrival, .. } = *scheduled;
    send(outbox, outage, scheduled, Change { alarm, state: AlarmState::Alarm, sending: Sending { at, arrival } });
    if outage.behaviour.resolves() {
        let sending = Sending::perhaps_late(outage.ends_at + outbox.random.seconds(30..=300));
        send(outbox, outage, scheduled, Change { alarm, state: AlarmState::Ok, sending });
    }
}

/// An alarm changes its state.
#[derive(Clone, Copy)]
struct Change {
    alarm: &'static Alarm,
    state: AlarmState,
    sending: Sending,
}

fn send(outbox: &mut Outbox, outage: RunningOutage, scheduled: &ScheduledSignal, change: Change) {
    let Change { alarm, state, sending } = change;
    let measured = match state {
        AlarmState::Alarm => alarm.value,
        AlarmState::Ok => Bounds::new(alarm.threshold / 5, alarm.threshold),
    };
    let values = [measured; 2].map(|bounds| outbox.random.within(bounds));
    let id = uuid(&outbox.random.hex());
    let service = scheduled.signal.service;
    let message = Message { service, alarm, env: outage.env, state, at: sending.at, values, id };
    outbox.send_cloudwatch(sending, message.body());
}

/// 32 hexadecimal digits in the form of a UUID.
fn uuid(hex: &str) -> String {
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
