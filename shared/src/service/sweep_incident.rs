//! Goes on with what is left to do in an incident: its alerts move, if it was merged, or end, if it was resolved.

use super::{
    move_alerts::{MoveAlerts, MoveAlertsError},
    resolve_alerts::{ResolveAlertError, ResolveAlerts},
};
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{id::IncidentId, time::Time},
    retry::Retries,
    store::Tables,
};

/// The use case.
#[derive(Debug)]
pub struct SweepIncident {
    move_alerts: MoveAlerts,
    resolve_alerts: ResolveAlerts,
}

impl From<MoveAlertsError> for ResolveAlertError {
    fn from(MoveAlertsError::Unavailable(error): MoveAlertsError) -> Self {
        Self::Unavailable(error)
    }
}

impl SweepIncident {
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { move_alerts: MoveAlerts::new(tables)?, resolve_alerts: ResolveAlerts::new(tables)? })
    }

    /// Does what is left. Returns for how many alerts it may still be left. Alerts that fire and move into an incident that
    /// was resolved end there.
    ///
    /// # Errors
    /// [`ResolveAlertError`]
    pub async fn sweep(&self, id: IncidentId, now: Time, deadline: Deadline) -> Result<u64, ResolveAlertError> {
        let left = self.move_alerts.go_on(id, now, deadline).await?;
        let Some(successor) = self.successor(id, now, deadline).await? else { return Ok(left) };
        Ok(left + self.resolve_alerts.sweep(successor, now, deadline).await?)
    }

    async fn successor(
        &self,
        id: IncidentId,
        now: Time,
        deadline: Deadline,
    ) -> Result<Option<IncidentId>, ResolveAlertError> {
        let mut retries = Retries::of_message(deadline);
        loop {
            match self.move_alerts.successor(id, now).await.map_err(ResolveAlertError::from) {
                Err(error) if retries.pause_after(&error).await => {}
                result => return Ok(result?.map(|incident| incident.id)),
            }
        }
    }
}
