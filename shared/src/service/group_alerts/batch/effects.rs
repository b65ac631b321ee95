//! What deliveries do to alerts and incidents.

use std::collections::BTreeSet;

use tracing::debug;

use super::{Batch, TouchedAlert, TouchedIncident, learning::Member};
use crate::{
    domain::{
        action::{ActionKind, SYSTEM_ACTOR},
        alert::{Alert, Delivered, Placement},
        classification::{Classification, Classified, Evidence},
        episode::{Episode, EpisodeOf, Firing, Resolution, ResolvedBy},
        event::Transition,
        id::{AlertId, IncidentId},
        incident::{AlertChange, Incident},
        problem::{Step, StepKind},
        severity::Severity,
        time::Time,
    },
    grouping::{Decision, NewAlert, Place, decide},
    service::group_alerts::{Effect, prepared::Incoming},
    store::{StoreError, claims::ClaimKeys},
};

/// What changes of an alert that is known.
#[derive(Default)]
pub(super) struct AlertNews<'news> {
    /// What a firing delivery reports.
    pub delivered: Option<Delivered<'news>>,
    /// The classification of the severity, if another delivery reports it now.
    pub worst: Option<&'news Classified<Severity>>,
}

impl<'group> Batch<'group> {
    /// Lets an event take effect in memory.
    pub(super) async fn take(&mut self, incoming: Incoming<'group>) -> Result<Effect, StoreError> {
        if incoming.event.transition == Transition::Firing {
            self.end_alerts_of_closed_incidents(incoming.keys).await?;
        }
        let mut effect = Effect::Nothing;
        for Step { lane, kind } in self.steps(incoming).await? {
            let done = match kind {
                StepKind::Begin { firing, resolution } => self.begin(incoming, &lane, firing, resolution).await?,
                StepKind::Repeat(episode) => self.repeat(incoming, &lane, *episode).await?,
                StepKind::Resolve(episode) => {
                    let alert_id = episode.alert_id;
                    self.change_alert(incoming.keys, &lane, *episode, AlertNews::default()).await?;
                    Effect::Resolved(alert_id)
                }
                StepKind::Split { ended, rest } => self.split(incoming.keys, &lane, *ended, rest).await?,
                StepKind::Redate(episode) => {
                    self.change_alert(incoming.keys, &lane, *episode, AlertNews::default()).await?;
                    Effect::Remembered
                }
                StepKind::Remember(resolution) => {
                    self.change_problem(incoming.keys, |problem| problem.remember(&lane, resolution));
                    Effect::Remembered
                }
                StepKind::RememberEverywhere(resolution) => {
                    self.change_problem(incoming.keys, |problem| problem.remember_everywhere(resolution));
                    Effect::Remembered
                }
            };
            if matches!(effect, Effect::Nothing | Effect::Remembered) {
                effect = done;
            }
        }
        Ok(effect)
    }

    /// What an event means for what is known of its problem, without alerts that have expired.
    async fn steps(&mut self, incoming: Incoming<'group>) -> Result<Vec<Step>, StoreError> {
        loop {
            let steps = self.problem(incoming.keys).steps(&incoming.news());
            let touched = steps.iter().filter_map(Step::alert_id).collect();
            if !self.forget_expired(incoming.keys, &touched).await? {
                return Ok(steps);
            }
        }
    }

    /// Ends the alerts of a problem whose incident a person resolved: what fires now is another.
    async fn end_alerts_of_closed_incidents(&mut self, keys: &ClaimKeys) -> Result<(), StoreError> {
        let problem = self.problem(keys);
        let firing = problem.episodes().filter(|episode| episode.resolution.is_none());
        let firing: Vec<(AlertId, IncidentId)> =
            firing.filter_map(|episode| Some((episode.alert_id, episode.incident_id?))).collect();
        for (alert_id, incident_id) in firing {
            self.incident(incident_id).await?;
            let successors = self.successors(&BTreeSet::from([incident_id])).await?;
            let incident = self.incident(successors.get(&incident_id).copied().unwrap_or(incident_id)).await?;
            if incident.as_ref().is_some_and(Incident::is_active)
                || self.forget_expired(keys, &BTreeSet::from([alert_id])).await?
            {
                continue;
            }
            let resolved_at = incident.and_then(|incident| incident.resolved_at);
            if let Some(ended) = problem.resolved_by_person(alert_id, resolved_at.unwrap_or(self.now)) {
                let lane = problem.lane_of(alert_id).unwrap_or_default();
                self.change_alert(keys, lane, ended, AlertNews::default()).await?;
            }
        }
        Ok(())
    }

    async fn repeat(&mut self, incoming: Incoming<'group>, lane: &str, episode: Episode) -> Result<Effect, StoreError> {
        let problem = self.problem(incoming.keys);
        let before = problem.episode(episode.alert_id);
        let (alert_id, firings) = (episode.alert_id, episode.firings());
        if before.is_some_and(|before| before.firings().are_repeated_by(&firings)) {
            // The same bytes in a row: the source sent them again. Or the queue did.
            if before != Some(&episode) {
                self.change_problem(incoming.keys, |problem| problem.put(lane, episode));
            }
            return Ok(Effect::Nothing);
        }
        let is_of_incoming = |key| incoming.is_key(key);
        let key = incoming.key();
        let news = AlertNews {
            delivered: Some(Delivered { key: &key, event: incoming.event, classification: incoming.classification }),
            worst: is_of_incoming(&firings.worst).then_some(&incoming.classification.severity),
        };
        let is_first = is_of_incoming(&firings.first);
        self.change_alert(incoming.keys, lane, episode, news).await?;
        if is_first {
            self.keep_payload(alert_id, firings.first, incoming.delivery);
        }
        Ok(Effect::Repeated(alert_id))
    }

    async fn begin(
        &mut self,
        incoming: Incoming<'group>,
        lane: &str,
        firing: Firing,
        resolution: Option<Resolution>,
    ) -> Result<Effect, StoreError> {
        let event = incoming.event;
        // A test ends by itself: no resolution follows.
        let of_test =
            event.is_test.then_some(Resolution::new(firing.key.at, ResolvedBy::Source, incoming.delivery.received_at));
        let resolution = resolution.or(of_test);
        let classification = self.with_usual_team(incoming);
        let groups = self.groups(incoming, lane).await?;
        let new_alert = NewAlert {
            event,
            classification: &classification,
            resolved_at: resolution.map(|resolution| resolution.ended_at()),
        };
        let decision = decide(new_alert, &groups, &self.group_alerts.rules);
        debug!(?decision, "decided");
        let opening = Opening { incoming, lane, firing, resolution, classification: &classification };
        match decision {
            Decision::Join { incident_id, place } => self.join(opening, incident_id, place).await,
            Decision::Open { recurrence_of, too_far, place } => {
                self.relied_on.extend(too_far);
                self.learn(incoming, &groups).await?;
                Ok(self.open(opening, recurrence_of, place))
            }
            Decision::Ignore { grouping } => {
                let placement = Placement { incident_id: None, grouping };
                Ok(Effect::Recorded(self.new_alert(opening, self.now, placement).id))
            }
        }
    }

    async fn join(
        &mut self,
        opening: Opening<'group, '_>,
        incident_id: IncidentId,
        place: Place,
    ) -> Result<Effect, StoreError> {
        let scatter = place.scatter_seconds();
        let Place { grouping, delay_seconds } = place;
        let keys = opening.incoming.keys;
        let incident = self.incident(incident_id).await?;
        let incident = incident.ok_or_else(|| StoreError::missing("incident", &incident_id))?.scattered(scatter);
        // Another worker's clock may be ahead; an alert is never older than the incident that it joins.
        let created_at = self.now.max(incident.created_at);
        let team = opening.stated_team();
        let alert = self.new_alert(opening, created_at, Placement { incident_id: Some(incident_id), grouping });
        let (incident, kinds) = incident.join(&alert, self.now);
        self.change_incident(keys, incident, kinds);
        self.note_groups(keys, Member { incident_id, alert: &alert, delay_seconds, team: team.as_deref() });
        Ok(Effect::Joined(alert.id, incident_id))
    }

    fn open(&mut self, opening: Opening<'group, '_>, recurrence_of: Option<IncidentId>, place: Place) -> Effect {
        let scatter = place.scatter_seconds();
        let Place { grouping, delay_seconds } = place;
        let keys = opening.incoming.keys;
        let incident_id: IncidentId = self.group_alerts.ids.next(self.now);
        let team = opening.stated_team();
        let alert = self.new_alert(opening, self.now, Placement { incident_id: Some(incident_id), grouping });
        let (incident, kinds) = Incident::open(incident_id, &alert, recurrence_of);
        self.change_incident(keys, incident.scattered(scatter), kinds);
        self.note_groups(keys, Member { incident_id, alert: &alert, delay_seconds, team: team.as_deref() });
        Effect::Opened(alert.id, incident_id)
    }

    fn new_alert(&mut self, opening: Opening<'group, '_>, created_at: Time, placement: Placement) -> Alert {
        let Opening { incoming, lane, firing, resolution, classification } = opening;
        let alert_id: AlertId = self.group_alerts.ids.next(created_at);
        let key = firing.key.clone();
        let of = EpisodeOf { alert_id, incident_id: placement.incident_id, resolution };
        let episode = Episode::begin(of, firing);
        let alert = Alert::first(&episode, Delivered { key: &key, event: incoming.event, classification }, placement);
        self.change_problem(incoming.keys, |problem| problem.put(lane, episode));
        self.alerts.insert(alert_id, TouchedAlert { before: None, after: alert.clone() });
        self.keep_payload(alert_id, key, incoming.delivery);
        alert
    }

    /// Changes an alert, what is known of its problem, and its incident.
    pub(super) async fn change_alert(
        &mut self,
        keys: &ClaimKeys,
        lane: &str,
        episode: Episode,
        news: AlertNews<'_>,
    ) -> Result<(), StoreError> {
        let before = self.alert(episode.alert_id).await?;
        let mut after = before.clone();
        if let Some(delivered) = news.delivered {
            after.merge(delivered);
        }
        after.revise(&episode, news.worst);
        self.change_problem(keys, |problem| problem.put(lane, episode));
        self.replace_alert(keys, &before, after).await
    }

    /// Puts an alert in the place of what it was, and lets its incident follow.
    pub(super) async fn replace_alert(
        &mut self,
        keys: &ClaimKeys,
        before: &Alert,
        after: Alert,
    ) -> Result<(), StoreError> {
        if let Some(incident_id) = after.state.incident_id
            && let Some(incident) = self.incident(incident_id).await?
        {
            if let Some((incident, kinds)) = incident.follow(AlertChange { before, after: &after }, self.now) {
                self.change_incident(keys, incident, kinds);
            }
            let place = |alert: &Alert| (alert.state.environment.clone(), alert.state.service.clone());
            if place(before) != place(&after) {
                self.note_groups(keys, Member { incident_id, alert: &after, delay_seconds: None, team: None });
            }
        }
        if let Some(touched) = self.alerts.get_mut(&after.id) {
            touched.after = after;
        }
        Ok(())
    }

    /// Puts an incident in the place of what it was, with its actions. The opening lock of an
    /// environment knows each incident that is new in it.
    pub(super) fn change_incident(&mut self, keys: &ClaimKeys, incident: Incident, kinds: Vec<ActionKind>) {
        let actions = incident.last_actions(kinds, SYSTEM_ACTOR);
        let id = incident.id;
        let known = self.incidents.get(&id).map(|touched| &touched.after.environment);
        if known != Some(&incident.environment) {
            self.after.opening_locks.entry(keys.environment.clone()).or_default().note(id);
        }
        let touched = TouchedIncident { before: None, after: incident.clone(), actions: Vec::new() };
        let touched = self.incidents.entry(id).or_insert(touched);
        touched.actions.extend(actions);
        touched.after = incident;
    }

    /// The classification with the team that the last alerts of the same service named, unless the
    /// source states one.
    fn with_usual_team(&self, incoming: Incoming<'_>) -> Classification {
        let classification = incoming.classification.clone();
        let group = incoming.keys.service_group.as_ref().and_then(|key| self.after.service_groups.get(key));
        let usual = group.and_then(|group| Some((group.usual_team()?, group.teams.len())));
        match (usual, &classification.service.value) {
            (Some(((team, named), known)), Some(service)) if classification.team.evidence != Evidence::Stated => {
                let team = Classified {
                    value: Some(team.to_owned()),
                    evidence: Evidence::History,
                    matched: Some(format!("team of {service} in {named} of the last {known} that were stated")),
                    #[expect(clippy::cast_precision_loss, reason = "there are at most a dozen")]
                    confidence: named as f64 / known as f64,
                };
                Classification { team, ..classification }
            }
            _ => classification,
        }
    }
}

/// A new alert on its way to its place.
struct Opening<'group, 'step> {
    incoming: Incoming<'group>,
    lane: &'step str,
    firing: Firing,
    resolution: Option<Resolution>,
    classification: &'step Classification,
}

impl Opening<'_, '_> {
    fn stated_team(&self) -> Option<String> {
        let team = &self.classification.team;
        team.value.clone().filter(|_| team.evidence == Evidence::Stated)
    }
}
