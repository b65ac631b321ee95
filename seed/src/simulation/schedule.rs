//! When each signal of an outage begins to fire.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{outage::Outage, outbox::Arrival};
use crate::{
    company::{Monitor, Signal, SignalKind},
    random::Random,
};

/// A signal begins to fire.
#[derive(Debug)]
pub struct ScheduledSignal {
    pub at: Timestamp,
    /// The first webhook of each wave is prompt. That keeps a cascade together.
    pub arrival: Arrival,
    pub signal: Signal,
    /// The group of the monitor that fires, if it has groups.
    pub group: Option<&'static str>,
}

pub fn schedule(outage: &Outage, random: &mut Random) -> Vec<ScheduledSignal> {
    let mut scheduled = Vec::new();
    let mut fired = BTreeSet::new();
    let mut wave_at = outage.starts_at;
    for (number, wave) in outage.scenario.waves.iter().enumerate() {
        if number > 0 {
            wave_at += random.seconds(30..=110);
        }
        for (place, signal) in wave.iter().enumerate() {
            let at = if place == 0 { wave_at } else { wave_at + random.seconds(5..=50) };
            let groups = match signal.kind {
                SignalKind::Monitor { monitor, groups } => choose_groups(monitor, groups, &mut fired, random),
                SignalKind::Issue(_)
                | SignalKind::MetricAlert(_)
                // Alertmanager sends all alerts of a rule as one group.
                | SignalKind::Rule { .. }
                | SignalKind::Alarm(_) => vec![None],
            };
            for (member, group) in groups.into_iter().enumerate() {
                let is_first = place == 0 && member == 0;
                scheduled.push(ScheduledSignal {
                    at: if member == 0 { at } else { at + random.seconds(4..=40) },
                    arrival: if is_first { Arrival::Prompt } else { Arrival::PerhapsLate },
                    signal: *signal,
                    group,
                });
            }
        }
    }
    scheduled
}

/// About `count` groups of a monitor that have not fired in this outage.
fn choose_groups(
    monitor: &'static Monitor,
    count: usize,
    fired: &mut BTreeSet<(u64, &'static str)>,
    random: &mut Random,
) -> Vec<Option<&'static str>> {
    let Some(by) = &monitor.group_by else { return vec![None] };
    let values = by.values.iter().map(String::as_str);
    let mut groups: Vec<_> = values.filter(|group| !fired.contains(&(monitor.id, *group))).collect();
    random.rng.shuffle(&mut groups);
    groups.truncate(if count > 1 && random.percent(25) { count - 1 } else { count });
    fired.extend(groups.iter().map(|group| (monitor.id, *group)));
    groups.into_iter().map(Some).collect()
}
