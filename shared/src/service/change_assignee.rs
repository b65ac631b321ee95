//! A person gives an incident to somebody, or takes it away.

use super::incident_writer::{
    Attempts, ChangeIncidentError, DecidedChange, IncidentWriter, Precondition, WrittenChange,
};
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{assignee::Assignee, id::IncidentId, incident::Incident, time::Time},
    retry::Retries,
    store::Tables,
};

/// The assignee that a person names, and who the person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssigneeChange {
    /// `None` if nobody shall work on it.
    pub assignee: Option<Assignee>,
    /// The name of the API token.
    pub actor: String,
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedAssignee {
    pub incident: Incident,
    /// False if the incident had this assignee already.
    pub is_changed: bool,
}

/// The use case.
#[derive(Debug)]
pub struct ChangeAssignee {
    writer: IncidentWriter,
}

impl ChangeAssignee {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { writer: IncidentWriter::new(tables)? })
    }

    /// Changes the assignee of an incident of any status, or finds that it is the same and records nothing.
    ///
    /// If another writer changes the incident meanwhile, both changes stay, unless the caller insists on a version.
    ///
    /// # Errors
    /// [`ChangeIncidentError`]
    pub async fn change(
        &self,
        id: IncidentId,
        change: &AssigneeChange,
        precondition: &Precondition<'_>,
        now: Time,
        deadline: Deadline,
    ) -> Result<ChangedAssignee, ChangeIncidentError> {
        let mut attempts = Attempts::new();
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.attempt(id, change, precondition, now, &mut attempts).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn attempt(
        &self,
        id: IncidentId,
        change: &AssigneeChange,
        precondition: &Precondition<'_>,
        now: Time,
        attempts: &mut Attempts,
    ) -> Result<ChangedAssignee, ChangeIncidentError> {
        let incident = self.writer.get(id, now).await?;
        if let Some(written) = self.writer.committed(attempts).await? {
            return Ok(ChangedAssignee { incident: written.incident, is_changed: true });
        }
        if !precondition(incident.version) {
            return Err(ChangeIncidentError::Stale(Box::new(incident)));
        }
        let Some(changed) = incident.clone().assign(change.assignee.clone(), now) else {
            return Ok(ChangedAssignee { incident, is_changed: false });
        };
        let change = WrittenChange::of(changed, &change.actor);
        let decided = DecidedChange { before: &incident, change, others: Vec::new() };
        let written = self.writer.write(decided, attempts, now).await?;
        Ok(ChangedAssignee { incident: written.incident, is_changed: true })
    }
}
