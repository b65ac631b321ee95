//! The payload of an alert is the body of its earliest delivery.

use std::collections::BTreeMap;

use shared::domain::payload::StoredPayload;

use super::{History, Violations, alert};
use crate::{model::Model, tables::Tables};

pub fn check(tables: &Tables, history: &History, model: &Model, violations: &mut Violations) {
    let Some(payloads) = &tables.payloads else { return };
    let unpacked = history
        .deliveries
        .iter()
        .map(|delivery| (delivery.delivery_id.as_str(), delivery.body.unpack().expect("a body that a test packed")));
    let sent: BTreeMap<&str, Vec<u8>> = unpacked.collect();
    for (claim, episodes) in &tables.claims.episodes {
        let is_exact = model.problems.get(claim).is_some_and(|problem| !problem.may_repeat());
        for episode in episodes {
            let Some(row) = tables.alerts.get(&episode.alert_id) else { continue };
            let name = alert(row.alert_id);
            match payloads.get(&row.alert_id).and_then(Option::as_ref) {
                Some(StoredPayload::Kept(kept)) => {
                    let body = kept.body.unpack().unwrap_or_default();
                    let first = sent.get(episode.firings().first.delivery_id.as_str());
                    // Who says the same again may be earlier, and changes nothing.
                    let is_right =
                        if is_exact { first == Some(&body) } else { sent.values().any(|sent| *sent == body) };
                    violations.unless(is_right, || {
                        format!("the payload of {name} is {:?} instead of {first:?}", String::from_utf8_lossy(&body))
                    });
                }
                Some(StoredPayload::Deleted(_)) => {}
                None => violations.unless(row.is_split || !is_exact, || format!("the payload of {name} is lost")),
            }
        }
    }
}
