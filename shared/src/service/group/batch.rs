//! A batch of deliveries, folded: what it knows is read once, each delivery changes it in memory, and what changed is
//! written once. So a storm of alerts of one incident updates the incident once a batch.

use std::collections::{BTreeMap, BTreeSet};

use tracing::debug;

use super::{
    Effect, Grouper,
    entry::{Entry, Said},
};
use crate::{
    domain::{
        action::{Action, Deed, SYSTEM_ACTOR},
        alert::{Alert, Classification, Classified, Grouping, GroupingRule},
        delivery::Raw,
        episode::{Episode, Episodes, Step, step},
        event::{AlertEvent, Transition},
        id::{AlertId, IncidentId},
        incident::Incident,
        quarantine::QuarantineEntry,
        severity::Severity,
        time::Time,
    },
    grouping::{Decision, Groups, Newcomer, decide},
    store::{
        StoreError,
        claims::{ClaimKeys, Snapshot},
        transaction::Write,
    },
};

/// What a batch knows and what it changes.
pub struct Batch<'group> {
    grouper: &'group Grouper,
    now: Time,
    before: Snapshot,
    after: Snapshot,
    incidents: BTreeMap<IncidentId, TouchedIncident>,
    new_alerts: BTreeMap<AlertId, (Alert, &'group Raw)>,
    changed_alerts: BTreeMap<AlertId, (Episode, Option<Classified<Severity>>)>,
    quarantined: Vec<(QuarantineEntry, &'group Raw)>,
}

/// An incident as it was read, if it is not new, as it is now, and what was done to it.
struct TouchedIncident {
    before: Option<Incident>,
    after: Incident,
    actions: Vec<Action>,
}

/// An event on its way through the batch.
#[derive(Clone, Copy)]
struct Arrival<'group> {
    event: &'group AlertEvent,
    classification: &'group Classification,
    keys: &'group ClaimKeys,
    raw: &'group Raw,
}

impl<'group> Batch<'group> {
    /// Reads what is known of these deliveries: their claims in one request, the incidents that they are likely to
    /// concern in another.
    pub async fn read(grouper: &'group Grouper, entries: &[Entry<'_>], now: Time) -> Result<Self, StoreError> {
        let claims: BTreeSet<&str> = entries.iter().flat_map(Entry::claims).collect();
        let before = grouper.claims.read(claims).await?;
        let mut batch = Self {
            grouper,
            now,
            after: before.clone(),
            before,
            incidents: BTreeMap::new(),
            new_alerts: BTreeMap::new(),
            changed_alerts: BTreeMap::new(),
            quarantined: Vec::new(),
        };
        let likely: Vec<IncidentId> = entries.iter().flat_map(|entry| batch.likely_incidents(entry)).collect();
        batch.load(&likely).await?;
        Ok(batch)
    }

    /// Lets a delivery take effect in memory.
    pub async fn apply(&mut self, entry: &'group Entry<'group>) -> Result<Effect, StoreError> {
        if !self.after.delivered.insert(entry.claim.clone()) {
            return Ok(Effect::Duplicate);
        }
        match &entry.said {
            Said::Nothing(quarantined) => {
                self.quarantined.push((quarantined.clone(), &entry.delivery.raw));
                Ok(Effect::Quarantined(quarantined.id))
            }
            Said::Event { event, classification, keys } => {
                self.take(Arrival { event, classification, keys, raw: &entry.delivery.raw }).await
            }
        }
    }

    /// What is to be written, each row once; nothing if all deliveries took effect before.
    pub fn writes(&self) -> Result<Vec<Write>, StoreError> {
        let mut writes = self.grouper.claims.changes(&self.before, &self.after, self.now)?;
        for touched in self.incidents.values().filter(|touched| touched.before.as_ref() != Some(&touched.after)) {
            writes.extend(self.grouper.incidents.writes(touched.before.as_ref(), &touched.after, &touched.actions)?);
        }
        for (alert, raw) in self.new_alerts.values() {
            writes.push(self.grouper.alerts.insertion(alert, raw)?);
        }
        for (episode, raised) in self.changed_alerts.values() {
            writes.push(self.grouper.alerts.update(episode, raised.as_ref())?);
        }
        for (entry, raw) in &self.quarantined {
            writes.push(self.grouper.quarantine.insertion(entry, raw, self.now)?);
        }
        Ok(writes)
    }

    async fn take(&mut self, arrival: Arrival<'group>) -> Result<Effect, StoreError> {
        let Arrival { event, classification, keys, .. } = arrival;
        let known = self.after.episodes.get(&keys.episodes);
        match step(known, event.transition, event.occurred_at, classification.severity.value) {
            Step::Nothing => Ok(Effect::Nothing),
            Step::Remember { recovered_at } => {
                let latest = self.latest(keys).cloned();
                self.know(keys, latest, Some(recovered_at));
                Ok(Effect::Remembered)
            }
            Step::Repeat(episode) => self.repeat(arrival, episode).await,
            Step::Resolve(episode) => self.resolve(arrival, episode).await,
            Step::Begin { resolved_at } => self.begin(arrival, resolved_at).await,
        }
    }

    async fn repeat(&mut self, arrival: Arrival<'group>, episode: Episode) -> Result<Effect, StoreError> {
        let is_worse = self.latest(arrival.keys).is_some_and(|latest| latest.severity < episode.severity);
        let raised = is_worse.then_some(&arrival.classification.severity);
        if let (true, Some(incident_id)) = (is_worse, episode.incident_id) {
            let incident = self.incident(incident_id).await?;
            if let Some((incident, deeds)) = incident.worsen(episode.alert_id, episode.severity, self.now) {
                self.change_incident(incident, deeds);
            }
        }
        let alert_id = episode.alert_id;
        self.change_alert(arrival.keys, episode, raised);
        Ok(Effect::Repeated(alert_id))
    }

    async fn resolve(&mut self, arrival: Arrival<'group>, episode: Episode) -> Result<Effect, StoreError> {
        if let Some(incident_id) = episode.incident_id {
            let (incident, deeds) = self.incident(incident_id).await?.recover(episode.alert_id, self.now);
            self.change_incident(incident, deeds);
        }
        let alert_id = episode.alert_id;
        self.change_alert(arrival.keys, episode, None);
        Ok(Effect::Recovered(alert_id))
    }

    async fn begin(&mut self, arrival: Arrival<'group>, resolved_at: Option<Time>) -> Result<Effect, StoreError> {
        let Arrival { event, classification, keys, .. } = arrival;
        let groups = self.groups(keys).await?;
        let decision = decide(Newcomer { event, classification, resolved_at }, &groups, &self.grouper.rules);
        debug!(?decision, "decided");
        match decision {
            Decision::Join { incident_id, rule, grouping } => {
                self.join(arrival, resolved_at, (incident_id, rule, grouping)).await
            }
            Decision::Open { recurrence_of, grouping } => Ok(self.open(arrival, recurrence_of, grouping)),
            Decision::Ignore { grouping } => {
                Ok(Effect::Recorded(self.new_alert(arrival, self.now, resolved_at, (None, grouping)).id))
            }
        }
    }

    async fn join(
        &mut self,
        arrival: Arrival<'group>,
        resolved_at: Option<Time>,
        (incident_id, rule, grouping): (IncidentId, GroupingRule, Grouping),
    ) -> Result<Effect, StoreError> {
        let incident = self.incident(incident_id).await?;
        // Another worker's clock may be ahead; an alert is never older than the incident that it joins.
        let at = self.now.max(incident.created_at);
        let alert = self.new_alert(arrival, at, resolved_at, (Some(incident_id), grouping));
        let (incident, deeds) = incident.join(&alert, rule, self.now);
        self.change_incident(incident, deeds);
        self.point_groups(arrival.keys, incident_id);
        Ok(Effect::Joined(alert.id, incident_id))
    }

    fn open(&mut self, arrival: Arrival<'group>, recurrence_of: Option<IncidentId>, grouping: Grouping) -> Effect {
        let incident_id: IncidentId = self.grouper.ids.next(self.now);
        let alert = self.new_alert(arrival, self.now, None, (Some(incident_id), grouping));
        let (incident, deeds) = Incident::open(incident_id, &alert, recurrence_of);
        self.change_incident(incident, deeds);
        self.point_groups(arrival.keys, incident_id);
        self.after.openings.entry(arrival.keys.environment.clone()).or_default().note(incident_id);
        Effect::Opened(alert.id, incident_id)
    }

    /// The incidents that a new alert may join or follow.
    async fn groups(&mut self, keys: &ClaimKeys) -> Result<Groups, StoreError> {
        let ids = self.group_incidents(keys);
        self.load(&ids).await?;
        Ok(Groups {
            vendor_key: self.after.groups.get(&keys.vendor_group).copied(),
            service: keys.service_group.as_ref().and_then(|group| self.after.groups.get(group)).copied(),
            incidents: ids
                .iter()
                .filter_map(|id| self.incidents.get(id))
                .map(|touched| touched.after.clone())
                .collect(),
        })
    }

    fn group_incidents(&self, keys: &ClaimKeys) -> Vec<IncidentId> {
        let groups = std::iter::once(&keys.vendor_group).chain(&keys.service_group);
        let pointed = groups.filter_map(|group| self.after.groups.get(group));
        let recent = self.after.openings.get(&keys.environment).into_iter().flat_map(|openings| &openings.recent);
        let ids: BTreeSet<IncidentId> = pointed.chain(recent).copied().collect();
        ids.into_iter().collect()
    }

    /// The incidents that a delivery will ask for, as far as can be told before it is applied.
    fn likely_incidents(&self, entry: &Entry<'_>) -> Vec<IncidentId> {
        let Said::Event { event, classification, keys } = &entry.said else { return Vec::new() };
        if self.before.delivered.contains(&entry.claim) {
            return Vec::new();
        }
        match (event.transition, self.latest(keys).filter(|latest| latest.resolved_at.is_none())) {
            (Transition::Firing, None) => self.group_incidents(keys),
            (Transition::Firing, Some(latest)) if latest.severity >= classification.severity.value => Vec::new(),
            (_, latest) => latest.and_then(|latest| latest.incident_id).into_iter().collect(),
        }
    }

    async fn incident(&mut self, id: IncidentId) -> Result<Incident, StoreError> {
        self.load(&[id]).await?;
        let touched = self.incidents.get(&id).map(|touched| touched.after.clone());
        // Incidents are never deleted: one that a claim names exists.
        touched.ok_or_else(|| StoreError::missing("incident", &id))
    }

    /// Reads the incidents that the batch does not know yet.
    async fn load(&mut self, ids: &[IncidentId]) -> Result<(), StoreError> {
        let unknown: BTreeSet<IncidentId> = ids.iter().copied().filter(|id| !self.incidents.contains_key(id)).collect();
        let unknown: Vec<IncidentId> = unknown.into_iter().collect();
        for incident in self.grouper.incidents.get_many(&unknown, true).await? {
            let touched = TouchedIncident { before: Some(incident.clone()), after: incident, actions: Vec::new() };
            self.incidents.insert(touched.after.id, touched);
        }
        Ok(())
    }

    fn latest(&self, keys: &ClaimKeys) -> Option<&Episode> {
        self.after.episodes.get(&keys.episodes)?.latest.as_ref()
    }

    fn know(&mut self, keys: &ClaimKeys, latest: Option<Episode>, recovered_at: Option<Time>) {
        let version = self.after.episodes.get(&keys.episodes).map_or(1, |known| known.version + 1);
        self.after.episodes.insert(keys.episodes.clone(), Episodes { latest, recovered_at, version });
    }

    fn new_alert(
        &mut self,
        arrival: Arrival<'group>,
        at: Time,
        resolved_at: Option<Time>,
        grouped: (Option<IncidentId>, Grouping),
    ) -> Alert {
        let id: AlertId = self.grouper.ids.next(at);
        let alert = Alert::first(id, arrival.event.clone(), arrival.classification.clone(), resolved_at, grouped);
        self.know(arrival.keys, Some(Episode::of(&alert)), None);
        self.new_alerts.insert(id, (alert.clone(), arrival.raw));
        alert
    }

    fn change_alert(&mut self, keys: &ClaimKeys, episode: Episode, raised: Option<&Classified<Severity>>) {
        let recovered_at = self.after.episodes.get(&keys.episodes).and_then(|known| known.recovered_at);
        self.know(keys, Some(episode.clone()), recovered_at);
        if let Some((alert, _)) = self.new_alerts.get_mut(&episode.alert_id) {
            alert.revise(&episode, raised);
            return;
        }
        let raised_before = self.changed_alerts.remove(&episode.alert_id).and_then(|(_, raised)| raised);
        self.changed_alerts.insert(episode.alert_id, (episode, raised.cloned().or(raised_before)));
    }

    fn change_incident(&mut self, incident: Incident, deeds: Vec<Deed>) {
        let actions = incident.last_actions(deeds, SYSTEM_ACTOR);
        let id = incident.id;
        let touched = TouchedIncident { before: None, after: incident.clone(), actions: Vec::new() };
        let touched = self.incidents.entry(id).or_insert(touched);
        touched.actions.extend(actions);
        touched.after = incident;
    }

    fn point_groups(&mut self, keys: &ClaimKeys, incident_id: IncidentId) {
        for group in std::iter::once(&keys.vendor_group).chain(&keys.service_group) {
            self.after.groups.insert(group.clone(), incident_id);
        }
    }
}
