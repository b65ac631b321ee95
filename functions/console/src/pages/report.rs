//! The report of an incident, as a file to keep.

use shared::{
    domain::id::IncidentId,
    http::{Response, problem::Problem, report},
};

use super::incident;
use crate::{Function, visit::Visit};

/// Sends the report.
///
/// # Errors
/// A [`Problem`] if there is no such incident, or a table cannot be read.
pub async fn show(console: &Function, visit: &Visit, id: IncidentId) -> Result<Response, Problem> {
    let history = console.get_report.get(id, visit.now, visit.deadline).await;
    let history = history.map_err(|error| Problem::unavailable(&error))?.ok_or_else(incident::unknown)?;
    Ok(report::answer(&history, visit.now))
}
