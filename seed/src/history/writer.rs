//! Writes one step of a timeline, through the product's own code.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    deadline::Deadline,
    domain::{delivery::Delivery, id::IncidentId, time::Time},
    service::{
        change_status::{self, ChangeStatus},
        group_alerts::{Effect, GroupAlerts},
        read_webhook::{self, Received},
    },
    sources,
    store::Tables,
};

use super::{error::SeedError, summary::Summary};
use crate::{
    timeline::{Action, StatusChange},
    webhook::Webhook,
};

/// How long one step of the timeline may take.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

pub struct Writer {
    grouper: GroupAlerts,
    changer: ChangeStatus,
    /// The incidents, by the number of the webhook that opened each.
    opened: BTreeMap<usize, IncidentId>,
}

impl Writer {
    pub fn new(tables: &Tables, seed: u64) -> Result<Self, SeedError> {
        Ok(Self {
            grouper: GroupAlerts::new(tables, seed)?,
            changer: ChangeStatus::new(tables, None)?,
            opened: BTreeMap::new(),
        })
    }

    pub async fn write(&mut self, action: &Action) -> Result<Summary, SeedError> {
        match action {
            Action::Webhook { number, webhook } => self.group(*number, webhook).await,
            Action::StatusChange(change) => self.change(change).await,
        }
    }

    async fn group(&mut self, number: usize, webhook: &Webhook) -> Result<Summary, SeedError> {
        let at = webhook.at;
        let mut written = Summary { webhooks: 1, ..Summary::default() };
        for delivery in receive(number, webhook)? {
            let effect = self.grouper.group(&delivery, at.into(), Deadline::after(WRITE_TIMEOUT)).await;
            match effect.map_err(|source| SeedError::Group { at, source })? {
                Effect::Opened(_, incident) => {
                    self.opened.entry(number).or_insert(incident);
                    written.alerts += 1;
                    written.incidents += 1;
                }
                Effect::Joined(..) | Effect::Recorded(_) => written.alerts += 1,
                _ => {}
            }
        }
        Ok(written)
    }

    async fn change(&self, change: &StatusChange) -> Result<Summary, SeedError> {
        let opened = self.opened.get(&change.opened_by).copied();
        let Some(incident) = opened else { return Ok(Summary::default()) };
        let wanted = change_status::StatusChange {
            status: change.to,
            comment: Some(change.comment.clone()),
            actor: change.actor.to_owned(),
        };
        let changed =
            self.changer.change(incident, &wanted, &|_| true, change.at.into(), Deadline::after(WRITE_TIMEOUT)).await;
        changed.map_err(|source| SeedError::Change { at: change.at, source })?;
        Ok(Summary { status_changes: 1, ..Summary::default() })
    }
}

/// What the receiving function makes of a webhook.
fn receive(number: usize, webhook: &Webhook) -> Result<Vec<Delivery>, SeedError> {
    let (at, name) = (webhook.at, webhook.source.name());
    let source = sources::find(name).ok_or(SeedError::UnknownSource { at, name })?;
    let headers = webhook.headers.iter().collect();
    let (body, received_at, receipt) = (webhook.body.as_bytes(), Time::from(at), number.to_string());
    let received = Received { source, headers: &headers, body, received_at, receipt: &receipt };
    Ok(read_webhook::read(received).deliveries())
}
