//! Bursts: alerts that began soon after each other, in whatever incidents. They teach how late each
//! monitor is.
//!
//! Incidents alone cannot teach that. As long as nobody knows that a monitor is slow, its alerts seem
//! to be too late for their incident and open others. Only related incidents count: in an
//! environment where something always flaps it would never be quiet, and any alert would begin a burst.

use crate::domain::{incident::Incident, time::Time};

/// How long a burst lasts at most, in minutes, and the quiet time before it, without which nobody
/// knows which alert was its first. So the longest delay of a monitor that can be learned.
pub(super) const BURST_MINUTES: i64 = 15;

/// How many seconds after the first alert of its burst an alert fired. `None` if it is itself the
/// first, or if no quiet time was before the burst. `related` are the incidents of its environment that may be of one
/// outage with it.
#[must_use]
pub fn delay_seconds(at: Time, related: &[&Incident]) -> Option<u32> {
    let earliest = at.plus_minutes(-BURST_MINUTES);
    let firsts = related.iter().map(|incident| incident.first_alert_at);
    let began = firsts.filter(|first| (earliest..=at).contains(first)).min()?;
    let quiet_from = began.plus_minutes(-BURST_MINUTES);
    let is_quiet = !related.iter().any(|other| other.first_alert_at < began && other.last_alert_at >= quiet_from);
    let delay_ms = at.as_millis() - began.as_millis();
    u32::try_from(delay_ms / 1000).ok().filter(|_| is_quiet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        id::IncidentId,
        samples::{self, at},
        severity::Severity,
    };

    fn incident(number: u64, from: i64, to: i64) -> Incident {
        let (alert, _) = samples::alert(number, Severity::Error, "web", from);
        let (incident, _) = Incident::open(IncidentId::numbered(at(from), number), &alert, None);
        Incident { last_alert_at: at(to), ..incident }
    }

    #[test]
    fn a_delay_counts_from_the_first_alert_after_a_quiet_time() {
        let delay =
            |minutes, incidents: &[Incident]| delay_seconds(at(minutes), &incidents.iter().collect::<Vec<&Incident>>());
        assert_eq!(delay(0, &[]), None, "it is the first");
        assert_eq!(delay(7, &[incident(1, 0, 2)]), Some(420));
        assert_eq!(delay(7, &[incident(1, 0, 2), incident(2, 4, 4)]), Some(420), "two incidents, one burst");
        assert_eq!(delay(16, &[incident(1, 0, 2)]), None, "too long ago");
        assert_eq!(delay(7, &[incident(1, 0, 2), incident(2, -20, -16)]), Some(420));
        assert_eq!(delay(7, &[incident(1, 0, 2), incident(2, -20, -14)]), None, "it was not quiet before");
    }
}
