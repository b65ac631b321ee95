//! Problems: which deliveries of one problem belong to which alert.
//!
//! Deliveries arrive late and out of order. What decides is the time by which they are ordered, not
//! the order of arrival. The resolutions of a problem cut its time into intervals, each open at its
//! beginning and closed at its end. The firing deliveries of one interval are one alert, and the
//! resolution at its end resolves it.
//!
//! | delivery at *t* | its interval has no alert | its interval has an alert |
//! | --- | --- | --- |
//! | firing | new alert, resolved already if the interval ends | counted |
//! | resolved | remembered: a boundary | fired until *t*: resolved at *t*; fired only since: remembered; both: split in two |
//!
//! An alert never occurred before the resolution that it follows, whatever its source says.
//!
//! Some ends are by our clock: a person resolves an alert, or a source states no time with its
//! resolution. A firing delivery that we received after such an end begins a new alert, even if its
//! source's clock says that it fired before.
//!
//! A source may use one key for the same problem in several environments. Each environment then has
//! a *lane* of its own. A firing delivery that names no environment joins the alert that is nearest
//! in time; a resolution that names none ends the problem in each lane.
//!
//! So the alerts of a problem are the same in whatever order its deliveries arrive, as far as is
//! remembered: the last [`MAX_EPISODES`] alerts of a lane, the last [`MAX_RESOLUTIONS`] resolutions
//! that ended none, and of each alert the last firing deliveries one by one. A resolution that more
//! of them overtook is ignored: the problem has fired since.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    episode::{Ending, Episode, Firing, Resolution, ResolvedBy, Rest},
    event::{KeyScope, Transition},
    grouping::GroupedIncident,
    id::{AlertId, IncidentId},
    time::Time,
};

/// How many alerts of a lane are remembered.
pub const MAX_EPISODES: usize = 4;

/// How many resolutions of a lane are remembered that ended no alert that is remembered.
pub const MAX_RESOLUTIONS: usize = 8;

/// How many environments of a problem are remembered.
pub const MAX_LANES: usize = 8;

/// The lane of deliveries that name no environment. DynamoDB takes no empty name.
const NO_ENVIRONMENT: &str = "any";

/// The lane of deliveries that name an environment.
fn lane_of(environment: &str) -> String {
    format!("environment:{environment}")
}

/// What is remembered of one problem, `(source, dedup_key)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// By environment. Of most sources there is one lane, without an environment.
    lanes: BTreeMap<String, Lane>,
    /// The latest resolutions that ended the problem in every environment.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    everywhere: BTreeSet<Resolution>,
}

/// What is remembered of a problem in one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lane {
    /// The latest alerts, earliest first.
    episodes: Vec<Episode>,
    /// The latest resolutions that ended none of these alerts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    resolutions: BTreeSet<Resolution>,
}

/// A delivery, as far as it decides what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News<'event> {
    pub transition: Transition,
    /// Its key, times and severity. Of a resolution, only the key counts.
    pub firing: Firing,
    /// When the problem ended, if a resolution states that.
    pub ended_at: Option<Time>,
    /// When we received it.
    pub received_at: Time,
    pub key_scope: KeyScope,
    /// The environment that it names.
    pub environment: Option<&'event str>,
}

/// What a delivery means in one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub lane: String,
    pub kind: StepKind,
}

/// What a delivery means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// A new alert fires, or one whose resolution arrived first.
    Begin { firing: Firing, resolution: Option<Resolution> },
    /// An alert was reported again.
    Repeat(Box<Episode>),
    /// An alert was resolved, or was resolved earlier than was known.
    Resolve(Box<Episode>),
    /// An alert was resolved and fired again before its resolution arrived: it is two.
    Split { ended: Box<Episode>, rest: Rest },
    /// An alert occurred later than its source says: a resolution arrived late, and comes before all of it.
    Redate(Box<Episode>),
    /// A resolution to be remembered: what it ends may be on its way.
    Remember(Resolution),
    /// The same, of a resolution that ends the problem in every environment.
    RememberEverywhere(Resolution),
}

impl Step {
    /// The alert that it changes.
    #[must_use]
    pub fn alert_id(&self) -> Option<AlertId> {
        match &self.kind {
            StepKind::Repeat(episode) | StepKind::Resolve(episode) | StepKind::Redate(episode) => {
                Some(episode.alert_id)
            }
            StepKind::Split { ended, .. } => Some(ended.alert_id),
            StepKind::Begin { .. } | StepKind::Remember(_) | StepKind::RememberEverywhere(_) => None,
        }
    }
}

impl Problem {
    /// What a delivery means, lane by lane. Nothing if it changes nothing.
    #[must_use]
    pub fn steps(&self, news: &News<'_>) -> Vec<Step> {
        match news.transition {
            Transition::Firing => vec![self.fire(news)],
            Transition::Resolved => self.resolve(news),
        }
    }

    /// The alert as it is known.
    #[must_use]
    pub fn episode(&self, alert_id: AlertId) -> Option<&Episode> {
        self.episodes().find(|episode| episode.alert_id == alert_id)
    }

    /// The lane of an alert.
    #[must_use]
    pub fn lane_of(&self, alert_id: AlertId) -> Option<&str> {
        let is_in = |lane: &Lane| lane.episodes.iter().any(|episode| episode.alert_id == alert_id);
        self.lanes.iter().find(|(_, lane)| is_in(lane)).map(|(name, _)| name.as_str())
    }

    /// All alerts that are remembered.
    pub fn episodes(&self) -> impl Iterator<Item = &Episode> {
        self.lanes.values().flat_map(|lane| &lane.episodes)
    }

    /// The incidents of the alerts of a lane, and from when to when those were active, earliest first.
    pub fn activity(&self, lane: &str) -> impl Iterator<Item = GroupedIncident> {
        let episodes = self.lanes.get(lane).into_iter().flat_map(|lane| &lane.episodes);
        episodes.filter_map(|episode| {
            let firings = episode.firings();
            Some(GroupedIncident {
                incident_id: episode.incident_id?,
                first_at: firings.occurred_at,
                last_at: episode.resolved_at().map_or(firings.last_seen_at, |end| end.max(firings.last_seen_at)),
            })
        })
    }

    /// An alert as a person ends it; `None` if it is not remembered or over already.
    #[must_use]
    pub fn resolved_by_person(&self, alert_id: AlertId, now: Time) -> Option<Episode> {
        let episode = self.episode(alert_id).filter(|episode| episode.resolution.is_none())?;
        // The source's clock may be ahead of ours; what fired so far is over.
        let at = now.max(episode.firings().last_at);
        let resolution = Resolution::new(at, ResolvedBy::Person, now);
        Some(episode.clone().resolved(resolution))
    }

    /// Takes in an alert as it is now, and forgets the earliest of its lane if there are many.
    pub fn put(&mut self, lane: &str, episode: Episode) {
        for (name, other) in &mut self.lanes {
            if name != lane {
                other.episodes.retain(|other| other.alert_id != episode.alert_id);
            }
        }
        self.lanes.retain(|name, other| name == lane || !other.is_empty());
        self.lane_mut(lane).put(episode);
        self.forget_lanes(lane);
    }

    /// People put an alert into another incident.
    pub fn move_alert(&mut self, alert_id: AlertId, to: IncidentId) {
        let episodes = self.lanes.values_mut().flat_map(|lane| &mut lane.episodes);
        for episode in episodes.filter(|episode| episode.alert_id == alert_id) {
            episode.incident_id = Some(to);
        }
    }

    /// Forgets alerts. When they were resolved is remembered.
    pub fn forget(&mut self, alerts: &BTreeSet<AlertId>) {
        for lane in self.lanes.values_mut() {
            let (forgotten, kept) =
                lane.episodes.drain(..).partition::<Vec<_>, _>(|episode| alerts.contains(&episode.alert_id));
            lane.episodes = kept;
            for resolution in forgotten.into_iter().filter_map(|episode| episode.resolution) {
                lane.remember(resolution);
            }
        }
    }

    /// Takes in a resolution that ends no known alert of a lane.
    pub fn remember(&mut self, lane: &str, resolution: Resolution) {
        self.lane_mut(lane).remember(resolution);
        self.forget_lanes(lane);
    }

    /// Takes in a resolution that ends the problem in every environment.
    pub fn remember_everywhere(&mut self, resolution: Resolution) {
        insert_bounded(&mut self.everywhere, resolution);
    }

    fn fire(&self, news: &News<'_>) -> Step {
        let Firing { key, .. } = &news.firing;
        let (lane_name, adopted) = self.lane_of_firing(news, key.at);
        let lane = self.lanes.get(&lane_name);
        let mut firing = news.firing.clone();
        if let Some(ended_at) = self.passed_boundary(lane, key.at, news.received_at) {
            firing.key.at = news.received_at.max(ended_at.plus_millis(1));
        }
        let at = firing.key.at;
        // A clock that is behind must not put an alert before the resolution that it follows.
        if let Some(earlier) = self.boundaries(lane).map(|resolution| resolution.at).filter(|end| *end < at).max() {
            firing = firing.occurred_after(earlier);
        }
        let known = adopted.or_else(|| lane.and_then(|lane| self.in_interval(lane, at)));
        let kind = if let Some(episode) = known {
            StepKind::Repeat(Box::new(episode.clone().fire(firing)))
        } else {
            StepKind::Begin { firing, resolution: self.next_boundary(lane, at) }
        };
        Step { lane: lane_name, kind }
    }

    /// The lane that a firing delivery belongs to, and an alert without an environment that turns out
    /// to be of this one.
    fn lane_of_firing(&self, news: &News<'_>, at: Time) -> (String, Option<&Episode>) {
        let unknown = self.lanes.get(NO_ENVIRONMENT);
        match (news.key_scope, news.environment) {
            (KeyScope::Problem, _) => (NO_ENVIRONMENT.to_owned(), None),
            (KeyScope::ProblemPerEnvironment, Some(environment)) => {
                let name = lane_of(environment);
                let is_known = self.lanes.get(&name).is_some_and(|lane| self.in_interval(lane, at).is_some());
                let adopted = unknown.filter(|_| !is_known).and_then(|lane| self.in_interval(lane, at));
                (name, adopted)
            }
            (KeyScope::ProblemPerEnvironment, None) => {
                let distance = |episode: &Episode| episode.first_key().at.as_millis().abs_diff(at.as_millis());
                let candidates =
                    self.lanes.iter().filter_map(|(name, lane)| Some((distance(self.in_interval(lane, at)?), name)));
                let nearest = candidates.min().map_or(NO_ENVIRONMENT, |(_, name)| name);
                (nearest.to_owned(), None)
            }
        }
    }

    fn resolve(&self, news: &News<'_>) -> Vec<Step> {
        let is_timed = news.firing.content.is_none();
        let by = if is_timed { ResolvedBy::Source } else { ResolvedBy::SourceUntimed };
        let resolution = Resolution::new(news.firing.key.at, by, news.received_at);
        let resolution = news.ended_at.map_or(resolution, |stated| resolution.that_ended(stated));
        match (news.key_scope, news.environment) {
            (KeyScope::Problem, _) => self.end_lane(NO_ENVIRONMENT, resolution),
            (KeyScope::ProblemPerEnvironment, Some(environment)) => self.end_lane(&lane_of(environment), resolution),
            (KeyScope::ProblemPerEnvironment, None) => {
                let steps = self.lanes.keys().flat_map(|lane| self.end_lane(lane, resolution));
                let mut steps: Vec<Step> = steps.filter(|step| !matches!(step.kind, StepKind::Remember(_))).collect();
                if !self.everywhere.iter().any(|known| known.at == resolution.at && known.by == resolution.by) {
                    let kind = StepKind::RememberEverywhere(resolution);
                    steps.push(Step { lane: NO_ENVIRONMENT.to_owned(), kind });
                }
                steps
            }
        }
    }

    fn end_lane(&self, name: &str, resolution: Resolution) -> Vec<Step> {
        let lane = self.lanes.get(name);
        if self.boundaries(lane).any(|boundary| boundary.at == resolution.at) {
            return Vec::new();
        }
        let known = lane.and_then(|lane| self.in_interval(lane, resolution.at));
        let kinds = match known.map(|episode| episode.end(resolution)) {
            None => vec![StepKind::Remember(resolution)],
            Some(Ending::Before(after)) => {
                after.map(StepKind::Redate).into_iter().chain([StepKind::Remember(resolution)]).collect()
            }
            Some(Ending::Ends(episode)) => vec![StepKind::Resolve(episode)],
            Some(Ending::Splits { ended, rest }) => vec![StepKind::Split { ended, rest }],
            Some(Ending::TooLate) => Vec::new(),
        };
        kinds.into_iter().map(|kind| Step { lane: name.to_owned(), kind }).collect()
    }

    /// When the interval of a time ended by our clock, if we received the delivery only after that: two
    /// clocks do not tell which was first, but our receipts do.
    fn passed_boundary(&self, lane: Option<&Lane>, at: Time, received_at: Time) -> Option<Time> {
        let next = self.next_boundary(lane, at)?;
        (next.by.is_our_clock() && next.at < received_at).then_some(next.at)
    }

    fn next_boundary(&self, lane: Option<&Lane>, at: Time) -> Option<Resolution> {
        self.boundaries(lane).filter(|boundary| boundary.at >= at).min_by_key(|boundary| boundary.at)
    }

    fn boundaries<'problem>(&'problem self, lane: Option<&'problem Lane>) -> impl Iterator<Item = Resolution> {
        let ended = lane.into_iter().flat_map(|lane| &lane.episodes).filter_map(|episode| episode.resolution);
        let remembered = lane.into_iter().flat_map(|lane| &lane.resolutions).copied();
        ended.chain(remembered).chain(self.everywhere.iter().copied())
    }

    /// The alert of a lane between which and a time there is no resolution. A resolution at the time
    /// of a firing delivery came after it.
    fn in_interval<'problem>(&'problem self, lane: &'problem Lane, at: Time) -> Option<&'problem Episode> {
        lane.episodes.iter().find(|episode| {
            let firings = episode.firings();
            let (first, last) = (firings.first.at.min(at), firings.last_at.max(at));
            !self.boundaries(Some(lane)).any(|boundary| first <= boundary.at && boundary.at < last)
        })
    }

    fn lane_mut(&mut self, name: &str) -> &mut Lane {
        self.lanes.entry(name.to_owned()).or_default()
    }

    /// Forgets the lane whose last alert is the oldest, if there are many.
    fn forget_lanes(&mut self, keep: &str) {
        if self.lanes.len() > MAX_LANES {
            let last_fired = |lane: &Lane| lane.episodes.last().map(|episode| episode.firings().last_at);
            let others = self.lanes.iter().filter(|(name, _)| *name != keep);
            let oldest = others.min_by_key(|(_, lane)| last_fired(lane)).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.lanes.remove(&name));
        }
    }
}

impl Lane {
    fn is_empty(&self) -> bool {
        self.episodes.is_empty() && self.resolutions.is_empty()
    }

    fn put(&mut self, episode: Episode) {
        let position = self.episodes.iter().position(|other| other.alert_id == episode.alert_id);
        let before = position.map(|position| self.episodes.remove(position));
        let moved = before.and_then(|before| before.resolution);
        // A person ends what is known; it is no boundary for what arrives late.
        let moved = moved.filter(|end| end.by != ResolvedBy::Person && Some(end.at) != episode.end_in_order());
        let position = self.episodes.partition_point(|other| other.first_key() < episode.first_key());
        self.episodes.insert(position, episode);
        let forgotten = if self.episodes.len() > MAX_EPISODES { self.episodes.remove(0).resolution } else { None };
        for resolution in moved.into_iter().chain(forgotten) {
            self.remember(resolution);
        }
        let Self { episodes, resolutions } = self;
        resolutions.retain(|resolution| !episodes.iter().any(|episode| episode.end_in_order() == Some(resolution.at)));
    }

    fn remember(&mut self, resolution: Resolution) {
        insert_bounded(&mut self.resolutions, resolution);
    }
}

/// Inserts a resolution, and forgets the earliest if there are many.
fn insert_bounded(resolutions: &mut BTreeSet<Resolution>, resolution: Resolution) {
    resolutions.insert(resolution);
    if resolutions.len() > MAX_RESOLUTIONS {
        resolutions.pop_first();
    }
}

#[cfg(test)]
mod tests;
