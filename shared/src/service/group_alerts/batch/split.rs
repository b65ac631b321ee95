//! A resolution that arrives late may show that one alert is two.

use std::collections::{BTreeMap, BTreeSet};

use super::{Batch, TouchedAlert};
use crate::{
    classification::classify,
    domain::{
        alert::{Alert, Delivered, Placement},
        classification::{Classification, Classified},
        episode::{Episode, EpisodeOf, EventKey, Rest},
        event::{AlertEvent, EventKind},
        grouping::{Grouping, GroupingDecision},
        id::AlertId,
        severity::Severity,
    },
    keys,
    service::group_alerts::Effect,
    store::{StoreError, claims::ClaimKeys},
};

/// A firing delivery of which its claim keeps what it reported.
struct Remembered {
    key: EventKey,
    event: AlertEvent,
    classification: Classification,
}

impl Remembered {
    const fn delivered(&self) -> Delivered<'_> {
        Delivered { key: &self.key, event: &self.event, classification: &self.classification }
    }
}

impl Batch<'_> {
    /// Splits an alert in two. The later one stays in the incident of the other.
    pub(super) async fn split(
        &mut self,
        keys: &ClaimKeys,
        lane: &str,
        ended: Episode,
        rest: Rest,
    ) -> Result<Effect, StoreError> {
        let wanted = ended.remembered().map(|key| (key.clone(), ended.severity_of(key))).collect();
        let earlier = self.remembered(wanted, &[]).await?;
        let wanted = rest.firings().map(|firing| (firing.key.clone(), Some(firing.severity))).collect();
        let later = self.remembered(wanted, &earlier).await?;
        let (Some(first), true) = (later.first(), later.len() == rest.keys().count() && !earlier.is_empty()) else {
            // What the deliveries reported is forgotten.
            return Ok(Effect::Nothing);
        };
        let before = self.alert(ended.alert_id).await?;
        let alert_id = ended.alert_id;
        let after = ended_alert(&before, &ended, &earlier, &rest);

        let decision = if ended.incident_id.is_some() { GroupingDecision::Joined } else { GroupingDecision::Ignored };
        let reason = format!("It was part of the alert {alert_id} until a resolution arrived late and ended that.");
        let grouping = Grouping::plain(decision, reason);
        let created_at = self.now.max(alert_id.created_at());
        let id: AlertId = self.group_alerts.ids.next(created_at);
        let of = EpisodeOf { alert_id: id, incident_id: ended.incident_id, resolution: rest.resolution };
        let episode = Episode::split_off(of, rest);
        let placement = Placement { incident_id: ended.incident_id, grouping };
        let mut split = Alert::first(&episode, first.delivered(), placement);
        for remembered in &later {
            split.merge(remembered.delivered());
        }
        split.revise(&episode, worst(&later, &episode));

        if let Some(incident_id) = ended.incident_id
            && let Some(incident) = self.incident(incident_id).await?
        {
            let (incident, kinds) = incident.join(&split, self.now);
            self.change_incident(keys, incident, kinds);
        }
        self.change_problem(keys, |problem| {
            problem.put(lane, ended);
            problem.put(lane, episode);
        });
        self.replace_alert(keys, &before, after).await?;
        self.alerts.insert(id, TouchedAlert { before: None, after: split });
        Ok(Effect::Resolved(alert_id))
    }

    /// What deliveries with these severities reported, as far as their claims keep it, in ascending order. A
    /// repetition of a report has no claim: it reported what another did that had its severity.
    async fn remembered(
        &mut self,
        wanted: BTreeMap<EventKey, Option<Severity>>,
        before: &[Remembered],
    ) -> Result<Vec<Remembered>, StoreError> {
        let claims: BTreeSet<String> = wanted.keys().map(|key| keys::delivery_claim(&key.delivery_id)).collect();
        let is_unknown = |claim: &&String| !matches!(self.after.delivered.get(*claim), Some(Some(_)));
        let unknown = claims.iter().filter(is_unknown).map(String::as_str);
        let read = self.group_alerts.claims.read(unknown.collect(), self.now).await?;
        self.before.delivered.extend(read.delivered.clone());
        self.after.delivered.extend(read.delivered);
        let remember = |key: EventKey, event: AlertEvent| {
            let classification = classify(&event, &self.group_alerts.rules);
            Remembered { key, event, classification }
        };
        let known = wanted.keys().filter_map(|key| {
            let event = self.after.delivered.get(&keys::delivery_claim(&key.delivery_id)).cloned().flatten()?;
            Some(remember(key.clone(), event))
        });
        let known: Vec<Remembered> = known.collect();
        let mut remembered = Vec::new();
        for (key, severity) in wanted {
            let place = known.partition_point(|known| known.key < key);
            let stated = known.get(place).filter(|known| known.key == key).map(|known| known.event.clone());
            let event = stated.or_else(|| {
                let (earlier, later) = known.split_at(place);
                repeated(before.iter().chain(earlier), later, severity)
            });
            remembered.extend(event.map(|event| remember(key, event)));
        }
        Ok(remembered)
    }
}

/// What a repetition with this severity reported: the last report before it that had the severity, or the first one
/// after it, which came before it in the queue; else the last one before it.
fn repeated<'known>(
    earlier: impl DoubleEndedIterator<Item = &'known Remembered> + Clone,
    later: &'known [Remembered],
    severity: Option<Severity>,
) -> Option<AlertEvent> {
    let is_report = |known: &&Remembered| known.event.kind == EventKind::Report;
    let is_it = |known: &&Remembered| severity.is_none_or(|severity| known.classification.severity.value == severity);
    let mut earlier = earlier.filter(is_report);
    let found = earlier.clone().rfind(is_it);
    let found = found.or_else(|| later.iter().filter(is_report).find(is_it)).or_else(|| earlier.next_back());
    found.map(|known| known.event.clone())
}

/// The earlier alert: without what only later deliveries reported.
fn ended_alert(before: &Alert, ended: &Episode, earlier: &[Remembered], rest: &Rest) -> Alert {
    let mut alert = before.clone();
    if let Some((first, others)) = earlier.split_first() {
        let placement = Placement { incident_id: ended.incident_id, grouping: before.report.grouping.clone() };
        let mut fresh = Alert::first(ended, first.delivered(), placement);
        for remembered in others {
            fresh.merge(remembered.delivered());
        }
        let later: BTreeSet<&EventKey> = rest.keys().collect();
        alert.keep_report(fresh, |key| !later.contains(key));
    }
    alert.revise(ended, worst(earlier, ended));
    alert
}

/// The classification of the severity by the delivery that reported the worst one.
fn worst<'known>(remembered: &'known [Remembered], episode: &Episode) -> Option<&'known Classified<Severity>> {
    let worst = episode.firings().worst;
    remembered.iter().find(|remembered| remembered.key == worst).map(|worst| &worst.classification.severity)
}
