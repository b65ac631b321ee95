//! A group: alerts that belong together by one key, and the incidents that they are in.

use serde::{Deserialize, Serialize};

use crate::domain::id::IncidentId;

/// How many of its incidents a group remembers.
pub const MAX_INCIDENTS: usize = 8;

/// The incidents of a group. There may be several open ones at a time, for alerts that are too far apart belong to
/// different incidents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Those that an alert of the group opened or joined last, the latest last.
    pub incidents: Vec<IncidentId>,
}

impl Group {
    /// Notes that an alert of the group opened or joined an incident, and forgets the oldest if there are many.
    pub fn note(&mut self, incident_id: IncidentId) {
        self.incidents.retain(|other| *other != incident_id);
        self.incidents.push(incident_id);
        let forgotten = self.incidents.len().saturating_sub(MAX_INCIDENTS);
        self.incidents.drain(..forgotten);
    }

    /// The one that an alert of the group was in last.
    #[must_use]
    pub fn latest(&self) -> Option<IncidentId> {
        self.incidents.last().copied()
    }

    /// Whether alerts of the group are in an incident, as far as is remembered.
    #[must_use]
    pub fn contains(&self, incident_id: IncidentId) -> bool {
        self.incidents.contains(&incident_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    #[test]
    fn the_latest_are_remembered_each_once() {
        let incidents: Vec<IncidentId> = (0..10).map(|number| IncidentId::numbered(Time::EARLIEST, number)).collect();
        let mut group = Group::default();
        for id in &incidents {
            group.note(*id);
        }
        group.note(incidents[5]);
        assert_eq!((group.incidents.len(), group.latest()), (MAX_INCIDENTS, Some(incidents[5])));
        assert!(!group.contains(incidents[1]) && group.contains(incidents[2]));
    }
}
