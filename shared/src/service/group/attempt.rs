//! One attempt to let an event take effect: read, decide, write. Everything is read anew each time.

use tracing::debug;

use super::{Effect, Grouper};
use crate::{
    domain::{
        action::{Action, Deed, SYSTEM_ACTOR},
        alert::{Alert, Classification, Classified, Grouping, GroupingRule},
        delivery::Delivery,
        episode::{Episode, Episodes, Step, step},
        event::AlertEvent,
        id::{AlertId, IncidentId},
        incident::Incident,
        severity::Severity,
        time::Time,
    },
    grouping::{Decision, Groups, Newcomer, decide},
    store::{
        StoreError,
        claims::{ClaimKeys, Known},
        transaction::{TransactionError, Write, commit},
    },
};

/// One attempt.
pub struct Attempt<'group> {
    pub grouper: &'group Grouper,
    pub delivery: &'group Delivery,
    pub event: &'group AlertEvent,
    pub classification: &'group Classification,
    pub keys: &'group ClaimKeys,
    pub now: Time,
}

/// What is to be written besides the claim of the delivery, and what that means.
type Change = (Vec<Write>, Effect);

impl Attempt<'_> {
    /// Reads, decides, writes.
    pub async fn run(&self) -> Result<Effect, TransactionError> {
        let known = self.grouper.claims.read(self.keys).await?;
        if known.delivered {
            return Ok(Effect::Duplicate);
        }
        let severity = self.classification.severity.value;
        let (mut writes, effect) =
            match step(known.episodes.as_ref(), self.event.transition, self.event.occurred_at, severity) {
                Step::Nothing => (Vec::new(), Effect::Nothing),
                Step::Remember { recovered_at } => self.remember(&known, recovered_at)?,
                Step::Repeat(episode) => self.repeat(&known, episode).await?,
                Step::Resolve(episode) => self.resolve(&known, episode).await?,
                Step::Begin { resolved_at } => self.begin(&known, resolved_at).await?,
            };
        writes.push(self.grouper.claims.deliver(&self.delivery.delivery_id, self.now)?);
        commit(&self.grouper.client, writes).await?;
        Ok(effect)
    }

    fn remember(&self, known: &Known, recovered_at: Time) -> Result<Change, StoreError> {
        let episodes = Episodes { latest: None, recovered_at: Some(recovered_at), version: next_version(known) };
        Ok((vec![self.write_episodes(&episodes)?], Effect::Remembered))
    }

    async fn repeat(&self, known: &Known, episode: Episode) -> Result<Change, TransactionError> {
        let before = known.episodes.as_ref().and_then(|known| known.latest.as_ref()).map(|latest| latest.severity);
        let raised = (before < Some(episode.severity)).then_some(&self.classification.severity);
        let mut writes = self.write_episode(known, &episode, raised)?;
        if let (Some(_), Some(incident_id)) = (raised, episode.incident_id) {
            let incident = self.incident(incident_id).await?;
            if let Some((incident, deeds)) = incident.worsen(episode.alert_id, episode.severity, self.now) {
                writes.extend(self.write_incident(&incident, deeds)?);
            }
        }
        Ok((writes, Effect::Repeated(episode.alert_id)))
    }

    async fn resolve(&self, known: &Known, episode: Episode) -> Result<Change, TransactionError> {
        let mut writes = self.write_episode(known, &episode, None)?;
        if let Some(incident_id) = episode.incident_id {
            let (incident, deeds) = self.incident(incident_id).await?.recover(episode.alert_id, self.now);
            writes.extend(self.write_incident(&incident, deeds)?);
        }
        Ok((writes, Effect::Recovered(episode.alert_id)))
    }

    async fn begin(&self, known: &Known, resolved_at: Option<Time>) -> Result<Change, TransactionError> {
        let groups = self.groups(known).await?;
        let newcomer = Newcomer { event: self.event, classification: self.classification, resolved_at };
        let decision = decide(newcomer, &groups, &self.grouper.rules);
        debug!(?decision, "decided");
        Ok(match decision {
            Decision::Join { incident_id, rule, grouping } => {
                let incident = groups.incidents.into_iter().find(|incident| incident.id == incident_id);
                let incident = incident.ok_or_else(|| missing(incident_id))?;
                self.join(known, incident, rule, grouping, resolved_at)?
            }
            Decision::Open { recurrence_of, grouping } => self.open(known, recurrence_of, grouping)?,
            Decision::Ignore { grouping } => {
                let alert = self.alert(None, grouping, resolved_at);
                let effect = Effect::Recorded(alert.id);
                (self.write_alert(known, &alert)?, effect)
            }
        })
    }

    fn join(
        &self,
        known: &Known,
        incident: Incident,
        rule: GroupingRule,
        grouping: Grouping,
        resolved_at: Option<Time>,
    ) -> Result<Change, StoreError> {
        let alert = self.alert(Some(incident.id), grouping, resolved_at);
        let (incident, deeds) = incident.join(&alert, rule, self.now);
        let mut writes = self.write_alert(known, &alert)?;
        writes.extend(self.write_incident(&incident, deeds)?);
        writes.extend(self.grouper.claims.join_groups(self.keys, known, incident.id, self.now)?);
        Ok((writes, Effect::Joined(alert.id, incident.id)))
    }

    fn open(&self, known: &Known, recurrence_of: Option<IncidentId>, grouping: Grouping) -> Result<Change, StoreError> {
        let incident_id: IncidentId = self.grouper.ids.next(self.now);
        let alert = self.alert(Some(incident_id), grouping, None);
        let (incident, deeds) = Incident::open(incident_id, &alert, recurrence_of);
        let mut writes = self.write_alert(known, &alert)?;
        writes.extend(self.write_incident(&incident, deeds)?);
        writes.extend(self.grouper.claims.join_groups(self.keys, known, incident_id, self.now)?);
        writes.push(self.grouper.claims.open(self.keys, known, incident_id, self.now)?);
        Ok((writes, Effect::Opened(alert.id, incident_id)))
    }

    /// The incidents that the alert may join or follow.
    async fn groups(&self, known: &Known) -> Result<Groups, StoreError> {
        let mut ids: Vec<IncidentId> = known.environment.recent.clone();
        ids.extend(known.vendor_group);
        ids.extend(known.service_group);
        ids.sort_unstable();
        ids.dedup();
        let incidents = self.grouper.incidents.get_many(&ids, true).await?;
        Ok(Groups { vendor_key: known.vendor_group, service: known.service_group, incidents })
    }

    async fn incident(&self, id: IncidentId) -> Result<Incident, StoreError> {
        self.grouper.incidents.get(id).await?.ok_or_else(|| missing(id))
    }

    fn alert(&self, incident_id: Option<IncidentId>, grouping: Grouping, resolved_at: Option<Time>) -> Alert {
        let id: AlertId = self.grouper.ids.next(self.now);
        Alert::first(id, self.event.clone(), self.classification.clone(), resolved_at, (incident_id, grouping))
    }

    fn write_alert(&self, known: &Known, alert: &Alert) -> Result<Vec<Write>, StoreError> {
        let latest = Episode {
            alert_id: alert.id,
            incident_id: alert.incident_id,
            occurred_at: alert.occurred_at,
            last_seen_at: alert.last_seen_at,
            resolved_at: alert.resolved_at,
            occurrences: alert.occurrences,
            severity: alert.severity,
        };
        let episodes = Episodes { latest: Some(latest), recovered_at: None, version: next_version(known) };
        Ok(vec![self.write_episodes(&episodes)?, self.grouper.alerts.insertion(alert, &self.delivery.raw)?])
    }

    fn write_episode(
        &self,
        known: &Known,
        episode: &Episode,
        raised: Option<&Classified<Severity>>,
    ) -> Result<Vec<Write>, StoreError> {
        let episodes = Episodes { latest: Some(episode.clone()), recovered_at: None, version: next_version(known) };
        Ok(vec![self.write_episodes(&episodes)?, self.grouper.alerts.update(episode, raised)?])
    }

    fn write_episodes(&self, episodes: &Episodes) -> Result<Write, StoreError> {
        self.grouper.claims.write_episodes(self.keys, episodes, self.now)
    }

    fn write_incident(&self, incident: &Incident, deeds: Vec<Deed>) -> Result<Vec<Write>, StoreError> {
        let actions: Vec<Action> = deeds
            .into_iter()
            .map(|deed| Action {
                id: self.grouper.ids.next(self.now),
                at: self.now,
                actor: SYSTEM_ACTOR.to_owned(),
                deed,
            })
            .collect();
        self.grouper.incidents.writes(incident, &actions)
    }
}

fn next_version(known: &Known) -> u64 {
    known.episodes.as_ref().map_or(1, |episodes| episodes.version + 1)
}

/// Incidents are never deleted; one that a claim names exists.
fn missing(id: IncidentId) -> StoreError {
    StoreError::missing("incident", &id)
}
