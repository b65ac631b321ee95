//! Groups stored alerts again by other rules, and says what would be grouped otherwise. Nothing is changed.

pub mod comparison;
pub mod memory;
pub mod report;
pub mod stack;
pub mod stored;

use std::path::{Path, PathBuf};

use shared::{
    domain::{event::Transition, id::IncidentId},
    rules::{InvalidRules, Rules},
};

use memory::{Memory, Placed};
use stored::StoredAlert;

/// Why rules cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    #[error("{}: {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{}: {error}", path.display())]
    Invalid { path: PathBuf, error: InvalidRules },
}

/// Reads rules from a file like `infra/rules.yaml`.
///
/// # Errors
/// [`RulesError`]
pub fn read_rules(path: &Path) -> Result<Rules, RulesError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| RulesError::Unreadable { path: path.to_owned(), error })?;
    Rules::parse(&text).map_err(|error| RulesError::Invalid { path: path.to_owned(), error })
}

/// Groups alerts anew, in the order in which they came. Returns where each one is, in the order of `alerts`.
///
/// Incidents stay open: what people did to the stored ones is not repeated.
#[must_use]
pub fn regroup(alerts: &[StoredAlert], rules: &Rules) -> Vec<Option<Placed>> {
    let mut memory = Memory::default();
    let mut placed: Vec<Option<Placed>> = vec![None; alerts.len()];
    for (position, event, at) in stored::arrivals(alerts) {
        let grouped = memory.take(&event, at, rules, &|_| {});
        if let (Transition::Firing, Some(place)) = (event.transition, placed.get_mut(position)) {
            *place = grouped;
        }
    }
    placed
}

/// The incidents of placed alerts.
#[must_use]
pub fn incidents(placed: &[Option<Placed>]) -> Vec<Option<IncidentId>> {
    placed.iter().map(|placed| placed.as_ref()?.incident_id).collect()
}

#[cfg(test)]
mod tests;
