//! Answers to changes of incidents.

use serde::Serialize;

use super::incident::IncidentView;
use crate::{
    domain::action::Action,
    service::{merge_incidents::MergedIncidents, split_incident::DividedIncident},
};

/// The answer to a change of status.
#[derive(Debug, Serialize)]
pub struct ChangedIncidentView {
    pub incident: IncidentView,
}

/// The answer to a comment.
#[derive(Debug, Serialize)]
pub struct CommentView {
    pub action: Action,
    pub incident: IncidentView,
}

/// The answer to a merge.
#[derive(Debug, Serialize)]
pub struct MergedIncidentsView {
    incident: IncidentView,
    merged: Vec<IncidentView>,
}

impl From<MergedIncidents> for MergedIncidentsView {
    fn from(merged: MergedIncidents) -> Self {
        let others = merged.others.into_iter().map(IncidentView::from).collect();
        Self { incident: merged.incident.into(), merged: others }
    }
}

/// The answer to a split.
#[derive(Debug, Serialize)]
pub struct DividedIncidentView {
    incident: IncidentView,
    into: IncidentView,
}

impl From<DividedIncident> for DividedIncidentView {
    fn from(divided: DividedIncident) -> Self {
        Self { incident: divided.incident.into(), into: divided.into.into() }
    }
}
