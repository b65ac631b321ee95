//! How long rows are kept.
//!
//! What is over goes some time after its last change: resolved alerts, and incidents that are
//! `RESOLVED` or `CLOSED`. What still needs somebody stays: firing alerts, and incidents that are
//! `OPEN` or `INVESTIGATING`. Raw payloads go by their own, usually shorter time, whatever became of
//! their alerts.

use super::{
    action::Action,
    alert::Alert,
    alert_status::AlertStatus,
    incident::Incident,
    time::{MINUTES_A_DAY, Time},
};

/// How long rows are kept, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Alerts, incidents, and the entries of their histories.
    pub days: i64,
    /// Raw payloads.
    pub raw_days: i64,
}

impl Retention {
    /// When an alert expires that changed last at a time. `None` while it fires.
    #[must_use]
    pub fn of_alert(self, alert: &Alert, changed_at: Time) -> Option<Time> {
        (alert.state.status == AlertStatus::Resolved).then(|| self.after(changed_at))
    }

    /// When an incident expires. `None` while it is `OPEN` or `INVESTIGATING`, and no part of another.
    #[must_use]
    pub fn of_incident(self, incident: &Incident) -> Option<Time> {
        (!incident.is_active()).then(|| self.after(incident.updated_at))
    }

    /// When an entry of an incident's history expires: it never changes.
    #[must_use]
    pub fn of_action(self, action: &Action) -> Time {
        self.after(action.at)
    }

    /// When a raw payload expires: never after its alert.
    #[must_use]
    pub fn of_payload(self, stored_at: Time) -> Time {
        stored_at.plus_minutes(self.raw_days.min(self.days) * MINUTES_A_DAY)
    }

    /// When the record that somebody deleted a payload expires.
    #[must_use]
    pub fn of_payload_deletion(self, deleted_at: Time) -> Time {
        self.after(deleted_at)
    }

    /// Whether rows of an incident may have expired while people worked on it: it is that old.
    #[must_use]
    pub fn may_have_expired_rows(self, incident: &Incident, now: Time) -> bool {
        self.after(incident.created_at) <= now
    }

    fn after(self, time: Time) -> Time {
        time.plus_minutes(self.days * MINUTES_A_DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        id::IncidentId,
        samples::{alert, at},
        severity::Severity,
        status::Status,
    };

    const KEPT: Retention = Retention { days: 30, raw_days: 7 };

    #[test]
    fn what_still_needs_somebody_does_not_expire() {
        let (mut alert, _) = alert(1, Severity::Error, "checkout", 0);
        assert_eq!(KEPT.of_alert(&alert, at(5)), None);
        alert.end(at(9));
        assert_eq!(KEPT.of_alert(&alert, at(9)), Some(at(9 + 30 * 24 * 60)));

        let (open, _) = Incident::open(IncidentId::numbered(at(0), 1), &alert, None);
        assert_eq!(KEPT.of_incident(&open), None);
        let (taken, _) = open.change_status(Status::Investigating, None, at(1)).unwrap().unwrap();
        assert_eq!(KEPT.of_incident(&taken), None);
        let (resolved, _) = taken.change_status(Status::Resolved, None, at(2)).unwrap().unwrap();
        assert_eq!(KEPT.of_incident(&resolved), Some(at(2 + 30 * 24 * 60)));
    }

    #[test]
    fn a_payload_never_outlives_its_alert() {
        assert_eq!(KEPT.of_payload(at(0)), at(7 * 24 * 60));
        assert_eq!(Retention { days: 30, raw_days: 90 }.of_payload(at(0)), at(30 * 24 * 60));
    }
}
