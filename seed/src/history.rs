//! Writes a timeline into a stack's tables, through the code that handles real webhooks; only the time is given.

use std::{collections::BTreeMap, fmt};

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use shared::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{delivery, id::IncidentId, time::Time},
    service::{
        change_status::{self, ChangeStatusError, StatusChanger},
        group::{Effect, GroupError, Grouper, StartError},
        receive::{Webhook, read},
    },
    vendors::{self, InvalidJson},
};

use crate::{Delivery, StatusChange, Step, Timeline};

/// What was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Webhooks.
    pub deliveries: usize,
    /// New alerts.
    pub alerts: usize,
    /// New incidents.
    pub incidents: usize,
    /// Changes of status.
    pub status_changes: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deliveries, alerts, incidents, status_changes } = self;
        write!(
            formatter,
            "{deliveries} webhooks made {alerts} alerts in {incidents} incidents, with {status_changes} changes of status"
        )
    }
}

/// The history could not be written; what was written stays.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A payload cannot be written as JSON.
    #[error("a payload cannot be made: {0}")]
    Payload(#[from] serde_json::Error),
    /// A delivery is not a webhook that a vendor could send.
    #[error("the delivery of {at} is not a webhook: {reason}")]
    Delivery {
        /// When it should have arrived.
        at: Timestamp,
        /// Why.
        reason: NotAWebhook,
    },
    /// The configuration is incomplete.
    #[error(transparent)]
    Missing(#[from] MissingVariable),
    /// Grouping does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A delivery cannot be grouped.
    #[error("the delivery of {at} is not grouped: {source}")]
    Group {
        /// When it arrived.
        at: Timestamp,
        /// Why.
        source: GroupError,
    },
    /// A status cannot be changed.
    #[error("the status is not changed at {at}: {source}")]
    Change {
        /// When it should have been.
        at: Timestamp,
        /// Why.
        source: ChangeStatusError,
    },
}

/// Why a delivery is not a webhook.
#[derive(Debug, thiserror::Error)]
pub enum NotAWebhook {
    /// The product does not know the vendor.
    #[error("its vendor is not known")]
    Vendor,
    /// A header cannot be sent.
    #[error("a header is impossible: {0}")]
    Header(#[from] http::Error),
    /// Its body is not JSON.
    #[error(transparent)]
    Body(#[from] InvalidJson),
}

/// Writes the history of a seed that ends now. `progress` hears how many steps are done, of how many.
///
/// Deliveries that took effect before are left as they are, and so are the incidents that they opened.
///
/// # Errors
/// [`SeedError`]
pub async fn history(
    aws: &Aws,
    environment: &Environment,
    seed: u64,
    now: Timestamp,
    mut progress: impl FnMut(usize, usize),
) -> Result<Summary, SeedError> {
    let timeline = Timeline::new(seed, now)?;
    let mut writer = Writer {
        grouper: Grouper::start(environment, aws, seed)?,
        // Another sequence of ids than the grouper's.
        changer: StatusChanger::start(environment, aws, !seed)?,
        opened: BTreeMap::new(),
        summary: Summary::default(),
    };
    let total = timeline.steps.len();
    for (done, step) in (1..).zip(&timeline.steps) {
        match step {
            Step::Delivery(delivery) => writer.group(delivery).await?,
            Step::StatusChange(change) => writer.change(change).await?,
        }
        progress(done, total);
    }
    Ok(writer.summary)
}

struct Writer {
    grouper: Grouper,
    changer: StatusChanger,
    /// The incidents, by the number of the delivery that opened each.
    opened: BTreeMap<usize, IncidentId>,
    summary: Summary,
}

impl Writer {
    async fn group(&mut self, delivery: &Delivery) -> Result<(), SeedError> {
        let at = delivery.at;
        let number = self.summary.deliveries;
        self.summary.deliveries += 1;
        let Some(received) = receive(delivery).map_err(|reason| SeedError::Delivery { at, reason })? else {
            return Ok(());
        };
        let effect = self.grouper.group(&received, at.into()).await;
        match effect.map_err(|source| SeedError::Group { at, source })? {
            Effect::Opened(_, incident) => {
                self.summary.alerts += 1;
                self.summary.incidents += 1;
                self.opened.insert(number, incident);
            }
            Effect::Joined(..) | Effect::Recorded(_) => self.summary.alerts += 1,
            _ => {}
        }
        Ok(())
    }

    async fn change(&mut self, change: &StatusChange) -> Result<(), SeedError> {
        let Some(&incident) = self.opened.get(&change.opened_by) else { return Ok(()) };
        let wanted = change_status::StatusChange {
            status: change.to,
            comment: Some(change.comment.clone()),
            actor: change.actor.clone(),
            if_match: None,
        };
        let changed = self.changer.change(incident, &wanted, change.at.into()).await;
        changed.map_err(|source| SeedError::Change { at: change.at, source })?;
        self.summary.status_changes += 1;
        Ok(())
    }
}

/// What the receiving function makes of an authentic webhook; nothing, if it is of no interest.
fn receive(delivery: &Delivery) -> Result<Option<Box<delivery::Delivery>>, NotAWebhook> {
    let vendor = vendors::find(delivery.vendor.name()).ok_or(NotAWebhook::Vendor)?;
    let body = delivery.body.as_bytes();
    Ok(match read(vendor, &headers(delivery)?, body, Time::from(delivery.at))? {
        Webhook::Delivery(received) => Some(received),
        Webhook::Ignored { .. } => None,
    })
}

fn headers(delivery: &Delivery) -> Result<HeaderMap, http::Error> {
    let pairs = delivery.headers.iter();
    pairs.map(|(name, value)| Ok((HeaderName::try_from(name)?, HeaderValue::try_from(value)?))).collect()
}
