//! The crates of the functions by their names in the template.

use std::{error::Error, sync::Arc};

use shared::{
    aws::Aws,
    config::Environment,
    function::{self, EventFunction, HttpFunction, Running},
};

use crate::lambda::{self, Handler};

/// Why a function did not start.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    #[error("template.yaml: the local stack has no function {0}: add it to infra/local/src/functions.rs")]
    Unknown(String),
    #[error("{function} does not start: {source}")]
    Start { function: String, source: Box<dyn Error + Send + Sync> },
}

/// Starts the function with this name, like its `main`.
///
/// # Errors
/// If no crate implements the function, or its start fails.
pub async fn start(logical_id: &str, environment: &Environment, aws: &Aws) -> Result<Handler, FunctionError> {
    let started = match logical_id {
        "AddComment" => http::<add_comment::Function>(environment, aws).await,
        "Authorize" => event::<authorize::Function>(environment, aws).await,
        "ChangeAlertStatus" => http::<change_alert_status::Function>(environment, aws).await,
        "ChangeAssignee" => http::<change_assignee::Function>(environment, aws).await,
        "ChangeStatus" => http::<change_status::Function>(environment, aws).await,
        "Console" => http::<console::Function>(environment, aws).await,
        "DeleteAlertPayload" => http::<delete_alert_payload::Function>(environment, aws).await,
        "DeleteQuarantineEntry" => http::<delete_quarantine_entry::Function>(environment, aws).await,
        "GetAlert" => http::<get_alert::Function>(environment, aws).await,
        "GetAlertPayload" => http::<get_alert_payload::Function>(environment, aws).await,
        "GetAlertStats" => http::<get_alert_stats::Function>(environment, aws).await,
        "GetIncident" => http::<get_incident::Function>(environment, aws).await,
        "GetIncidentReport" => http::<get_incident_report::Function>(environment, aws).await,
        "GetIncidentStats" => http::<get_incident_stats::Function>(environment, aws).await,
        "GetQuarantineEntry" => http::<get_quarantine_entry::Function>(environment, aws).await,
        "GroupAlerts" => event::<group_alerts::Function>(environment, aws).await,
        "Health" => http::<health::Function>(environment, aws).await,
        "ListAlerts" => http::<list_alerts::Function>(environment, aws).await,
        "ListIncidents" => http::<list_incidents::Function>(environment, aws).await,
        "ListQuarantine" => http::<list_quarantine::Function>(environment, aws).await,
        "ListSimilarIncidents" => http::<list_similar_incidents::Function>(environment, aws).await,
        "MergeIncidents" => http::<merge_incidents::Function>(environment, aws).await,
        "QuarantineDeadLetters" => event::<quarantine_dead_letters::Function>(environment, aws).await,
        "ReceiveWebhook" => http::<receive_webhook::Function>(environment, aws).await,
        "RedriveQuarantine" => http::<redrive_quarantine::Function>(environment, aws).await,
        "RedriveQuarantineEntry" => http::<redrive_quarantine_entry::Function>(environment, aws).await,
        "SealSegments" => event::<seal_segments::Function>(environment, aws).await,
        "SplitIncident" => http::<split_incident::Function>(environment, aws).await,
        unknown => return Err(FunctionError::Unknown(unknown.to_owned())),
    };
    started.map_err(|source| FunctionError::Start { function: logical_id.to_owned(), source })
}

async fn http<F: HttpFunction>(environment: &Environment, aws: &Aws) -> Result<Handler, function::Error> {
    Ok(lambda::http(Arc::new(Running::<F>::start(environment, aws).await?)))
}

async fn event<F: EventFunction>(environment: &Environment, aws: &Aws) -> Result<Handler, function::Error> {
    Ok(lambda::event(Arc::new(F::start(environment, aws).await?)))
}
