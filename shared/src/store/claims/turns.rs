//! Turns: of the workers that group a storm, one at a time writes the incidents of an environment.
//!
//! A turn only saves collisions: what is written has conditions of its own. So a turn that ends too early, or of a worker
//! that died, harms nothing.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::{Claims, ENTITY_TYPE, EXPIRES_AT, StoreError, expiry, number, string};
use crate::{
    domain::time::{MINUTES_A_DAY, Time},
    keys,
};

/// How long a worker that died is waited for. Others take the turn then.
const TURN_MS: i64 = 3_000;

/// The turn of a worker in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn<'turn> {
    pub environment: &'turn str,
    pub worker: u64,
}

impl Turn<'_> {
    fn worker(self) -> String {
        format!("{:016x}", self.worker)
    }
}

impl Claims {
    /// Takes a turn, for 3 s at most. Returns whether no other worker has it. Costs a write unit.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take_turn(&self, turn: Turn<'_>, now: Time) -> Result<bool, StoreError> {
        let taken = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("claim", string(keys::turn_claim(turn.environment)))
            .update_expression("SET worker = :worker, until_ms = :until, #type = :type, #expires_at = :expires_at")
            .condition_expression("attribute_not_exists(claim) OR until_ms <= :now OR worker = :worker")
            .expression_attribute_names("#type", ENTITY_TYPE)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":worker", string(turn.worker()))
            .expression_attribute_values(":until", number(now.plus_millis(TURN_MS).as_millis()))
            .expression_attribute_values(":now", number(now.as_millis()))
            .expression_attribute_values(":type", string("turn"))
            .expression_attribute_values(":expires_at", expiry(now.plus_minutes(MINUTES_A_DAY)))
            .send()
            .await;
        match taken {
            Ok(_) => Ok(true),
            Err(error) if is_of_another(error.as_service_error()) => Ok(false),
            Err(error) => Err(StoreError::of_call("Update turn", &error)),
        }
    }

    /// Ends a turn, if the worker still has it. Costs a write unit.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn end_turn(&self, turn: Turn<'_>) -> Result<(), StoreError> {
        let ended = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("claim", string(keys::turn_claim(turn.environment)))
            .update_expression("SET until_ms = :ended")
            .condition_expression("worker = :worker")
            .expression_attribute_values(":worker", string(turn.worker()))
            .expression_attribute_values(":ended", number(0))
            .send()
            .await;
        match ended {
            Ok(_) => Ok(()),
            Err(error) if is_of_another(error.as_service_error()) => Ok(()),
            Err(error) => Err(StoreError::of_call("Update turn", &error)),
        }
    }
}

const fn is_of_another(error: Option<&UpdateItemError>) -> bool {
    matches!(error, Some(UpdateItemError::ConditionalCheckFailedException(_)))
}
