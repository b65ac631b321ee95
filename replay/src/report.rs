//! Says in lines of text what would be grouped otherwise.

use std::{collections::BTreeSet, fmt::Write};

use shared::domain::id::IncidentId;

use crate::{
    comparison::{Difference, differences},
    incidents,
    memory::Placed,
    stored::StoredAlert,
};

/// The alerts of an incident that are listed. The others are counted.
const MAX_LISTED: usize = 10;

/// Alerts, and how two sets of rules group them.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'compared> {
    pub alerts: &'compared [StoredAlert],
    pub before: &'compared [Option<Placed>],
    pub after: &'compared [Option<Placed>],
}

impl Compared<'_> {
    /// What would be grouped otherwise.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        differences(&incidents(self.before), &incidents(self.after))
    }

    /// The report. Its last part says how far the replay can be trusted.
    #[must_use]
    pub fn report(&self) -> String {
        let differences = self.differences();
        // Writing to it does not fail.
        let mut report = String::new();
        let count =
            |placed: &[Option<Placed>]| incidents(placed).into_iter().flatten().collect::<BTreeSet<IncidentId>>().len();
        let (alerts, now, other) =
            (many(self.alerts.len(), "alert"), many(count(self.before), "incident"), count(self.after));
        let _ = writeln!(report, "{alerts}: {now} by the rules of now, {other} by the other rules.");
        if differences.is_empty() {
            let _ = writeln!(report, "Nothing would be grouped otherwise.");
        }
        for difference in &differences {
            let _ = writeln!(report, "\n{}", headline(difference, self));
            for alerts in &difference.after {
                self.incident(&mut report, alerts);
            }
        }
        let stored: Vec<Option<IncidentId>> = self.alerts.iter().map(|alert| alert.incident_id).collect();
        let others: usize =
            crate::comparison::differences(&stored, &incidents(self.before)).iter().map(alerts_of).sum();
        let _ = writeln!(
            report,
            "\nOf {} alerts, {} are stored in the incidents to which the rules of now lead here.",
            self.alerts.len(),
            self.alerts.len() - others
        );
        report
    }

    fn incident(&self, report: &mut String, alerts: &[usize]) {
        let is_alone = alerts.iter().all(|place| self.placed(*place).is_none_or(|placed| placed.incident_id.is_none()));
        let incident =
            if is_alone { "no incident".to_owned() } else { format!("an incident of {}", many(alerts.len(), "alert")) };
        let _ = writeln!(report, "  {incident}:");
        for place in alerts.iter().take(MAX_LISTED) {
            let Some(alert) = self.alerts.get(*place) else { continue };
            let service = alert.service.as_deref().unwrap_or("no service");
            let reason = self.placed(*place).map(|placed| placed.grouping.reason()).unwrap_or_default();
            let _ = writeln!(report, "    {} {} {service}: {}", alert.id, alert.occurred_at, alert.title);
            let _ = writeln!(report, "      {reason}");
        }
        if alerts.len() > MAX_LISTED {
            let _ = writeln!(report, "    and {} more", alerts.len() - MAX_LISTED);
        }
    }

    fn placed(&self, place: usize) -> Option<&Placed> {
        self.after.get(place)?.as_ref()
    }
}

fn alerts_of(difference: &Difference) -> usize {
    difference.before.iter().map(Vec::len).sum()
}

fn headline(difference: &Difference, compared: &Compared<'_>) -> String {
    let stored = difference.before.iter().flatten().filter_map(|place| compared.alerts.get(*place)?.incident_id);
    let stored: BTreeSet<IncidentId> = stored.collect();
    let names: Vec<String> = stored.iter().map(IncidentId::to_string).collect();
    let names = if names.is_empty() { "no incident".to_owned() } else { names.join(", ") };
    let (alerts, now) = (many(alerts_of(difference), "alert"), many(difference.before.len(), "group"));
    let other = many(difference.after.len(), "group");
    format!("{alerts}, in {now} now, would be in {other} ({names} in the stack):")
}

fn many(count: usize, name: &str) -> String {
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}
