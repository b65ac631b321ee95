//! What deliveries do to alerts and incidents.

use tracing::debug;

use super::{Batch, Incoming, TouchedAlert, TouchedIncident};
use crate::{
    classification::classify,
    domain::{
        action::{ActionKind, SYSTEM_ACTOR},
        alert::{Alert, Placement},
        classification::{Classification, Classified},
        episode::{Episode, EpisodeOf, EventKey, Firing, Rest, Step},
        grouping::{Grouping, GroupingDecision},
        id::{AlertId, IncidentId},
        incident::Incident,
        severity::Severity,
        time::Time,
    },
    grouping::{Decision, NewAlert, decide},
    keys,
    service::group_alerts::Effect,
    store::{StoreError, claims::ClaimKeys},
};

impl<'group> Batch<'group> {
    /// Lets an event take effect in memory.
    pub(super) async fn take(&mut self, incoming: Incoming<'group>) -> Result<Effect, StoreError> {
        match incoming.step(&self.after) {
            Step::Nothing => Ok(Effect::Nothing),
            Step::Remember => {
                self.know(incoming.keys, |known| known.remember(incoming.event.occurred_at));
                Ok(Effect::Remembered)
            }
            Step::Begin { resolved_at } => self.begin(incoming, resolved_at).await,
            Step::Repeat(episode) => self.repeat(incoming, episode).await,
            Step::Resolve(episode) => self.resolve(incoming.keys, episode).await,
            Step::Split { ended, rest } => self.split(incoming.keys, ended, rest).await,
        }
    }

    async fn repeat(&mut self, incoming: Incoming<'group>, episode: Episode) -> Result<Effect, StoreError> {
        let Some(before) = self.episode(incoming.keys, episode.alert_id).map(Episode::firings) else {
            return Err(StoreError::missing("alert", &episode.alert_id));
        };
        let alert_id = episode.alert_id;
        let firings = episode.firings();
        if firings.first == before.first {
            let worst = (firings.worst != before.worst).then_some(&incoming.classification.severity);
            self.change_alert(incoming.keys, episode.clone(), worst);
        } else {
            self.rewrite(incoming, episode.clone()).await?;
        }
        if let (true, Some(incident_id)) = (firings.severity > before.severity, episode.incident_id) {
            let incident = self.incident(incident_id).await?;
            if let Some((incident, kinds)) = incident.worsen(alert_id, firings.severity, self.now) {
                self.change_incident(incident, kinds);
            }
        }
        Ok(Effect::Repeated(alert_id))
    }

    /// A delivery arrives late and fired before all others of its alert, which now says what that one says.
    async fn rewrite(&mut self, incoming: Incoming<'group>, episode: Episode) -> Result<(), StoreError> {
        let (touched, alert_id) = (self.alerts.remove(&episode.alert_id), episode.alert_id);
        let is_new = matches!(touched, Some(TouchedAlert::New(..)));
        let mut alert = match touched {
            Some(TouchedAlert::New(alert, _) | TouchedAlert::Rewritten(alert, _)) => *alert,
            Some(TouchedAlert::Changed(_, worst)) => {
                let mut alert = self.stored_alert(alert_id).await?;
                if let Some(worst) = worst {
                    alert.state.severity_classification = worst;
                }
                alert
            }
            None => self.stored_alert(alert_id).await?,
        };
        alert = alert.rewritten(incoming.event.clone(), incoming.classification.clone());
        let is_worst = episode.firings().worst.delivery_id == *incoming.delivery_id;
        alert.revise(&episode, is_worst.then_some(&incoming.classification.severity));
        if let Some(incident_id) = alert.state.incident_id {
            let incident = self.incident(incident_id).await?;
            if let Some(incident) = incident.reach_back(&alert, self.now) {
                self.change_incident(incident, Vec::new());
            }
        }
        let alert = Box::new(alert);
        let touched = if is_new {
            TouchedAlert::New(alert, Some(incoming.raw))
        } else {
            TouchedAlert::Rewritten(alert, incoming.raw)
        };
        self.alerts.insert(alert_id, touched);
        self.know(incoming.keys, |known| known.put(episode));
        Ok(())
    }

    async fn resolve(&mut self, keys: &ClaimKeys, episode: Episode) -> Result<Effect, StoreError> {
        self.count_resolution(keys, &episode).await?;
        let alert_id = episode.alert_id;
        self.change_alert(keys, episode, None);
        Ok(Effect::Resolved(alert_id))
    }

    /// Counts the resolution of an alert in its incident, unless it was resolved already.
    async fn count_resolution(&mut self, keys: &ClaimKeys, episode: &Episode) -> Result<(), StoreError> {
        let was_firing = self.episode(keys, episode.alert_id).is_some_and(|known| known.resolved_at.is_none());
        if let (true, Some(incident_id)) = (was_firing, episode.incident_id) {
            let (incident, kinds) = self.incident(incident_id).await?.resolve_alert(episode.alert_id, self.now);
            self.change_incident(incident, kinds);
        }
        Ok(())
    }

    /// An alert turns out to be two. The later one is in the incident of the other, as it was until now.
    async fn split(&mut self, keys: &ClaimKeys, ended: Episode, rest: Rest) -> Result<Effect, StoreError> {
        let (firings, ended_firings) = (rest.firings(), ended.firings());
        let wanted = [&firings.first, &firings.worst, &ended_firings.worst].map(|key| &key.delivery_id);
        self.load_deliveries(&wanted).await?;
        let said = |key: &EventKey| self.after.delivered.get(&keys::delivery_claim(&key.delivery_id))?.as_ref();
        let classified = |key: &EventKey| Some(classify(said(key)?, &self.group_alerts.rules).severity);
        let (Some(first), Some(worst), Some(ended_worst)) =
            (said(&firings.first).cloned(), classified(&firings.worst), classified(&ended_firings.worst))
        else {
            // It was said so long ago that it is forgotten.
            return Ok(Effect::Nothing);
        };
        let classification = Classification { severity: worst, ..classify(&first, &self.group_alerts.rules) };
        let decision = if ended.incident_id.is_some() { GroupingDecision::Joined } else { GroupingDecision::Ignored };
        let grouping = Grouping {
            decision,
            rule: None,
            key: Some(format!("{} {}", first.source, first.dedup_key)),
            window_minutes: None,
            reason: format!(
                "It was part of the alert {} until a resolution arrived late and ended that.",
                ended.alert_id
            ),
        };
        let placement = Placement { incident_id: ended.incident_id, grouping };
        let created_at = self.now.max(ended.alert_id.created_at());
        let id: AlertId = self.group_alerts.ids.next(created_at);
        let mut alert = Alert::first(id, first, classification, rest.resolved_at, placement);
        let episode = Episode::split_off(episode_of(&alert), rest);
        alert.revise(&episode, None);
        if let Some(incident_id) = ended.incident_id {
            let (incident, kinds) = self.incident(incident_id).await?.join(&alert, self.now);
            self.change_incident(incident, kinds);
        }
        self.count_resolution(keys, &ended).await?;
        let alert_id = ended.alert_id;
        self.change_alert(keys, ended, Some(&ended_worst));
        self.know(keys, |known| known.put(episode));
        self.alerts.insert(id, TouchedAlert::New(Box::new(alert), None));
        Ok(Effect::Resolved(alert_id))
    }

    async fn begin(&mut self, incoming: Incoming<'group>, resolved_at: Option<Time>) -> Result<Effect, StoreError> {
        let Incoming { event, classification, keys, .. } = incoming;
        let groups = self.groups(keys).await?;
        let decision = decide(NewAlert { event, classification, resolved_at }, &groups, &self.group_alerts.rules);
        debug!(?decision, "decided");
        match decision {
            Decision::Join { incident_id, grouping } => self.join(incoming, resolved_at, incident_id, grouping).await,
            Decision::Open { recurrence_of, too_far, grouping } => {
                self.relied_on.extend(too_far);
                Ok(self.open(incoming, recurrence_of, grouping))
            }
            Decision::Ignore { grouping } => Ok(Effect::Recorded(
                self.new_alert(incoming, self.now, resolved_at, Placement { incident_id: None, grouping }).id,
            )),
        }
    }

    async fn join(
        &mut self,
        incoming: Incoming<'group>,
        resolved_at: Option<Time>,
        incident_id: IncidentId,
        grouping: Grouping,
    ) -> Result<Effect, StoreError> {
        let incident = self.incident(incident_id).await?;
        // Another worker's clock may be ahead; an alert is never older than the incident that it joins.
        let at = self.now.max(incident.created_at);
        let alert = self.new_alert(incoming, at, resolved_at, Placement { incident_id: Some(incident_id), grouping });
        let (incident, kinds) = incident.join(&alert, self.now);
        self.change_incident(incident, kinds);
        self.note_groups(incoming.keys, incident_id);
        Ok(Effect::Joined(alert.id, incident_id))
    }

    fn open(&mut self, incoming: Incoming<'group>, recurrence_of: Option<IncidentId>, grouping: Grouping) -> Effect {
        let incident_id: IncidentId = self.group_alerts.ids.next(self.now);
        let alert = self.new_alert(incoming, self.now, None, Placement { incident_id: Some(incident_id), grouping });
        let (incident, kinds) = Incident::open(incident_id, &alert, recurrence_of);
        self.change_incident(incident, kinds);
        self.note_groups(incoming.keys, incident_id);
        self.after.opening_locks.entry(incoming.keys.environment.clone()).or_default().note(incident_id);
        Effect::Opened(alert.id, incident_id)
    }

    fn new_alert(
        &mut self,
        incoming: Incoming<'group>,
        at: Time,
        resolved_at: Option<Time>,
        placement: Placement,
    ) -> Alert {
        let id: AlertId = self.group_alerts.ids.next(at);
        let alert = Alert::first(id, incoming.event.clone(), incoming.classification.clone(), resolved_at, placement);
        let key = EventKey { at: alert.state.occurred_at, delivery_id: incoming.delivery_id.clone() };
        let episode = Episode::begin(episode_of(&alert), &Firing { key, severity: alert.state.severity });
        self.know(incoming.keys, |known| known.put(episode));
        self.alerts.insert(id, TouchedAlert::New(Box::new(alert.clone()), Some(incoming.raw)));
        alert
    }

    fn change_alert(&mut self, keys: &ClaimKeys, episode: Episode, worst: Option<&Classified<Severity>>) {
        self.know(keys, |known| known.put(episode.clone()));
        match self.alerts.get_mut(&episode.alert_id) {
            Some(TouchedAlert::New(alert, _) | TouchedAlert::Rewritten(alert, _)) => alert.revise(&episode, worst),
            Some(TouchedAlert::Changed(changed, known_worst)) => {
                *changed = episode;
                if worst.is_some() {
                    *known_worst = worst.cloned();
                }
            }
            None => {
                self.alerts.insert(episode.alert_id, TouchedAlert::Changed(episode, worst.cloned()));
            }
        }
    }

    fn change_incident(&mut self, incident: Incident, kinds: Vec<ActionKind>) {
        let actions = incident.last_actions(kinds, SYSTEM_ACTOR);
        let id = incident.id;
        let touched = TouchedIncident { before: None, after: incident.clone(), actions: Vec::new() };
        let touched = self.incidents.entry(id).or_insert(touched);
        touched.actions.extend(actions);
        touched.after = incident;
    }

    fn note_groups(&mut self, keys: &ClaimKeys, incident_id: IncidentId) {
        for key in std::iter::once(&keys.source_group).chain(&keys.service_group) {
            self.after.groups.entry(key.clone()).or_default().note(incident_id);
        }
    }
}

const fn episode_of(alert: &Alert) -> EpisodeOf {
    EpisodeOf { alert_id: alert.id, incident_id: alert.state.incident_id, resolved_at: alert.state.resolved_at }
}
