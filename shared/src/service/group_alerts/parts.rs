//! In a storm, a transaction writes alerts of one environment, and one worker at a time writes to an environment. So an
//! incident is written once for many alerts, and workers seldom collide.

use std::collections::BTreeMap;

use tracing::warn;

use super::GroupAlerts;
use crate::{
    classification::classify,
    deadline::Deadline,
    domain::{
        delivery::{Content, Delivery},
        time::Time,
    },
    store::claims::Turn,
};

/// So many deliveries are one transaction, whatever their environments are. More of them are a storm.
pub const MAX_MIXED: usize = 10;

/// How many deliveries of an environment are one transaction. A new alert makes up to 3 writes, and they share some 18 more,
/// of the 100 that `TransactWriteItems` takes.
const MAX_TOGETHER: usize = 27;

/// How many bytes of payloads are grouped together. What they say is written in one transaction, which takes 4 MB.
const MAX_TOGETHER_BYTES: usize = 2_500_000;

/// Deliveries that are grouped in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The environment of all of them. `None` if they are few, and may have several.
    pub environment: Option<String>,
    /// Their places among those that were divided, in ascending order.
    pub positions: Vec<usize>,
}

/// A delivery, as far as it decides how it is divided.
struct Placed {
    environment: String,
    bytes: usize,
}

impl GroupAlerts {
    /// Divides deliveries into transactions. Those of an environment stand together, in their order.
    #[must_use]
    pub fn parts(&self, deliveries: &[&Delivery]) -> Vec<Part> {
        let placed = deliveries
            .iter()
            .map(|delivery| Placed { environment: self.environment_of(delivery), bytes: delivery.body.gzip.len() });
        match deliveries.len() {
            0 => Vec::new(),
            few @ ..=MAX_MIXED => vec![Part { environment: None, positions: (0..few).collect() }],
            _ => divided(placed),
        }
    }

    fn environment_of(&self, delivery: &Delivery) -> String {
        match &delivery.content {
            Content::Event(event) => classify(event, &self.rules).environment.value,
            // They go to the quarantine, all alike.
            Content::Unreadable(_) => String::new(),
        }
    }

    /// Takes the turn of a worker in an environment. Returns whether the worker may write there. That is so, too, if the
    /// table is in trouble: what is written then is right, but may collide.
    pub async fn take_turn(&self, turn: Turn<'_>, now: Time, deadline: Deadline) -> bool {
        match deadline.bound(self.claims.take_turn(turn, now)).await {
            Ok(Ok(is_free)) => is_free,
            Ok(Err(error)) => {
                warn!(environment = turn.environment, %error, "could not take the turn");
                true
            }
            Err(_) => true,
        }
    }

    /// Ends the turn of a worker. If that fails, it ends by itself.
    pub async fn end_turn(&self, turn: Turn<'_>, deadline: Deadline) {
        if let Ok(Err(error)) = deadline.bound(self.claims.end_turn(turn)).await {
            warn!(environment = turn.environment, %error, "could not end the turn");
        }
    }
}

fn divided(deliveries: impl Iterator<Item = Placed>) -> Vec<Part> {
    let mut environments: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    for (position, Placed { environment, bytes }) in deliveries.enumerate() {
        environments.entry(environment).or_default().push((position, bytes));
    }
    let mut parts = Vec::new();
    for (environment, deliveries) in environments {
        let (mut positions, mut together) = (Vec::new(), 0);
        for (position, bytes) in deliveries {
            if positions.len() == MAX_TOGETHER || (together + bytes > MAX_TOGETHER_BYTES && !positions.is_empty()) {
                parts.push(Part { environment: Some(environment.clone()), positions: std::mem::take(&mut positions) });
                together = 0;
            }
            together += bytes;
            positions.push(position);
        }
        parts.push(Part { environment: Some(environment), positions });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(deliveries: &[(&str, usize)]) -> Vec<(String, Vec<usize>)> {
        let placed =
            deliveries.iter().map(|(environment, bytes)| Placed { environment: (*environment).into(), bytes: *bytes });
        divided(placed).into_iter().map(|part| (part.environment.unwrap(), part.positions)).collect()
    }

    #[test]
    fn deliveries_of_an_environment_are_together_in_their_order() {
        let parts = positions(&[("b", 1), ("a", 1), ("b", 1), ("a", 1), ("c", 1)]);
        let expected = [("a".to_owned(), vec![1, 3]), ("b".to_owned(), vec![0, 2]), ("c".to_owned(), vec![4])];
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_part_fits_into_a_transaction() {
        let parts = positions(&[("a", 1); 2 * MAX_TOGETHER + 1]);
        assert_eq!(
            parts.iter().map(|(_, positions)| positions.len()).collect::<Vec<_>>(),
            [MAX_TOGETHER, MAX_TOGETHER, 1]
        );
        let large = MAX_TOGETHER_BYTES / 2 + 1;
        let parts = positions(&[("a", large), ("a", large), ("a", 1), ("a", 3 * large), ("a", 1)]);
        let positions: Vec<Vec<usize>> = parts.into_iter().map(|(_, positions)| positions).collect();
        assert_eq!(positions, [vec![0], vec![1, 2], vec![3], vec![4]]);
    }
}
