//! Writes a timeline into a stack's tables, through the code that handles real webhooks; only the time is given.

mod order;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use shared::{
    aws::Aws,
    config::{Environment, MissingVariable},
    domain::{delivery, id::IncidentId, time::Time},
    service::{
        change_status::{self, ChangeStatus, ChangeStatusError},
        group_alerts::{Effect, GroupAlerts, GroupError, StartError},
        receive_webhook::{Webhook, read},
    },
    sources,
    store::{StoreError, claims::Claims},
};

use self::order::Order;
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

impl Summary {
    fn count(&mut self, written: Written) {
        self.deliveries += usize::from(matches!(written, Written::Delivery | Written::Alert | Written::Incident));
        self.alerts += usize::from(matches!(written, Written::Alert | Written::Incident));
        self.incidents += usize::from(written == Written::Incident);
        self.status_changes += usize::from(written == Written::StatusChange);
    }
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
    /// There is a history already: people may rely on it, and lists have counted what its past holds.
    #[error("the stack holds a history already; demo data is for an empty one")]
    NotEmpty,
    /// It cannot be told whether there is one.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A payload cannot be written as JSON.
    #[error("a payload cannot be made: {0}")]
    Payload(#[from] serde_json::Error),
    /// A delivery is not a webhook that a source could send.
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
    /// The product does not know the source.
    #[error("its source is not known")]
    WebhookSource,
}

/// Writes the history of a seed that ends now, into an empty stack. `progress` hears how many steps are done, of how many.
///
/// What involves the same services is written in order of time; outages that have nothing to do with each other, side
/// by side. So everything but the random part of ids is the same each time.
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
    let claims = Claims::new(aws.dynamodb(), environment.claims_table()?);
    if claims.history_start().await?.is_some() {
        return Err(SeedError::NotEmpty);
    }
    let timeline = Timeline::new(seed, now)?;
    let writer = Writer {
        grouper: GroupAlerts::start(environment, aws, seed)?,
        changer: ChangeStatus::start(environment, aws)?,
        opened: Mutex::default(),
    };
    let mut numbers = 0..;
    let mut order = Order::default();
    let steps = timeline.touching().map(|(step, touched)| {
        let mut turn = order.turn(touched);
        let number = matches!(step, Step::Delivery(_)).then(|| numbers.next()).flatten().unwrap_or_default();
        let writer = &writer;
        async move {
            turn.comes().await;
            let written = match step {
                Step::Delivery(delivery) => writer.group(number, delivery).await,
                Step::StatusChange(change) => writer.change(change).await,
            };
            turn.ends();
            written
        }
    });
    let total = timeline.steps.len();
    let mut written = stream::iter(steps).buffer_unordered(AHEAD);
    let mut summary = Summary::default();
    let mut done = 0;
    while let Some(step) = written.next().await {
        summary.count(step?);
        done += 1;
        progress(done, total);
    }
    Ok(summary)
}

/// How many steps are begun at most. Nearly all of them wait for their turn; this many reach from an outage to
/// others that have nothing to do with it.
const AHEAD: usize = 256;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Nothing,
    Delivery,
    Alert,
    Incident,
    StatusChange,
}

struct Writer {
    grouper: GroupAlerts,
    changer: ChangeStatus,
    /// The incidents, by the number of the delivery that opened each.
    opened: Mutex<BTreeMap<usize, IncidentId>>,
}

impl Writer {
    async fn group(&self, number: usize, delivery: &Delivery) -> Result<Written, SeedError> {
        let at = delivery.at;
        let Some(received) = receive(delivery).map_err(|reason| SeedError::Delivery { at, reason })? else {
            return Ok(Written::Delivery);
        };
        let effect = self.grouper.group(&received, at.into()).await;
        Ok(match effect.map_err(|source| SeedError::Group { at, source })? {
            Effect::Opened(_, incident) => {
                self.opened().insert(number, incident);
                Written::Incident
            }
            Effect::Joined(..) | Effect::Recorded(_) => Written::Alert,
            _ => Written::Delivery,
        })
    }

    async fn change(&self, change: &StatusChange) -> Result<Written, SeedError> {
        let opened = self.opened().get(&change.opened_by).copied();
        let Some(incident) = opened else { return Ok(Written::Nothing) };
        let wanted = change_status::StatusChange {
            status: change.to,
            comment: Some(change.comment.clone()),
            actor: change.actor.clone(),
            if_match: None,
        };
        let changed = self.changer.change(incident, &wanted, change.at.into()).await;
        changed.map_err(|source| SeedError::Change { at: change.at, source })?;
        Ok(Written::StatusChange)
    }

    fn opened(&self) -> MutexGuard<'_, BTreeMap<usize, IncidentId>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the receiving function makes of an authentic webhook; nothing, if it is of no interest.
fn receive(delivery: &Delivery) -> Result<Option<Box<delivery::Delivery>>, NotAWebhook> {
    let source = sources::find(delivery.source.name()).ok_or(NotAWebhook::WebhookSource)?;
    let body = delivery.body.as_bytes();
    let headers = delivery.headers.iter().collect();
    Ok(match read(source, &headers, body, Time::from(delivery.at)) {
        Webhook::Delivery(received) => Some(received),
        Webhook::Ignored { .. } => None,
    })
}
