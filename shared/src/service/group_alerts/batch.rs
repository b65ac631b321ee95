//! A batch of deliveries: what it knows is read once, each delivery changes it in memory, and what
//! changed is written once. So a storm of alerts of one incident updates the incident once a batch.

mod effects;
mod learning;
mod payloads;
mod split;

pub use payloads::PayloadRow;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::move_alerts::MAX_SUCCESSORS,
    Effect, GroupAlerts,
    prepared::{Incoming, Parsed, PreparedDelivery},
};
use crate::{
    domain::{
        action::Action,
        alert::Alert,
        delivery::Delivery,
        event::{EventKind, Transition},
        id::{AlertId, BundleId, EntryId, IncidentId},
        incident::Incident,
        problem::{Problem, StepKind},
        quarantine::{EntryState, QuarantineEntry, StoredBody},
        time::Time,
    },
    store::{
        StoreError,
        claims::{ClaimKeys, Snapshot},
        incidents::Consistency,
        payloads::{NewPayload, StoredBundle},
        transaction::Write,
    },
};

/// What a batch knows and what it changes.
pub struct Batch<'group> {
    group_alerts: &'group GroupAlerts,
    now: Time,
    before: Snapshot,
    after: Snapshot,
    incidents: BTreeMap<IncidentId, TouchedIncident>,
    alerts: BTreeMap<AlertId, TouchedAlert>,
    /// The payloads to keep, each of the earliest delivery of its alert.
    payloads: BTreeMap<AlertId, NewPayload<'group>>,
    /// The bundles that were read.
    bundles: BTreeMap<BundleId, StoredBundle>,
    /// Incidents that decisions need to be as they were read, beside those that the batch changes.
    relied_on: BTreeSet<IncidentId>,
    /// The claims of services that learn from settled incidents.
    learning: BTreeSet<String>,
    quarantined: Vec<(QuarantineEntry, &'group Delivery)>,
    /// The quarantine entries that wait for their redrive; `None` if one expired on the way.
    redriving: BTreeMap<EntryId, Option<QuarantineEntry>>,
    /// The quarantine entries whose redrive arrived, as they were read.
    redriven: Vec<QuarantineEntry>,
}

/// An incident as it was read (if it is not new), as it is now, and what was done to it.
struct TouchedIncident {
    before: Option<Incident>,
    after: Incident,
    actions: Vec<Action>,
}

/// An alert as it was read (if it is not new) and as it is now.
struct TouchedAlert {
    before: Option<Alert>,
    after: Alert,
}

/// The rows that deliveries will ask for, as far as can be told before they are applied.
#[derive(Default)]
struct Likely {
    incidents: BTreeSet<IncidentId>,
    alerts: BTreeSet<AlertId>,
}

impl<'group> Batch<'group> {
    /// Reads what is known of these deliveries: their claims in one request, then the incidents and
    /// alerts that they are likely to concern, side by side.
    pub async fn read(
        group_alerts: &'group GroupAlerts,
        prepared: &[PreparedDelivery<'_>],
        now: Time,
    ) -> Result<Self, StoreError> {
        let claims: BTreeSet<&str> = prepared.iter().flat_map(PreparedDelivery::claims).collect();
        let before = group_alerts.claims.read(claims, now).await?;
        let mut batch = Self {
            group_alerts,
            now,
            after: before.clone(),
            before,
            incidents: BTreeMap::new(),
            alerts: BTreeMap::new(),
            payloads: BTreeMap::new(),
            bundles: BTreeMap::new(),
            relied_on: BTreeSet::new(),
            learning: BTreeSet::new(),
            quarantined: Vec::new(),
            redriving: BTreeMap::new(),
            redriven: Vec::new(),
        };
        for id in prepared.iter().filter_map(|prepared| prepared.delivery.redrive_of) {
            let found = group_alerts.quarantine.get(id, now).await?.map(|(entry, _)| entry);
            if found.as_ref().is_none_or(|entry| entry.state == EntryState::Redriving) {
                batch.redriving.insert(id, found);
            }
        }
        let mut likely = Likely::default();
        for prepared in prepared {
            batch.add_likely(prepared, &mut likely);
        }
        batch.load(&likely.incidents, &likely.alerts).await?;
        Ok(batch)
    }

    /// Lets a delivery take effect in memory.
    pub async fn apply(&mut self, prepared: &'group PreparedDelivery<'group>) -> Result<Effect, StoreError> {
        let took_effect = self.after.delivered.contains_key(&prepared.claim);
        if let Some(id) = prepared.delivery.redrive_of {
            let Some(entry) = self.redriving.remove(&id) else { return Ok(Effect::Duplicate) };
            let is_noted = entry.is_some();
            self.redriven.extend(entry);
            if took_effect {
                self.keep_missing_payload(prepared).await?;
                return Ok(if is_noted { Effect::Nothing } else { Effect::Duplicate });
            }
        } else if took_effect {
            self.keep_missing_payload(prepared).await?;
            return Ok(Effect::Duplicate);
        }
        let problem = prepared.keys().map(|keys| keys.problem.as_str());
        self.after.deliver(prepared.claim.clone(), prepared.firing_event().cloned(), problem);
        match &prepared.parsed {
            Parsed::Unreadable(quarantined) => {
                self.quarantined.push((quarantined.clone(), prepared.delivery));
                Ok(Effect::Quarantined(quarantined.id))
            }
            Parsed::Event(event) => {
                let incoming = Incoming::new(prepared.delivery, event);
                let effect = self.take(incoming).await?;
                // A repetition of a report changes nothing, and a resolution that ends nothing is known by its
                // time, however often they are delivered. They need no claim, and their sender repeats
                // them for as long as the problem lasts.
                let is_known = matches!(effect, Effect::Nothing | Effect::Remembered);
                if is_known && incoming.event.kind == EventKind::Report {
                    self.after.delivered.remove(&prepared.claim);
                }
                Ok(effect)
            }
        }
    }

    /// What is to be written, each row once; nothing if all deliveries took effect before.
    pub fn writes(&self) -> Result<Vec<Write>, StoreError> {
        let retention = self.group_alerts.retention;
        let mut writes = self.group_alerts.claims.changes(&self.before, &self.after, self.now)?;
        for (id, touched) in &self.incidents {
            match &touched.before {
                Some(before) if *before == touched.after => {
                    if self.relied_on.contains(id) {
                        writes.push(self.group_alerts.incidents.check(before)?);
                    }
                }
                before => {
                    let incidents = &self.group_alerts.incidents;
                    let (before, TouchedIncident { after, actions, .. }) = (before.as_ref(), touched);
                    writes.extend(incidents.writes(before, after, actions, retention)?);
                }
            }
        }
        for TouchedAlert { before, after } in self.alerts.values() {
            let expires_at = retention.of_alert(after, self.now);
            match before {
                None => writes.push(self.group_alerts.alerts.insertion(after, expires_at)?),
                Some(before) if before != after => {
                    let after = after.clone().changed(self.now);
                    writes.push(self.group_alerts.alerts.update(before, &after, expires_at)?);
                }
                Some(_) => {}
            }
        }
        for (entry, delivery) in &self.quarantined {
            let stored = StoredBody::Delivery(Box::new((*delivery).clone()));
            writes.push(self.group_alerts.quarantine.insertion(entry, &stored, self.now)?);
        }
        for entry in &self.redriven {
            // Those that are done were left out when they were read.
            if let Ok(redriven) = entry.redriven(self.now) {
                writes.push(self.group_alerts.quarantine.change(entry, &redriven)?);
            }
        }
        Ok(writes)
    }

    fn add_likely(&self, prepared: &PreparedDelivery<'_>, likely: &mut Likely) {
        let Parsed::Event(event) = &prepared.parsed else { return };
        if self.before.delivered.contains_key(&prepared.claim) {
            return;
        }
        let incoming = Incoming::new(prepared.delivery, event);
        let problem = self.problem(incoming.keys);
        if incoming.event.transition == Transition::Firing {
            // Whether the incidents of its firing alerts are over.
            let firing = problem.episodes().filter(|episode| episode.resolution.is_none());
            likely.incidents.extend(firing.filter_map(|episode| episode.incident_id));
        }
        for step in problem.steps(&incoming.news()) {
            let episode = match step.kind {
                StepKind::Begin { .. } => {
                    likely.incidents.extend(self.group_incidents(incoming.keys));
                    likely.incidents.extend(problem.activity(&step.lane).map(|span| span.incident_id));
                    likely.alerts.extend(self.last_of_key(incoming.keys));
                    continue;
                }
                StepKind::Repeat(episode) | StepKind::Resolve(episode) | StepKind::Redate(episode) => episode,
                StepKind::Split { ended, .. } => ended,
                StepKind::Remember(_) | StepKind::RememberEverywhere(_) => continue,
            };
            likely.alerts.insert(episode.alert_id);
            likely.incidents.extend(episode.incident_id);
        }
    }

    /// The incidents that some incidents are part of now, of those that people merged. They are read.
    async fn successors(&mut self, ids: &BTreeSet<IncidentId>) -> Result<BTreeMap<IncidentId, IncidentId>, StoreError> {
        let mut successors = BTreeMap::new();
        for id in ids {
            let mut next = *id;
            for _ in 0..MAX_SUCCESSORS {
                let known = self.incidents.get(&next);
                let Some(into) = known.and_then(|known| known.after.merged_into) else { break };
                self.load(&BTreeSet::from([into]), &BTreeSet::new()).await?;
                next = into;
            }
            if next != *id {
                successors.insert(*id, next);
            }
        }
        Ok(successors)
    }

    /// An incident; `None` if it has expired.
    async fn incident(&mut self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        self.load(&BTreeSet::from([id]), &BTreeSet::new()).await?;
        Ok(self.incidents.get(&id).map(|touched| touched.after.clone()))
    }

    async fn alert(&mut self, id: AlertId) -> Result<Alert, StoreError> {
        self.load(&BTreeSet::new(), &BTreeSet::from([id])).await?;
        let touched = self.alerts.get(&id).map(|touched| touched.after.clone());
        touched.ok_or_else(|| StoreError::missing("alert", &id))
    }

    /// Reads the incidents and alerts that the batch does not know yet.
    async fn load(&mut self, incidents: &BTreeSet<IncidentId>, alerts: &BTreeSet<AlertId>) -> Result<(), StoreError> {
        let incidents: Vec<IncidentId> =
            incidents.iter().copied().filter(|id| !self.incidents.contains_key(id)).collect();
        let alerts: Vec<AlertId> = alerts.iter().copied().filter(|id| !self.alerts.contains_key(id)).collect();
        let (incidents, alerts) = tokio::try_join!(
            self.group_alerts.incidents.get_many(&incidents, Consistency::Strong, self.now),
            self.group_alerts.alerts.get_many(&alerts, Consistency::Strong, self.now),
        )?;
        for incident in incidents {
            let touched = TouchedIncident { before: Some(incident.clone()), after: incident, actions: Vec::new() };
            self.incidents.insert(touched.after.id, touched);
        }
        for alert in alerts {
            let touched = TouchedAlert { before: Some(alert.clone()), after: alert };
            self.alerts.insert(touched.after.id, touched);
        }
        Ok(())
    }

    /// Makes the problem forget alerts that have expired, of those that are named. Returns whether there were any.
    async fn forget_expired(&mut self, keys: &ClaimKeys, alerts: &BTreeSet<AlertId>) -> Result<bool, StoreError> {
        self.load(&BTreeSet::new(), alerts).await?;
        let expired: BTreeSet<AlertId> = alerts.iter().copied().filter(|id| !self.alerts.contains_key(id)).collect();
        if !expired.is_empty() {
            self.change_problem(keys, |problem| problem.forget(&expired));
        }
        Ok(!expired.is_empty())
    }

    fn problem(&self, keys: &ClaimKeys) -> Problem {
        self.after.problems.get(&keys.problem).cloned().unwrap_or_default()
    }

    fn change_problem(&mut self, keys: &ClaimKeys, change: impl FnOnce(&mut Problem)) {
        change(self.after.problems.entry(keys.problem.clone()).or_default());
    }
}
