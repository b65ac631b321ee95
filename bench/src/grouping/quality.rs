//! How well incidents match outages.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
};

use shared::domain::{event::Transition, id::IncidentId};

use super::stream::{Delivered, Label};

/// Counts that can be summed over streams.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quality {
    /// Pairs of alerts of one outage in one incident.
    right: u64,
    /// Pairs of alerts in one incident.
    together: u64,
    /// Pairs of alerts of one outage.
    belonging: u64,
    outages: u64,
    /// The incidents of each outage.
    fragments: u64,
    incidents: u64,
    /// Incidents with alerts of more than one outage.
    mixed: u64,
    /// Incidents with alerts of an outage and with others that have to do with nothing.
    polluted: u64,
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 1.0 } else { part as f64 / of as f64 }
}

impl Quality {
    /// Compares the incidents of the events that fire with their labels. What came before is left out.
    pub fn of(stream: &[Delivered], incidents: &[Option<IncidentId>]) -> Self {
        let firing = stream.iter().filter(|delivered| delivered.event.transition == Transition::Firing);
        let mut cells: BTreeMap<(Label, Option<IncidentId>), u64> = BTreeMap::new();
        for (delivered, incident) in firing.zip(incidents) {
            if let Some(label) = delivered.label {
                *cells.entry((label, *incident)).or_default() += 1;
            }
        }
        let pairs = |count: u64| count * count.saturating_sub(1) / 2;
        let mut quality = Self::default();
        let (mut of_label, mut of_incident) = (BTreeMap::<Label, u64>::new(), BTreeMap::<IncidentId, u64>::new());
        let mut labels: BTreeMap<IncidentId, BTreeSet<Label>> = BTreeMap::new();
        for ((label, incident), count) in cells {
            *of_label.entry(label).or_default() += count;
            quality.fragments += u64::from(label.is_outage());
            if let Some(incident) = incident {
                quality.right += pairs(count);
                *of_incident.entry(incident).or_default() += count;
                labels.entry(incident).or_default().insert(label);
            }
        }
        quality.outages = of_label.keys().filter(|label| label.is_outage()).count() as u64;
        quality.belonging = of_label.values().copied().map(pairs).sum();
        quality.together = of_incident.values().copied().map(pairs).sum();
        quality.incidents = of_incident.len() as u64;
        let outages = |labels: &BTreeSet<Label>| labels.iter().filter(|label| label.is_outage()).count();
        quality.mixed = labels.values().filter(|labels| outages(labels) > 1).count() as u64;
        let is_polluted = |labels: &&BTreeSet<Label>| outages(labels) > 0 && outages(labels) < labels.len();
        quality.polluted = labels.values().filter(is_polluted).count() as u64;
        quality
    }

    pub fn precision(&self) -> f64 {
        share(self.right, self.together)
    }

    pub fn recall(&self) -> f64 {
        share(self.right, self.belonging)
    }

    pub fn f1(&self) -> f64 {
        share(2 * self.right, self.together + self.belonging)
    }

    pub fn fragments(&self) -> f64 {
        share(self.fragments, self.outages)
    }

    pub fn mixed(&self) -> f64 {
        share(self.mixed, self.incidents)
    }

    pub fn polluted(&self) -> f64 {
        share(self.polluted, self.incidents)
    }
}

impl AddAssign for Quality {
    fn add_assign(&mut self, other: Self) {
        self.right += other.right;
        self.together += other.together;
        self.belonging += other.belonging;
        self.outages += other.outages;
        self.fragments += other.fragments;
        self.incidents += other.incidents;
        self.mixed += other.mixed;
        self.polluted += other.polluted;
    }
}
