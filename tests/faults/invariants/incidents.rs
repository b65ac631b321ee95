//! An incident is the sum of its alerts.

use std::collections::BTreeSet;

use shared::domain::{alert_status::AlertStatus, grouping::GroupingDecision, source::Source, status::Status};

use super::{Violations, alert, alerts_of, incident, problem_of};
use crate::{model::Model, tables::Tables};

pub fn check(tables: &Tables, model: &Model, violations: &mut Violations) {
    for row in tables.alerts.values() {
        let name = alert(row.alert_id);
        if let Some(id) = row.incident_id {
            violations
                .unless(tables.incidents.contains_key(&id), || format!("{name} names {}, which is not", incident(id)));
        } else {
            let ignored = row.decision == GroupingDecision::Ignored;
            violations.unless(ignored, || format!("{name} is in no incident, although grouping did not ignore it"));
            violations.unless(row.status == AlertStatus::Resolved, || format!("{name} fires in no incident"));
        }
    }
    for found in tables.incidents.values() {
        let own = alerts_of(tables, found.id);
        let of = |field: &str| format!("{field} of {}", incident(found.id));
        let firing = own.iter().filter(|alert| alert.status == AlertStatus::Firing).count() as u64;
        violations.equal(&found.alert_count, &(own.len() as u64), || of("alert_count"));
        violations.equal(&found.firing_alert_count, &firing, || of("firing_alert_count"));
        let worst = own.iter().map(|alert| alert.severity).max();
        violations.equal(&Some(found.severity), &worst, || of("severity"));
        for (severity, count) in &found.alerts_by_severity {
            let rows = own.iter().filter(|alert| alert.severity == *severity).count() as u64;
            violations.equal(count, &rows, || of("the alerts by severity"));
        }
        // A person who resolves an incident ends its alerts, in the same transaction if they are few.
        violations
            .unless(found.status < Status::Resolved || firing == 0, || of("an alert fires in a resolved incident:"));
        // A service stays named after an earlier event rewrote the alert.
        let services: BTreeSet<&str> = own.iter().filter_map(|alert| alert.service.as_deref()).collect();
        let said: BTreeSet<&str> = own
            .iter()
            .filter_map(|alert| model.problems.get(&problem_of(alert)))
            .flat_map(|problem| problem.services.iter().map(String::as_str))
            .collect();
        let named: BTreeSet<&str> = found.services.iter().map(String::as_str).collect();
        violations.unless(named.is_superset(&services) && named.is_subset(&said), || {
            format!("services of {} are {named:?} instead of {services:?}", incident(found.id))
        });
        let sources: BTreeSet<&str> = own.iter().map(|alert| alert.source.as_str()).collect();
        violations.equal(&found.sources.iter().map(Source::as_str).collect(), &sources, || of("sources"));
        let first = own.iter().map(|alert| alert.occurred_at).min();
        violations.equal(&Some(found.first_alert_at), &first, || of("first_alert_at"));
        // A late event may show that the last one only repeated it. The incident keeps its time.
        let of_problems = own.iter().filter_map(|alert| model.problems.get(&problem_of(alert)));
        let repeated = of_problems.filter(|problem| problem.may_repeat()).filter_map(|problem| problem.times().last());
        let last = own.iter().map(|alert| alert.last_seen_at).chain(repeated).max();
        violations.unless(Some(found.last_alert_at) <= last, || of("last_alert_at after its last alert,"));
        violations.unless(found.first_alert_at <= found.last_alert_at, || of("first_alert_at after last_alert_at"));
        if let Some(earlier) = found.recurrence_of {
            // Only a resolved or closed incident recurs, and it stays so.
            let over = tables.incidents.get(&earlier).is_some_and(|earlier| earlier.status >= Status::Resolved);
            violations
                .unless(over, || format!("{} recurs of {}, which is not over", incident(found.id), incident(earlier)));
        }
    }
}
