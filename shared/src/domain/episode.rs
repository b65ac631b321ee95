//! Episodes: which deliveries of one problem belong to one alert.
//!
//! | what is known of the key | firing at *t* | recovered at *t* |
//! | --- | --- | --- |
//! | nothing | new alert | remembered |
//! | a recovery at *r* that nothing preceded | *t* ≤ *r*: new alert, resolved already; else new alert | later of both remembered |
//! | an alert that fires, last seen at *l* | counted | *t* ≥ *l*: resolved; else stale: it has fired since |
//! | an alert resolved at *r* | *t* < *r*: counted, stays resolved; else new alert | *t* > *r*: remembered |
//!
//! Deliveries arrive late and out of order; what decides is the vendor's time, not the order of arrival.

use serde::{Deserialize, Serialize};

use super::{
    alert::{Alert, AlertStatus},
    event::Transition,
    id::{AlertId, IncidentId},
    severity::Severity,
    time::Time,
};

/// What is remembered of one problem, `(source, dedup_key)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episodes {
    /// The latest alert.
    pub latest: Option<Episode>,
    /// The latest recovery that came while nothing was known to fire.
    pub recovered_at: Option<Time>,
    /// Counts changes, from 1.
    pub version: u64,
}

/// The part of an alert that later deliveries change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// The alert.
    pub alert_id: AlertId,
    /// Its incident.
    pub incident_id: Option<IncidentId>,
    /// When it first fired.
    pub occurred_at: Time,
    /// When it last fired.
    pub last_seen_at: Time,
    /// When it recovered.
    pub resolved_at: Option<Time>,
    /// How many firing deliveries it had.
    pub occurrences: u64,
    /// The highest that was reported.
    pub severity: Severity,
}

impl Episode {
    /// The part of a new alert that later deliveries change.
    #[must_use]
    pub fn of(alert: &Alert) -> Self {
        Self {
            alert_id: alert.id,
            incident_id: alert.incident_id,
            occurred_at: alert.occurred_at,
            last_seen_at: alert.last_seen_at,
            resolved_at: alert.resolved_at,
            occurrences: alert.occurrences,
            severity: alert.severity,
        }
    }

    /// Firing until it recovered.
    #[must_use]
    pub const fn status(&self) -> AlertStatus {
        if self.resolved_at.is_some() { AlertStatus::Resolved } else { AlertStatus::Firing }
    }
}

/// What a delivery means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A new alert fires, or one that `resolved_at` shows to be over already.
    Begin {
        /// When its recovery, which arrived first, happened.
        resolved_at: Option<Time>,
    },
    /// The alert was reported again. Whether it became worse shows in its severity.
    Repeat(Episode),
    /// The alert recovered.
    Resolve(Episode),
    /// A recovery to be remembered: its trigger may be on its way.
    Remember {
        /// When the problem recovered.
        recovered_at: Time,
    },
    /// Nothing changes.
    Nothing,
}

/// Decides what a delivery means, given what is known of its problem.
#[must_use]
pub fn step(known: Option<&Episodes>, transition: Transition, at: Time, severity: Severity) -> Step {
    let latest = known.and_then(|known| known.latest.as_ref());
    let recovered_at = known.and_then(|known| known.recovered_at);
    match (transition, latest) {
        (Transition::Firing, Some(latest)) if latest.resolved_at.is_none_or(|resolved_at| at < resolved_at) => {
            Step::Repeat(Episode {
                occurred_at: latest.occurred_at.min(at),
                last_seen_at: latest.last_seen_at.max(at),
                occurrences: latest.occurrences + 1,
                severity: latest.severity.max(severity),
                ..latest.clone()
            })
        }
        (Transition::Firing, _) => Step::Begin { resolved_at: recovered_at.filter(|recovered_at| at <= *recovered_at) },
        (Transition::Recovered, Some(Episode { resolved_at: None, last_seen_at, .. })) if at < *last_seen_at => {
            Step::Nothing
        }
        (Transition::Recovered, Some(latest)) if latest.resolved_at.is_none() => {
            Step::Resolve(Episode { resolved_at: Some(at), ..latest.clone() })
        }
        (Transition::Recovered, Some(latest)) if latest.resolved_at >= Some(at) => Step::Nothing,
        (Transition::Recovered, _) => {
            Step::Remember { recovered_at: recovered_at.map_or(at, |earlier| earlier.max(at)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        Time::from_millis(1_700_000_000_000 + millis).unwrap()
    }

    fn episode(occurred: i64, last_seen: i64, resolved: Option<i64>) -> Episodes {
        Episodes {
            latest: Some(Episode {
                alert_id: AlertId::first_at(at(occurred)),
                incident_id: None,
                occurred_at: at(occurred),
                last_seen_at: at(last_seen),
                resolved_at: resolved.map(at),
                occurrences: 1,
                severity: Severity::Warning,
            }),
            recovered_at: None,
            version: 1,
        }
    }

    fn fires(known: Option<&Episodes>, millis: i64) -> Step {
        step(known, Transition::Firing, at(millis), Severity::Error)
    }

    fn recovers(known: Option<&Episodes>, millis: i64) -> Step {
        step(known, Transition::Recovered, at(millis), Severity::Info)
    }

    #[test]
    fn the_first_delivery_begins_and_later_ones_are_counted() {
        assert_eq!(fires(None, 0), Step::Begin { resolved_at: None });
        let Step::Repeat(repeated) = fires(Some(&episode(10, 20, None)), 5) else { panic!("not a repeat") };
        assert_eq!((repeated.occurred_at, repeated.last_seen_at, repeated.occurrences), (at(5), at(20), 2));
        assert_eq!(repeated.severity, Severity::Error);
    }

    #[test]
    fn a_recovery_ends_the_episode_unless_it_has_fired_since() {
        assert!(
            matches!(recovers(Some(&episode(0, 10, None)), 10), Step::Resolve(resolved) if resolved.resolved_at == Some(at(10)))
        );
        assert_eq!(recovers(Some(&episode(0, 10, None)), 9), Step::Nothing);
        assert_eq!(recovers(Some(&episode(0, 10, Some(15))), 12), Step::Nothing);
    }

    #[test]
    fn after_the_recovery_it_is_a_new_alert_and_before_it_a_late_repeat() {
        let resolved = episode(0, 10, Some(15));
        assert_eq!(fires(Some(&resolved), 16), Step::Begin { resolved_at: None });
        assert!(matches!(fires(Some(&resolved), 12), Step::Repeat(late) if late.resolved_at == Some(at(15))));
    }

    #[test]
    fn a_recovery_that_comes_first_is_remembered() {
        assert_eq!(recovers(None, 10), Step::Remember { recovered_at: at(10) });
        let remembered = Episodes { latest: None, recovered_at: Some(at(10)), version: 1 };
        assert_eq!(recovers(Some(&remembered), 5), Step::Remember { recovered_at: at(10) });
        assert_eq!(fires(Some(&remembered), 10), Step::Begin { resolved_at: Some(at(10)) });
        assert_eq!(fires(Some(&remembered), 11), Step::Begin { resolved_at: None });
    }

    #[test]
    fn a_recovery_that_overtakes_a_later_trigger_is_remembered() {
        let mut known = episode(0, 10, Some(15));
        assert_eq!(recovers(Some(&known), 30), Step::Remember { recovered_at: at(30) });
        known.recovered_at = Some(at(30));
        assert_eq!(fires(Some(&known), 20), Step::Begin { resolved_at: Some(at(30)) });
        assert!(matches!(fires(Some(&known), 12), Step::Repeat(late) if late.resolved_at == Some(at(15))));
    }

    /// Lets deliveries take effect one after the other, as the worker does: the alerts that they make, with the
    /// number of their occurrences and when they recovered.
    fn fold(deliveries: &[(Transition, i64)]) -> Vec<(u64, Option<Time>)> {
        let mut known: Option<Episodes> = None;
        let mut alerts: Vec<(u64, Option<Time>)> = Vec::new();
        for (transition, millis) in deliveries {
            let (latest, recovered_at) = match step(known.as_ref(), *transition, at(*millis), Severity::Error) {
                Step::Begin { resolved_at } => {
                    alerts.push((1, resolved_at));
                    let Some(latest) = episode(*millis, *millis, None).latest else { unreachable!() };
                    (Some(Episode { resolved_at, ..latest }), None)
                }
                Step::Repeat(latest) | Step::Resolve(latest) => {
                    let last = alerts.last_mut().unwrap();
                    *last = (latest.occurrences, latest.resolved_at);
                    (Some(latest), known.and_then(|known| known.recovered_at))
                }
                Step::Remember { recovered_at } => (known.and_then(|known| known.latest), Some(recovered_at)),
                Step::Nothing => continue,
            };
            known = Some(Episodes { latest, recovered_at, version: 1 });
        }
        alerts
    }

    proptest::proptest! {
        #[test]
        fn in_order_each_run_of_firing_deliveries_is_one_alert(fires in proptest::collection::vec(proptest::bool::ANY, 0..20)) {
            let transition = |fires| if fires { Transition::Firing } else { Transition::Recovered };
            let deliveries: Vec<(Transition, i64)> = fires.iter().zip(0..).map(|(fires, at)| (transition(*fires), at)).collect();
            let mut expected: Vec<(u64, Option<Time>)> = Vec::new();
            for run in deliveries.chunk_by(|(one, _), (other, _)| one == other) {
                match (run[0], expected.last_mut()) {
                    ((Transition::Firing, _), _) => expected.push((run.len() as u64, None)),
                    ((Transition::Recovered, millis), Some(last)) => last.1 = Some(at(millis)),
                    ((Transition::Recovered, _), None) => {}
                }
            }
            proptest::prop_assert_eq!(fold(&deliveries), expected);
        }

        #[test]
        fn in_any_order_no_firing_delivery_is_lost(
            deliveries in proptest::collection::vec((proptest::bool::ANY, 0_i64..50), 0..20),
        ) {
            let transition = |fires| if fires { Transition::Firing } else { Transition::Recovered };
            let deliveries: Vec<(Transition, i64)> = deliveries.into_iter().map(|(fires, at)| (transition(fires), at)).collect();
            let fired = deliveries.iter().filter(|(transition, _)| *transition == Transition::Firing).count() as u64;
            proptest::prop_assert_eq!(fold(&deliveries).iter().map(|(occurrences, _)| occurrences).sum::<u64>(), fired);
        }
    }
}
