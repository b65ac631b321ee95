//! Which signals of an outage fire, and when.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    faults::{Fault, Rule},
    monitors::Monitor,
    outage::{Chance, Outage},
    scenarios::Signal,
};

/// A signal fires for the first time.
#[derive(Debug)]
pub(crate) struct Cue {
    pub(crate) at: Timestamp,
    /// Its webhook arrives at once. True of the first of each wave, which keeps a cascade together.
    pub(crate) prompt: bool,
    pub(crate) signal: Cued,
}

/// What fires.
#[derive(Debug)]
pub(crate) enum Cued {
    /// A monitor, for one of its groups if it has any.
    Monitor(&'static Monitor, Option<&'static str>),
    Fault(&'static Fault),
    Rule(&'static Rule),
}

pub(crate) fn cues(outage: &Outage, chance: &mut Chance) -> Vec<Cue> {
    let mut cues = Vec::new();
    let mut fired = BTreeSet::new();
    let mut wave_at = outage.start;
    for (number, wave) in outage.scenario.waves.iter().enumerate() {
        if number > 0 {
            wave_at += chance.seconds(40..=170);
        }
        for (place, signal) in wave.iter().enumerate() {
            let prompt = place == 0;
            let at = if prompt { wave_at } else { wave_at + chance.seconds(5..=50) };
            match *signal {
                Signal::Fault(fault) => cues.push(Cue { at, prompt, signal: Cued::Fault(fault) }),
                Signal::Rule(rule) => cues.push(Cue { at, prompt, signal: Cued::Rule(rule) }),
                Signal::Monitor(monitor, count) => {
                    for (member, group) in groups(monitor, count, &mut fired, chance).into_iter().enumerate() {
                        let at = if member == 0 { at } else { at + chance.seconds(4..=40) };
                        let prompt = prompt && member == 0;
                        cues.push(Cue { at, prompt, signal: Cued::Monitor(monitor, group) });
                    }
                }
            }
        }
    }
    cues
}

/// The groups of a monitor that fire: about `count` of those that have not yet.
fn groups(
    monitor: &Monitor,
    count: usize,
    fired: &mut BTreeSet<(u64, &'static str)>,
    chance: &mut Chance,
) -> Vec<Option<&'static str>> {
    let Some((_, all)) = monitor.groups else { return vec![None] };
    let mut groups: Vec<_> = all.iter().copied().filter(|group| !fired.contains(&(monitor.id, *group))).collect();
    chance.0.shuffle(&mut groups);
    groups.truncate(if count > 1 && chance.percent(25) { count - 1 } else { count });
    fired.extend(groups.iter().map(|group| (monitor.id, *group)));
    groups.into_iter().map(Some).collect()
}
