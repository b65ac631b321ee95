//! A person says something about an incident.
//!
//! A caller who does not know whether a comment was taken sends it again with the same key. The claim of the key is
//! written with the comment and holds it, so that the second request is answered like the first.

use super::incident_writer::{
    Attempts, ChangeIncidentError, DecidedChange, IncidentWriter, Precondition, WrittenChange,
};
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        action::{Action, ActionKind},
        id::IncidentId,
        incident::Incident,
        time::Time,
    },
    keys,
    retry::{Outlook, Retries, Retryable},
    store::{StoreError, Tables, claims::Claims},
};

/// What a person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub text: String,
    /// The name of the API token.
    pub actor: String,
    /// The same for the same comment, however often it is sent. Keys of two people or two incidents are never the same.
    pub key: Option<String>,
}

/// A comment in the history of its incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedComment {
    pub action: Action,
    pub incident: Incident,
    /// False if an earlier request with the same key added it.
    pub is_new: bool,
}

/// Why a comment was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddCommentError {
    #[error(transparent)]
    Change(#[from] ChangeIncidentError),
    /// The key was sent before with another comment.
    #[error("the key belongs to another comment")]
    KeyReused,
}

impl From<StoreError> for AddCommentError {
    fn from(error: StoreError) -> Self {
        Self::Change(error.into())
    }
}

impl Retryable for AddCommentError {
    fn outlook(&self) -> Outlook {
        match self {
            Self::Change(error) => error.outlook(),
            Self::KeyReused => Outlook::Hopeless,
        }
    }
}

/// The use case.
#[derive(Debug)]
pub struct AddComment {
    writer: IncidentWriter,
    claims: Claims,
}

impl AddComment {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { writer: IncidentWriter::new(tables)?, claims: tables.claims()? })
    }

    /// Adds a comment to an incident of any status, once for each key. If another writer changes the incident
    /// meanwhile, both changes stay.
    ///
    /// # Errors
    /// [`AddCommentError`]
    pub async fn add(
        &self,
        id: IncidentId,
        comment: &Comment,
        precondition: &Precondition<'_>,
        now: Time,
        deadline: Deadline,
    ) -> Result<AddedComment, AddCommentError> {
        let mut attempts = Attempts::new();
        let mut retries = Retries::of_person(deadline);
        loop {
            match self.attempt(id, comment, precondition, now, &mut attempts).await {
                Err(error) if retries.pause_after(&error).await => {}
                result => return result,
            }
        }
    }

    async fn attempt(
        &self,
        id: IncidentId,
        comment: &Comment,
        precondition: &Precondition<'_>,
        now: Time,
        attempts: &mut Attempts,
    ) -> Result<AddedComment, AddCommentError> {
        let incident = self.writer.get(id, now).await?;
        if let Some(written) = self.writer.committed(attempts).await? {
            return added(written);
        }
        let claim = comment.key.as_ref().map(|key| keys::comment_claim(id, &comment.actor, key));
        let kind = ActionKind::CommentAdded { comment: comment.text.clone() };
        if let Some(claim) = &claim
            && let Some(action) = self.claims.comment(claim, now).await?
        {
            return if action.kind == kind {
                Ok(AddedComment { action, incident, is_new: false })
            } else {
                Err(AddCommentError::KeyReused)
            };
        }
        if !precondition(incident.version) {
            return Err(ChangeIncidentError::Stale(Box::new(incident)).into());
        }
        let change = WrittenChange::of(incident.clone().note(kind, now), &comment.actor);
        let claim = claim.iter().zip(change.actions.first());
        let others = claim.map(|(claim, action)| self.claims.comment_claim(claim, action, now));
        let others = others.collect::<Result<_, _>>()?;
        let decided = DecidedChange { before: &incident, change, others };
        added(self.writer.write(decided, attempts, now).await.map_err(ChangeIncidentError::from)?)
    }
}

fn added(written: WrittenChange) -> Result<AddedComment, AddCommentError> {
    let action = written.actions.into_iter().next().ok_or(ChangeIncidentError::NotFound)?;
    Ok(AddedComment { action, incident: written.incident, is_new: true })
}
