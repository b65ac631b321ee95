//! What a batch knows of the groups of alerts, and what it learns.
//!
//! | what | learned from | written with |
//! | --- | --- | --- |
//! | the delay of a monitor | each of its alerts that is the first of its incident | the group of the source's key, which that alert changes anyway |
//! | which services break together | an outage that is over | the next opening in the environment |
//! | how far an environment's outages spread | the same | the same |
//!
//! The version of the environment's claim lets each outage teach once. A delivery that took effect
//! before teaches nothing.

use std::collections::BTreeSet;

use super::Batch;
use crate::{
    domain::{
        alert::Alert,
        grouping::GroupedIncident,
        id::{AlertId, IncidentId},
    },
    grouping::{Groups, KeyedIncident, Outage, opening_lock::MAX_LEARNING_SERVICES},
    keys,
    service::group_alerts::prepared::Incoming,
    store::{StoreError, claims::ClaimKeys},
};

/// An alert that is now in an incident.
#[derive(Clone, Copy)]
pub(super) struct Member<'alert> {
    pub incident_id: IncidentId,
    pub alert: &'alert Alert,
    /// How long after the first alert of its burst it fired.
    pub delay_seconds: Option<u32>,
    /// The team that its source stated.
    pub team: Option<&'alert str>,
}

impl Batch<'_> {
    /// What is known of the groups of a new alert, with the incidents that it may join or follow.
    pub(super) async fn groups(&mut self, incoming: Incoming<'_>, lane: &str) -> Result<Groups, StoreError> {
        let keys = incoming.keys;
        let mut activity: Vec<GroupedIncident> = self.problem(keys).activity(lane).collect();
        let mut ids = self.group_incidents(keys);
        ids.extend(activity.iter().map(|span| span.incident_id));
        let last = self.last_of_key(keys);
        self.load(&ids, &last).await?;
        // People may have moved the alert since.
        let alerts = last.iter().filter_map(|id| self.alerts.get(id));
        let moved: BTreeSet<IncidentId> = alerts.filter_map(|alert| alert.after.state.incident_id).collect();
        let moved: BTreeSet<IncidentId> = moved.difference(&ids).copied().collect();
        if !moved.is_empty() {
            self.load(&moved, &BTreeSet::new()).await?;
            ids.extend(moved);
        }
        let source = self.after.source_groups.get(&keys.source_group).cloned().unwrap_or_default();
        activity.extend(source.incidents.iter().map(|known| self.active_until(*known)));
        let successors = self.successors(&ids).await?;
        let service = keys.service_group.as_ref().and_then(|key| self.after.service_groups.get(key));
        ids.extend(successors.values());
        let groups = Groups {
            activity,
            source,
            service: service.cloned().unwrap_or_default(),
            environment: self.after.opening_locks.get(&keys.environment).cloned().unwrap_or_default(),
            incidents: ids
                .iter()
                .filter_map(|id| self.incidents.get(id))
                .map(|touched| touched.after.clone())
                .collect(),
        };
        Ok(groups.following(&successors))
    }

    pub(super) fn group_incidents(&self, keys: &ClaimKeys) -> BTreeSet<IncidentId> {
        let of_source = self.after.source_groups.get(&keys.source_group).into_iter().flat_map(|group| &group.incidents);
        let service = keys.service_group.as_ref().and_then(|key| self.after.service_groups.get(key));
        let recent = self.after.opening_locks.get(&keys.environment).into_iter().flat_map(|lock| &lock.recent);
        let of_service = service.into_iter().flat_map(|group| &group.incidents);
        of_source.map(|known| &known.incident_id).chain(of_service).chain(recent).copied().collect()
    }

    /// The last alert of a source's key: a source may give each alert of a key a problem of its own, and
    /// then only the alert tells when it last fired or was resolved.
    pub(super) fn last_of_key(&self, keys: &ClaimKeys) -> BTreeSet<AlertId> {
        let group = self.after.source_groups.get(&keys.source_group);
        group.and_then(|group| group.incidents.last()).map(|known| known.alert_id).into_iter().collect()
    }

    fn active_until(&self, known: KeyedIncident) -> GroupedIncident {
        let span = GroupedIncident::from(known);
        let state = self.alerts.get(&known.alert_id).map(|touched| &touched.after.state);
        let ended = state.map(|state| state.resolved_at.map_or(state.last_seen_at, |end| end.max(state.last_seen_at)));
        GroupedIncident {
            incident_id: state.and_then(|state| state.incident_id).unwrap_or(span.incident_id),
            last_at: ended.map_or(span.last_at, |ended| ended.max(span.last_at)),
            ..span
        }
    }

    /// Notes that an alert is in an incident.
    pub(super) fn note_groups(&mut self, keys: &ClaimKeys, member: Member<'_>) {
        let Member { incident_id, alert, delay_seconds, team } = member;
        let source = self.after.source_groups.entry(keys.source_group.clone()).or_default();
        source.note(incident_id, alert.id, alert.state.occurred_at, delay_seconds);
        if let Some(key) = &keys.service_group {
            let service = self.after.service_groups.entry(key.clone()).or_default();
            service.note(incident_id, team);
        }
    }

    /// Lets the outages that are over at the time of an opening teach.
    pub(super) async fn learn(&mut self, incoming: Incoming<'_>, groups: &Groups) -> Result<(), StoreError> {
        let environment = &incoming.classification.environment.value;
        let claim = |service: &str| keys::service_group_claim(environment, service);
        let mut claims = self.learning.clone();
        let mut due: Vec<(Outage<'_>, Vec<String>)> = Vec::new();
        for outage in groups.environment.due(&groups.incidents, environment, incoming.event.occurred_at) {
            let services: Vec<String> = outage.services().into_iter().map(str::to_owned).collect();
            let with_these: BTreeSet<String> =
                claims.iter().cloned().chain(services.iter().map(|service| claim(service))).collect();
            // Several openings of a batch are one transaction.
            if with_these.len() > MAX_LEARNING_SERVICES {
                break;
            }
            claims = with_these;
            due.push((outage, services));
        }
        let unknown = claims.iter().filter(|claim| !self.after.service_groups.contains_key(*claim)).map(String::as_str);
        let unknown: BTreeSet<&str> = unknown.collect();
        if !unknown.is_empty() {
            let read = self.group_alerts.claims.read(unknown, self.now).await?;
            self.before.service_groups.extend(read.service_groups.clone());
            self.after.service_groups.extend(read.service_groups);
        }
        for (outage, services) in due {
            for service in &services {
                let others = services.iter().filter(|other| *other != service).map(String::as_str);
                self.after.service_groups.entry(claim(service)).or_default().learn(others);
            }
            self.after.opening_locks.entry(incoming.keys.environment.clone()).or_default().learn(&outage);
        }
        self.learning = claims;
        Ok(())
    }
}
