//! The crates of the functions by their names in the template.

use std::{error::Error, sync::Arc};

use shared::{aws::Aws, config::Environment};

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
    macro_rules! started {
        ($kind:ident $function:ident) => {{
            let function = $function::Function::start(environment, aws)
                .await
                .map_err(|error| FunctionError::Start { function: logical_id.to_owned(), source: error.into() })?;
            let function = Arc::new(function);
            lambda::$kind(move |event| {
                let function = Arc::clone(&function);
                async move { function.handle(event).await }
            })
        }};
    }
    Ok(match logical_id {
        "Authorize" => started!(event authorize),
        "ChangeStatus" => started!(http change_status),
        "DeleteQuarantineEntry" => started!(http delete_quarantine_entry),
        "GetIncident" => started!(http get_incident),
        "GetQuarantineEntry" => started!(http get_quarantine_entry),
        "GroupAlerts" => started!(event group_alerts),
        "Health" => started!(http health),
        "ListAlerts" => started!(http list_alerts),
        "ListIncidents" => started!(http list_incidents),
        "ListQuarantine" => started!(http list_quarantine),
        "QuarantineDeadLetters" => started!(event quarantine_dead_letters),
        "ReceiveWebhook" => started!(http receive_webhook),
        "RedriveQuarantineEntry" => started!(http redrive_quarantine_entry),
        unknown => return Err(FunctionError::Unknown(unknown.to_owned())),
    })
}
