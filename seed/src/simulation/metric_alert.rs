//! What Sentry sends while a metric alert fires.

use super::{
    outbox::{Outbox, Sending},
    running::RunningOutage,
    schedule::ScheduledSignal,
};
use crate::{
    company::MetricAlertRule,
    sentry::{MetricAction, MetricAlert},
};

/// Sends everything from the first threshold that is crossed to the resolution.
pub fn run(outbox: &mut Outbox, outage: RunningOutage, scheduled: &ScheduledSignal, rule: &'static MetricAlertRule) {
    let MetricAlertRule { warning, critical, .. } = *rule;
    let ScheduledSignal { at, arrival, signal, .. } = *scheduled;
    let alert = MetricAlert {
        service: signal.service,
        rule,
        env: outage.env,
        id: 18_000_000 + outbox.random.rng.u64(..9_999_999),
        started_at: at,
    };
    let first = Sending { at, arrival };
    if outbox.random.percent(35) {
        let value = outbox.random.rng.u32(warning..critical);
        send(outbox, &alert, MetricAction::Warning, value, first);
        if outbox.random.percent(30) {
            let worse_at = at + outbox.random.seconds(120..=500);
            let value = outbox.random.rng.u32(critical..critical * 4);
            send(outbox, &alert, MetricAction::Critical, value, Sending::prompt(worse_at));
        }
    } else {
        let value = outbox.random.rng.u32(critical..critical * 6);
        send(outbox, &alert, MetricAction::Critical, value, first);
    }
    if outage.behaviour.resolves() {
        let resolved_at = outage.ends_at + outbox.random.seconds(30..=300);
        let value = outbox.random.rng.u32(..warning);
        send(outbox, &alert, MetricAction::Resolved, value, Sending::perhaps_late(resolved_at));
    }
}

fn send(outbox: &mut Outbox, alert: &MetricAlert, action: MetricAction, value: u32, sending: Sending) {
    outbox.send_sentry(sending, "metric_alert", &alert.body(action, sending.at, value));
}
