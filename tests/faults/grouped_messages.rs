//! A webhook of many alerts is split over messages. If one fails half and becomes a dead letter, each event takes
//! effect exactly once all the same, and nothing stops the others.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use local::{Options, Stack};
use rstest::rstest;
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    clock,
    domain::{alert_status::AlertStatus, delivery::Delivery, id::EntryId, quarantine::EntryState, time::Time},
    queue::{self, MAX_DELIVERIES_PER_MESSAGE},
    service::{
        get_quarantine_entry::GetQuarantineEntry,
        group_alerts::GroupAlerts,
        quarantine_dead_letter::QuarantineDeadLetter,
        read_webhook::{self, Received},
    },
    sources::{self, Headers},
    store,
};
use tests::{
    WAIT_TIMEOUT, eventually,
    faults::{FaultInjector, FaultRates},
    patient,
};

use crate::{
    invariants::{self, History},
    quarantine::redrive,
    tables::Tables,
};

const ALERTS: usize = 60;

/// Alerts that always fire by intent are ignored.
const WATCHDOG: usize = 3;

/// It is in the second message.
const UNREADABLE: usize = 55;

/// The deliveries of a group of which one alert is ignored and one cannot be read.
fn deliveries(received_at: Time, receipt: &str) -> Vec<Delivery> {
    let alert = |number: usize| {
        json!({
            "status": if number == UNREADABLE { "exploding" } else { "firing" }, "fingerprint": format!("{number:016x}"),
            "labels": {
                "alertname": if number == WATCHDOG { "Watchdog" } else { "PodNotReady" }, "severity": "error",
                "service": "web", "environment": "production",
            },
        })
    };
    let body = json!({
        "groupKey": "{}:{alertname=\"PodNotReady\"}", "groupLabels": { "alertname": "PodNotReady" },
        "alerts": (0..ALERTS).map(alert).collect::<Vec<Value>>(),
    });
    let (headers, body) = (Headers::default(), body.to_string());
    let source = sources::find("alertmanager").expect("a source");
    let received = Received { source, headers: &headers, body: body.as_bytes(), received_at, receipt };
    read_webhook::read(received).deliveries()
}

fn connection(stack: &Stack, faults: &Arc<FaultInjector>) -> Aws {
    faults.connection().wrap(stack.aws().clone())
}

/// Two workers put the same dead letter into the quarantine. Each tries until it succeeds.
async fn bury(stack: &Stack, faults: &Arc<FaultInjector>, body: &str) {
    let bury = async |seed: u64| {
        let aws = connection(stack, faults);
        let tables = store::Tables::new(stack.environment("QuarantineDeadLetters"), &aws);
        let mover = QuarantineDeadLetter::new(&tables, seed).expect("configured");
        while mover.put("dead", body, clock::now(), patient()).await.is_err() {}
    };
    tokio::join!(bury(1), bury(2));
}

/// The entries of the quarantine, by the id of their delivery.
async fn entries(stack: &Stack) -> Vec<(String, EntryId)> {
    let table = stack.environment("GroupAlerts").quarantine_table().expect("a name");
    let scan = stack.aws().dynamodb().scan().table_name(table).consistent_read(true).send().await.expect("a scan");
    let text = |item: &store::Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let entry =
        |item: &store::Item| Some((text(item, "delivery_id")?, text(item, "entry_id")?.parse().expect("an id")));
    scan.items.unwrap_or_default().iter().filter_map(entry).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_fails_half_and_is_redriven_takes_effect_once(#[values(0, 1, 2)] seed: u64) {
    let faults = FaultInjector::seeded(seed, FaultRates::each(30).with_rare_silence());
    let options = Options { visibility_timeout: Some(Duration::from_secs(1)), ..Options::default() };
    let stack = Stack::start(options).await.expect("the stack starts");
    let group = |together: Vec<Delivery>| {
        let aws = connection(&stack, &faults);
        let tables = store::Tables::new(stack.environment("GroupAlerts"), &aws);
        let grouper = GroupAlerts::new(&tables, seed).expect("configured");
        async move {
            for part in together.chunks(12) {
                let part: Vec<&Delivery> = part.iter().collect();
                while grouper.group_together(&part, clock::now(), patient()).await.is_err() {}
            }
        }
    };
    let sent = deliveries(clock::now().plus_minutes(-10), "first");
    assert_eq!(sent.len(), ALERTS - 1);
    let messages = queue::messages(&sent).expect("JSON");
    assert_eq!(messages.len(), 2, "it is split");
    let (first, second) = sent.split_at(MAX_DELIVERIES_PER_MESSAGE);

    // The worker of the first message died in the middle, each time.
    group(first[..20].to_vec()).await;
    tokio::join!(bury(&stack, &faults, &messages[0]), group(second.to_vec()));
    let unreadable = &sent[UNREADABLE - 1].delivery_id;
    let buried: Vec<(String, EntryId)> =
        entries(&stack).await.into_iter().filter(|(delivery, _)| *delivery != unreadable.as_str()).collect();
    assert_eq!(buried.len(), MAX_DELIVERIES_PER_MESSAGE - 20, "those that took effect are no dead letters");

    // Meanwhile Alertmanager sends the whole group again.
    let again = deliveries(clock::now().plus_minutes(-5), "second");
    let redriven = join_all(buried.iter().map(|(_, id)| async {
        tokio::join!(redrive(&stack, &faults, *id, "alice"), redrive(&stack, &faults, *id, "bob"))
    }));
    tokio::join!(redriven, group(again.clone()));
    faults.pause();
    faults.wait_until_idle().await;
    let tables = store::Tables::new(stack.environment("GetQuarantineEntry"), stack.aws());
    let finder = GetQuarantineEntry::new(&tables).expect("configured");
    for (_, id) in &buried {
        eventually(WAIT_TIMEOUT, async || {
            let entry = finder.get(*id, clock::now(), patient()).await.expect("an entry").entry;
            if entry.state == EntryState::Redriven { Ok(()) } else { Err(format!("{entry:?}")) }
        })
        .await;
    }

    let mut tables = Tables::read(&stack).await.with_payloads(&stack).await;
    assert_eq!(tables.alerts.len(), ALERTS - 2, "one alert each, without the ignored and the unreadable one");
    assert!(tables.alerts.values().all(|alert| (alert.occurrences, alert.status) == (1, AlertStatus::Firing)));
    tables.quarantined.retain(|delivery| delivery == unreadable.as_str());
    assert_eq!(tables.quarantined.len(), 1, "the same bytes are quarantined once");
    let history = History { deliveries: [sent.clone(), again].concat(), ..History::default() };
    let violations = invariants::check(&tables, &history);
    assert!(violations.0.is_empty(), "{violations}");
    stack.stop().await;
}
