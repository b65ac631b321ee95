//! The decision whether a new alert opens an incident, joins one, or belongs to none.
//!
//! An alert joins, in this order:
//!
//! 1. the active incident of the source's own key, near in time to the last firing or resolution of
//!    that key, unless the evidence speaks against it and for another;
//! 2. the active incident of its environment with the highest score, if that is enough. See
//!    [`super::evidence`];
//! 3. the same, if its monitor is as late as the little that is known of it suggests.
//!
//! Else it opens an incident. Times are those of the sources, so a delivery that arrives late lands
//! where it belongs.

use std::collections::BTreeMap;

use super::{
    burst,
    evidence::{self, Scale, Weighed},
    group::{ServiceGroup, SourceGroup},
    opening_lock::OpeningLock,
};
use crate::{
    domain::{
        classification::Classification,
        event::AlertEvent,
        grouping::{
            GroupedIncident, Grouping, GroupingDecision, GroupingRule, RunnerUp, ScoredIncident, Weighing, duration,
        },
        id::IncidentId,
        incident::Incident,
        time::Time,
    },
    rules::{GroupingMode, Rules},
};

/// How long after its last firing or resolution a problem that fires again is the same outage, in
/// minutes.
const SOURCE_KEY_MINUTES: i64 = 10;

/// An incident to which the evidence does not lead keeps a problem that fires again, unless another has so many points
/// more than is needed: then it is a new outage, with a monitor that also fired in the last one.
const KEY_YIELDS_ABOVE_NEEDED: f64 = 1.5;

/// If nothing but a supposed delay of its monitor leads an alert to an incident, so many points more are needed.
const SUPPOSED_ABOVE_NEEDED: f64 = 1.0;

/// How long after an incident was resolved another problem of its service is a recurrence, in minutes: a day.
const SERVICE_RECURRENCE_MINUTES: i64 = 24 * 60;

/// What grouping needs to know of a new alert.
#[derive(Debug, Clone, Copy)]
pub struct NewAlert<'alert> {
    /// The delivery that begins it.
    pub event: &'alert AlertEvent,
    /// How it was classified.
    pub classification: &'alert Classification,
    /// When it recovered, if its recovery came before it.
    pub resolved_at: Option<Time>,
}

/// What is known of the groups that an alert may belong to.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// When alerts of the same problem and of the source's key were active, in which incidents.
    pub activity: Vec<GroupedIncident>,
    /// The group of the source's key.
    pub source: SourceGroup,
    /// The group of the environment and service.
    pub service: ServiceGroup,
    /// The openings in the environment.
    pub environment: OpeningLock,
    /// The incidents of these groups, and the recent ones of the environment.
    pub incidents: Vec<Incident>,
}

/// Why an alert goes where it goes, and what it teaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub grouping: Grouping,
    /// How long after the first alert of its burst it fired. `None` if that is unknown.
    pub delay_seconds: Option<u32>,
}

impl Place {
    /// How far that is from the usual delay of its monitor, in seconds.
    #[must_use]
    pub fn scatter_seconds(&self) -> Option<u32> {
        let usual = self.grouping.evidence.as_ref().map_or(0, |evidence| evidence.usual_delay_seconds);
        self.delay_seconds.filter(|_| self.grouping.evidence.is_some()).map(|delay| delay.abs_diff(usual))
    }
}

/// What to do with an alert.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It joins.
    Join {
        /// The incident.
        incident_id: IncidentId,
        place: Place,
    },
    /// It opens an incident.
    Open {
        /// The resolved incident of the same group.
        recurrence_of: Option<IncidentId>,
        /// Active incidents with too little evidence: another alert that joins one may bring it near, so the decision
        /// holds only as long as they do not change.
        too_far: Vec<IncidentId>,
        place: Place,
    },
    /// It belongs to no incident.
    Ignore { grouping: Grouping },
}

/// Decides where a new alert belongs.
#[must_use]
pub fn decide(new_alert: NewAlert<'_>, groups: &Groups, rules: &Rules) -> Decision {
    if new_alert.event.is_test {
        let reason = "It is a test notification: it joins nothing.".to_owned();
        return Decision::Ignore { grouping: Grouping::plain(GroupingDecision::Ignored, reason) };
    }
    let usual = groups.source.usual_delay_seconds();
    let search = Search { new_alert, groups, rules, delay_seconds: usual.unwrap_or_default(), supposed_from: None };
    let weighing = (rules.grouping().mode == GroupingMode::Evidence).then(|| search.weigh());
    let of_key = search.of_source_key();
    if let Some(near) = of_key.filter(|near| !weighing.as_ref().is_some_and(|weighing| search.yields(near, weighing))) {
        return search.join_by_source_key(near);
    }
    let enough =
        weighing.as_ref().and_then(|weighing| weighing.best.as_ref().filter(|best| best.score >= weighing.needed));
    if let Some(incident_id) = enough.map(|best| best.incident_id) {
        let (decision, rule) = (GroupingDecision::Joined, Some(GroupingRule::Evidence));
        let note = of_key.map(|NearActivity { incident, .. }| {
            format!("Its problem was in {} just before, but the evidence for that is too weak.", incident.id)
        });
        let grouping = Grouping { decision, rule, key: None, note, evidence: weighing, moved: None };
        return Decision::Join { incident_id, place: search.place(grouping) };
    }
    if let Some(joined) = weighing.as_ref().and_then(|_| search.join_by_supposed_delay()) {
        return joined;
    }
    if new_alert.resolved_at.is_some() {
        let note = "It was resolved before it arrived, and opens nothing.".to_owned();
        let grouping = Grouping { evidence: weighing, ..Grouping::plain(GroupingDecision::Ignored, note) };
        return Decision::Ignore { grouping };
    }
    search.open(weighing)
}

impl Groups {
    /// The same, with incidents in the place of those that became part of them.
    #[must_use]
    pub fn following(mut self, successors: &BTreeMap<IncidentId, IncidentId>) -> Self {
        if successors.is_empty() {
            return self;
        }
        let successor = |id: IncidentId| successors.get(&id).copied().unwrap_or(id);
        for span in &mut self.activity {
            span.incident_id = successor(span.incident_id);
        }
        for known in &mut self.source.incidents {
            known.incident_id = successor(known.incident_id);
        }
        for id in &mut self.service.incidents {
            *id = successor(*id);
        }
        self.environment = self.environment.following(successors);
        self.incidents.retain(|incident| incident.merged_into.is_none());
        self
    }
}

/// An active incident in which the alert's source key was active.
#[derive(Clone, Copy)]
struct NearActivity<'search> {
    incident: &'search Incident,
    /// How far the alert is from that.
    distance_ms: i64,
}

#[derive(Clone, Copy)]
struct Search<'search> {
    new_alert: NewAlert<'search>,
    groups: &'search Groups,
    rules: &'search Rules,
    /// How late the alert is taken to be after its problem began.
    delay_seconds: u32,
    /// If that is only supposed: how many delays are known.
    supposed_from: Option<u32>,
}

impl<'search> Search<'search> {
    /// The incident in which the source's key was active last before or first after, of equally near
    /// ones the youngest.
    fn of_source_key(&self) -> Option<NearActivity<'search>> {
        let candidates = self
            .active()
            .filter_map(|incident| Some(NearActivity { incident, distance_ms: self.distance_ms(incident)? }));
        let near = candidates.filter(|near| near.distance_ms <= SOURCE_KEY_MINUTES * 60_000);
        near.min_by_key(|near| (near.distance_ms, std::cmp::Reverse(near.incident.id)))
    }

    /// Whether an incident of the source's key gives the alert away to another.
    fn yields(&self, near: &NearActivity<'_>, weighing: &Weighing) -> bool {
        let other = weighing.best.as_ref().filter(|best| best.incident_id != near.incident.id);
        other.is_some_and(|other| {
            let own = self.scale().weigh(self.weighed(), near.incident, self.rules);
            own.score < weighing.needed && other.score >= weighing.needed + KEY_YIELDS_ABOVE_NEEDED
        })
    }

    fn join_by_source_key(&self, NearActivity { incident, distance_ms }: NearActivity<'_>) -> Decision {
        let AlertEvent { source, .. } = self.new_alert.event;
        let distance = match distance_ms {
            0 => "while that was active".to_owned(),
            _ => format!("{} from when that was active", duration(distance_ms / 1000)),
        };
        let note = format!(
            "Joined: {source} says that it is the same problem as another here. It occurred {distance}; {SOURCE_KEY_MINUTES} min are allowed."
        );
        let grouping = Grouping {
            rule: Some(GroupingRule::SourceKey),
            key: Some(self.key(GroupingRule::SourceKey)),
            ..Grouping::plain(GroupingDecision::Joined, note)
        };
        Decision::Join { incident_id: incident.id, place: self.place(grouping) }
    }

    /// Weighs an alert once more that joins nothing by its own time. It is taken to be as late as its monitor was
    /// before, although few delays of that monitor are known. `None` if it still joins nothing.
    fn join_by_supposed_delay(&self) -> Option<Decision> {
        let supposed = self.supposing()?;
        let weighing = supposed.weigh();
        let best = weighing.best.as_ref()?;
        if best.score < weighing.needed + SUPPOSED_ABOVE_NEEDED {
            return None;
        }
        let incident_id = best.incident_id;
        let (decision, rule) = (GroupingDecision::Joined, Some(GroupingRule::Evidence));
        let grouping = Grouping { decision, rule, key: None, note: None, evidence: Some(weighing), moved: None };
        Some(Decision::Join { incident_id, place: supposed.place(grouping) })
    }

    /// The same search, with the delay that is supposed. `None` if the usual one is known.
    fn supposing(&self) -> Option<Self> {
        let delay_seconds = self.groups.source.supposed_delay_seconds()?;
        let supposed_from = u32::try_from(self.groups.source.delays.count()).ok();
        Some(Search { delay_seconds, supposed_from, ..*self })
    }

    /// How far the alert is from the activity of its source's key in an incident, in milliseconds;
    /// `None` if there was none.
    fn distance_ms(&self, incident: &Incident) -> Option<i64> {
        let own = self.groups.activity.iter().filter(|span| span.incident_id == incident.id);
        own.map(|span| span.distance_ms(self.new_alert.event.occurred_at)).min()
    }

    /// The evidence for each active incident of the environment.
    fn weigh(&self) -> Weighing {
        let scale = self.scale();
        let mut scored: Vec<ScoredIncident> =
            self.active_here().map(|incident| scale.weigh(self.weighed(), incident, self.rules)).collect();
        // Of equal ones the youngest first.
        scored.sort_by(|one, other| other.score.total_cmp(&one.score).then(other.incident_id.cmp(&one.incident_id)));
        let mut scored = scored.into_iter();
        Weighing {
            usual_delay_seconds: self.delay_seconds,
            supposed_from: self.supposed_from,
            spread_minutes: scale.spread_minutes,
            needed: scale.needed,
            best: scored.next(),
            runner_up: scored.next().map(|ScoredIncident { incident_id, score, .. }| RunnerUp { incident_id, score }),
        }
    }

    fn weighed(&self) -> Weighed<'_> {
        Weighed { onset: self.onset(), service: self.service(), history: &self.groups.service }
    }

    fn open(&self, weighing: Option<Weighing>) -> Decision {
        let scale = self.scale();
        let onsets: Vec<Time> =
            std::iter::once(self.onset()).chain(self.supposing().map(|other| other.onset())).collect();
        let is_weighed = weighing.is_some();
        let too_far = self.active().filter(|incident| {
            let may_come_near = || onsets.iter().any(|onset| scale.may_come_near(*onset, incident));
            let is_near = is_weighed && self.is_here(incident) && may_come_near();
            is_near || self.distance_ms(incident).is_some()
        });
        let too_far: Vec<IncidentId> = too_far.map(|incident| incident.id).collect();
        let ended = self.recurrence();
        let again = ended.map(|(rule, incident)| {
            let (key, id, status) = (self.key(rule), incident.id, incident.status);
            format!("The last incident of {key}, {id}, is {status}: it happens again.")
        });
        let off =
            (!is_weighed).then(|| "No active incident has its source key, and grouping by evidence is off.".to_owned());
        let notes: Vec<String> = off.into_iter().chain(again).collect();
        let grouping = Grouping {
            decision: GroupingDecision::Opened,
            rule: ended.map(|(rule, _)| rule),
            key: ended.map(|(rule, _)| self.key(rule)),
            note: (!notes.is_empty()).then(|| notes.join(" ")),
            evidence: weighing,
            moved: None,
        };
        let recurrence_of = ended.map(|(_, incident)| incident.id);
        Decision::Open { recurrence_of, too_far, place: self.place(grouping) }
    }

    /// The incident of the same key or service that is over, and what names it.
    fn recurrence(&self) -> Option<(GroupingRule, &Incident)> {
        let latest_of_key = self.groups.activity.iter().map(|span| span.incident_id).max();
        let latest = [(GroupingRule::SourceKey, latest_of_key), (GroupingRule::Service, self.groups.service.latest())];
        latest.into_iter().find_map(|(rule, latest)| {
            let incident = self.groups.incidents.iter().find(|incident| Some(incident.id) == latest)?;
            (!incident.is_active() && self.follows(rule, incident)).then_some((rule, incident))
        })
    }

    /// The source's key names the same problem however late; another problem of a service is a recurrence only soon
    /// after people thought that it was over.
    fn follows(&self, rule: GroupingRule, ended: &Incident) -> bool {
        let is_soon =
            |over_at: Time| self.new_alert.event.occurred_at <= over_at.plus_minutes(SERVICE_RECURRENCE_MINUTES);
        rule == GroupingRule::SourceKey || ended.resolved_at.is_some_and(is_soon)
    }

    fn place(&self, grouping: Grouping) -> Place {
        let at = self.new_alert.event.occurred_at;
        let here = self.groups.incidents.iter().filter(|incident| self.is_here(incident));
        let alert = self.weighed();
        let related = here.filter(|incident| evidence::is_related(alert, incident, self.rules));
        Place { grouping, delay_seconds: burst::delay_seconds(at, &related.collect::<Vec<_>>()) }
    }

    fn active(&self) -> impl Iterator<Item = &'search Incident> {
        self.groups.incidents.iter().filter(|incident| incident.is_active())
    }

    fn active_here(&self) -> impl Iterator<Item = &Incident> {
        self.active().filter(|incident| self.is_here(incident))
    }

    fn is_here(&self, incident: &Incident) -> bool {
        incident.is_in(self.environment())
    }

    fn scale(&self) -> Scale {
        Scale::of(&self.groups.environment, self.rules.grouping())
    }

    fn onset(&self) -> Time {
        self.new_alert.event.occurred_at.plus_millis(-1000 * i64::from(self.delay_seconds))
    }

    fn key(&self, rule: GroupingRule) -> String {
        let NewAlert { event, .. } = self.new_alert;
        match rule {
            GroupingRule::SourceKey => format!("{} {}", event.source, event.group_key),
            GroupingRule::Service | GroupingRule::Evidence => {
                format!("{} in {}", self.service().unwrap_or_default(), self.environment())
            }
        }
    }

    fn service(&self) -> Option<&str> {
        self.new_alert.classification.service.value.as_deref()
    }

    fn environment(&self) -> &str {
        &self.new_alert.classification.environment.value
    }
}

#[cfg(test)]
mod tests;
