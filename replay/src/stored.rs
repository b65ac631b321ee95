//! Alerts as the API shows them, and the events that they came from.

use serde::Deserialize;
use shared::domain::{
    classification::Evidence,
    event::{AlertEvent, Transition},
    id::{AlertId, IncidentId},
    source::Source,
    time::Time,
};

/// An alert, as far as it decides how it is grouped. The API shows more.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredAlert {
    pub id: AlertId,
    pub source: Source,
    pub external_id: Option<String>,
    pub dedup_key: String,
    pub title: String,
    pub message: Option<String>,
    pub service: Option<String>,
    pub tags: Vec<String>,
    pub group: Option<String>,
    pub is_test: bool,
    pub occurred_at: Time,
    pub created_at: Time,
    pub resolved_at: Option<Time>,
    pub incident_id: Option<IncidentId>,
    pub classification: StoredClassification,
}

/// Where the service and the environment of an alert come from.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredClassification {
    service: StoredEvidence,
    environment: StoredEvidence,
}

#[derive(Debug, Clone, Deserialize)]
struct StoredEvidence {
    evidence: Evidence,
    /// The source's own name, if it stated one. The alert may have another by the rules.
    matched: Option<String>,
}

impl StoredAlert {
    /// What its source said. Rules decide anew on what it did not say.
    fn event(&self) -> AlertEvent {
        let stated = |from: &StoredEvidence| from.matched.clone().filter(|_| from.evidence == Evidence::Stated);
        // Each alert is an episode, so each is a problem of its own here.
        let problem = self.id.to_string();
        AlertEvent {
            external_id: self.external_id.clone(),
            group_key: self.group_key(),
            title: self.title.clone(),
            message: self.message.clone(),
            service: stated(&self.classification.service),
            environment: stated(&self.classification.environment),
            group: self.group.clone(),
            is_test: self.is_test,
            tags: self.tags.clone(),
            ..AlertEvent::bare(self.source.clone(), &problem, Transition::Firing, self.occurred_at)
        }
    }

    /// The source's own key, from what people see of it: a monitor and its scope, or an issue.
    fn group_key(&self) -> String {
        let Self { source, external_id, dedup_key, group, .. } = self;
        match external_id {
            Some(external_id) => format!("{source}|{external_id}|{}", group.as_deref().unwrap_or_default()),
            None => format!("{source}|{dedup_key}"),
        }
    }
}

/// The events of alerts in the order in which they came: of which alert, what, and when.
#[must_use]
pub fn arrivals(alerts: &[StoredAlert]) -> Vec<(usize, AlertEvent, Time)> {
    let mut arrivals = Vec::with_capacity(2 * alerts.len());
    for (position, alert) in alerts.iter().enumerate() {
        let event = alert.event();
        if let Some(resolved_at) = alert.resolved_at {
            let (transition, occurred_at, ordered_at) = (Transition::Resolved, resolved_at, resolved_at);
            let resolved = AlertEvent { transition, occurred_at, ordered_at, ..event.clone() };
            arrivals.push((position, resolved, resolved_at.max(alert.created_at)));
        }
        arrivals.push((position, event, alert.created_at));
    }
    arrivals.sort_by_key(|(position, event, at)| {
        let id = alerts.get(*position).map(|alert| alert.id);
        (*at, event.transition == Transition::Resolved, id)
    });
    arrivals
}
