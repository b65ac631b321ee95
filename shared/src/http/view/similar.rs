//! Incidents that are like another.

use serde::Serialize;

use super::incident::IncidentView;
use crate::service::list_similar_incidents::SimilarIncident;

/// Incidents that are like another.
#[derive(Debug, Serialize)]
pub struct SimilarIncidentsView {
    items: Vec<SimilarIncidentView>,
}

#[derive(Debug, Serialize)]
struct SimilarIncidentView {
    incident: IncidentView,
    score: f64,
    services: Vec<String>,
    problems: Vec<String>,
    words: Vec<String>,
    seconds_to_resolve: Option<i64>,
}

impl From<Vec<SimilarIncident>> for SimilarIncidentsView {
    fn from(similar: Vec<SimilarIncident>) -> Self {
        let view = |similar: SimilarIncident| {
            let SimilarIncident { incident, score, services, problems, words } = similar;
            let took = incident.resolved_at.map(|at| at.as_seconds() - incident.created_at.as_seconds());
            SimilarIncidentView {
                seconds_to_resolve: took.map(|seconds| seconds.max(0)),
                incident: incident.into(),
                score,
                services,
                problems,
                words,
            }
        };
        Self { items: similar.into_iter().map(view).collect() }
    }
}
