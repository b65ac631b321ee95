//! A group: alerts that belong together by one key, and the incidents that they are in.

use serde::{Deserialize, Serialize};

use crate::domain::{grouping::GroupedIncident, id::IncidentId, time::Time};

/// How many of its incidents a group remembers.
pub const MAX_INCIDENTS: usize = 8;

/// How many of the teams that its alerts named a group remembers.
pub const MAX_TEAMS: usize = 12;

/// The incidents of a group, and the teams that its alerts named. Several incidents may be open at a
/// time, since alerts that are too far apart belong to different ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Those that an alert of the group opened or joined last, the latest last.
    pub incidents: Vec<GroupedIncident>,
    /// The teams that the sources stated for the last alerts, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// Counts changes, from 1.
    pub version: u64,
}

impl Group {
    /// Notes that an alert of the group opened or joined an incident, and forgets the oldest incident
    /// if there are many.
    pub fn note(&mut self, incident_id: IncidentId, at: Time) {
        let known = self.incidents.iter().position(|other| other.incident_id == incident_id);
        let span = known.map(|position| self.incidents.remove(position));
        self.incidents.push(GroupedIncident {
            incident_id,
            first_at: span.map_or(at, |span| span.first_at.min(at)),
            last_at: span.map_or(at, |span| span.last_at.max(at)),
        });
        let forgotten = self.incidents.len().saturating_sub(MAX_INCIDENTS);
        self.incidents.drain(..forgotten);
        self.version += 1;
    }

    /// Notes the team that the source stated for an alert of the group.
    pub fn note_team(&mut self, team: &str) {
        self.teams.push(team.to_owned());
        let forgotten = self.teams.len().saturating_sub(MAX_TEAMS);
        self.teams.drain(..forgotten);
        self.version += 1;
    }

    /// The team that most of the last alerts named, and how many did.
    #[must_use]
    pub fn usual_team(&self) -> Option<(&str, usize)> {
        let count = |team: &str| self.teams.iter().filter(|other| *other == team).count();
        let usual = self.teams.iter().max_by_key(|team| count(team))?;
        let named = count(usual);
        (2 * named > self.teams.len()).then_some((usual, named))
    }

    /// The incident that an alert of the group was in last.
    #[must_use]
    pub fn latest(&self) -> Option<IncidentId> {
        self.incidents.last().map(|incident| incident.incident_id)
    }

    /// An incident, if alerts of the group are in it, as far as is remembered.
    #[must_use]
    pub fn incident(&self, incident_id: IncidentId) -> Option<&GroupedIncident> {
        self.incidents.iter().find(|incident| incident.incident_id == incident_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_incidents_are_remembered_each_once_with_its_span() {
        let at = |minutes| Time::EARLIEST.plus_minutes(minutes);
        let ids: Vec<IncidentId> = (0..10).map(|number| IncidentId::numbered(Time::EARLIEST, number)).collect();
        let mut group = Group::default();
        for (id, minutes) in ids.iter().zip(0..) {
            group.note(*id, at(minutes));
        }
        group.note(ids[5], at(60));
        assert_eq!((group.incidents.len(), group.latest()), (MAX_INCIDENTS, Some(ids[5])));
        assert!(group.incident(ids[1]).is_none());
        let span = group.incident(ids[5]).unwrap();
        assert_eq!((span.first_at, span.last_at), (at(5), at(60)));
        assert_eq!([at(1), at(30), at(61)].map(|time| span.distance_ms(time)), [240_000, 0, 60_000]);
    }

    #[test]
    fn the_usual_team_is_what_most_of_the_last_alerts_named() {
        let mut group = Group::default();
        assert_eq!(group.usual_team(), None);
        for team in ["web", "payments", "payments"] {
            group.note_team(team);
        }
        assert_eq!(group.usual_team(), Some(("payments", 2)));
        group.note_team("web");
        assert_eq!(group.usual_team(), None, "two against two");
        (0..MAX_TEAMS).for_each(|_| group.note_team("web"));
        assert_eq!(group.usual_team(), Some(("web", MAX_TEAMS)));
    }
}
