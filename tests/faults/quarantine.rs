//! Dead letters, concurrent redrives and deletions under faults.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use fastrand::Rng;
use futures::future::join_all;
use local::{Options, Stack};
use rstest::rstest;
use shared::{
    aws::Aws,
    clock,
    domain::{
        delivery::{Content, Delivery},
        id::EntryId,
        quarantine::{EntryActionKind, EntryState, QuarantineEntry},
    },
    queue::Queue,
    service::{
        delete_quarantine_entry::{DeleteQuarantineEntry, DeleteQuarantineEntryError},
        get_quarantine_entry::GetQuarantineEntry,
        group_alerts::GroupAlerts,
        quarantine_dead_letter::QuarantineDeadLetter,
        redrive_quarantine_entry::{RedriveQuarantineEntry, RedriveQuarantineEntryError},
    },
    store,
};
use tests::{
    WAIT_TIMEOUT, eventually,
    faults::{FaultInjector, FaultRates},
    patient,
};

use crate::{
    invariants::{self, History},
    sources,
    tables::Tables,
};

/// What people do with an entry at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Two people redrive it.
    Redrive,
    /// One person deletes it.
    Delete,
    /// One person redrives it, and another deletes it.
    Both,
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_make_one_entry_and_take_effect_once_under_faults(#[values(0, 1, 2, 3, 4, 5)] seed: u64) {
    let mut random = Rng::with_seed(seed);
    let faults = FaultInjector::seeded(seed, FaultRates::each(30).with_rare_silence());
    let options = Options { visibility_timeout: Some(Duration::from_secs(1)), ..Options::default() };
    let stack = Stack::start(options).await.expect("the stack starts");
    let mut deliveries = sources::deliveries(&mut random, clock::now());
    // An unreadable delivery stays unreadable in a redrive. A report that repeats another has no claim that tells
    // whether it took effect: see `grouped_messages`.
    deliveries.retain(|delivery| matches!(delivery.content, Content::Event(_)) && !sources::is_report(delivery));

    // Some took effect before: their worker died before it deleted the message.
    let grouper =
        GroupAlerts::new(&store::Tables::new(stack.environment("GroupAlerts"), stack.aws()), seed).expect("configured");
    let mut effective = Vec::new();
    for delivery in deliveries.iter().filter(|_| random.u8(..3) == 0) {
        grouper.group(delivery, clock::now(), patient()).await.expect("grouped");
        effective.push(delivery.delivery_id.clone());
    }
    let entries = join_all(deliveries.iter().map(|delivery| bury(&stack, &faults, delivery))).await;
    let entries: BTreeMap<EntryId, &Delivery> =
        entries.into_iter().zip(&deliveries).filter_map(|(entry, delivery)| Some((entry?, delivery))).collect();
    for delivery in &deliveries {
        let kept = entries.values().filter(|other| other.delivery_id == delivery.delivery_id).count();
        let expected = usize::from(!effective.contains(&delivery.delivery_id));
        assert_eq!(kept, expected, "entries of {}", delivery.delivery_id);
    }
    assert_eq!(Tables::read(&stack).await.quarantined.len(), entries.len());

    let works: Vec<Work> =
        entries.keys().map(|_| sources::one(&mut random, &[Work::Redrive, Work::Delete, Work::Both])).collect();
    join_all(entries.keys().zip(&works).map(|(id, work)| do_work(&stack, &faults, *id, *work))).await;
    faults.pause();
    faults.wait_until_idle().await;

    let tables = store::Tables::new(stack.environment("GetQuarantineEntry"), stack.aws());
    let finder = GetQuarantineEntry::new(&tables).expect("configured");
    let mut history = History::default();
    for ((id, delivery), work) in entries.iter().zip(works) {
        let entry = eventually(WAIT_TIMEOUT, async || {
            let entry = finder.get(*id, clock::now(), patient()).await.expect("an entry").entry;
            if entry.state.is_open() { Err(format!("{entry:?}")) } else { Ok(entry) }
        });
        check(&entry.await, work);
        let found = finder.get(*id, clock::now(), patient()).await.expect("an entry").entry;
        if found.state == EntryState::Deleted {
            history.dead.insert(delivery.delivery_id.to_string());
        }
    }
    let mut tables = Tables::read(&stack).await;
    for (id, delivery) in &entries {
        let is_deleted = history.dead.contains(delivery.delivery_id.as_str());
        let took_effect = tables.claims.deliveries.iter().any(|claimed| claimed == delivery.delivery_id.as_str());
        assert_eq!(took_effect, !is_deleted, "entry {id}");
    }
    history.deliveries = deliveries;
    tables.quarantined.clear();
    let violations = invariants::check(&tables, &history);
    assert!(violations.0.is_empty(), "{violations}");
    stack.stop().await;
}

fn connection(stack: &Stack, faults: &Arc<FaultInjector>) -> Aws {
    faults.connection().wrap(stack.aws().clone())
}

/// Two workers put the same dead letter into the quarantine. Each retries until it succeeds.
async fn bury(stack: &Stack, faults: &Arc<FaultInjector>, delivery: &Delivery) -> Option<EntryId> {
    let (message_id, body) =
        (format!("message-{}", delivery.delivery_id), serde_json::to_string(delivery).expect("JSON"));
    let bury = async |seed: u64| {
        let aws = connection(stack, faults);
        let tables = store::Tables::new(stack.environment("QuarantineDeadLetters"), &aws);
        let mover = QuarantineDeadLetter::new(&tables, seed).expect("configured");
        loop {
            if let Ok(done) = mover.put(&message_id, &body, clock::now(), patient()).await {
                return done;
            }
        }
    };
    let (first, second) = tokio::join!(bury(1), bury(2));
    match first.into_iter().chain(second).next() {
        Some(entry) => Some(entry),
        None => written(stack, delivery).await,
    }
}

/// The entry of a delivery, if it was written although no writer got an answer.
async fn written(stack: &Stack, delivery: &Delivery) -> Option<EntryId> {
    let table = stack.environment("GroupAlerts").quarantine_table().expect("a name");
    let scan = stack.aws().dynamodb().scan().table_name(table).consistent_read(true).send().await.expect("a scan");
    let text = |item: &shared::store::Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let found = scan.items.unwrap_or_default();
    let own = found.iter().find(|item| text(item, "delivery_id").as_deref() == Some(delivery.delivery_id.as_str()));
    own.and_then(|item| text(item, "entry_id")).map(|id| id.parse().expect("an id"))
}

async fn do_work(stack: &Stack, faults: &Arc<FaultInjector>, id: EntryId, work: Work) {
    match work {
        Work::Redrive => drop(tokio::join!(redrive(stack, faults, id, "alice"), redrive(stack, faults, id, "bob"))),
        Work::Delete => delete(stack, faults, id).await,
        Work::Both => drop(tokio::join!(redrive(stack, faults, id, "alice"), delete(stack, faults, id))),
    }
}

/// Requests a redrive until it is answered.
pub async fn redrive(stack: &Stack, faults: &Arc<FaultInjector>, id: EntryId, actor: &str) {
    let aws = connection(stack, faults);
    let environment = stack.environment("RedriveQuarantineEntry");
    let queue = Queue::new(environment, &aws).expect("configured");
    let redriver = RedriveQuarantineEntry::new(&store::Tables::new(environment, &aws), queue).expect("configured");
    loop {
        match redriver.redrive(id, actor, clock::now(), patient()).await {
            Ok(_) | Err(RedriveQuarantineEntryError::Done(_)) => return,
            Err(RedriveQuarantineEntryError::Unavailable(_) | RedriveQuarantineEntryError::Queue(_)) => {}
            Err(error @ (RedriveQuarantineEntryError::NotFound | RedriveQuarantineEntryError::Impossible(_))) => {
                panic!("{error}")
            }
        }
    }
}

async fn delete(stack: &Stack, faults: &Arc<FaultInjector>, id: EntryId) {
    let aws = connection(stack, faults);
    let tables = store::Tables::new(stack.environment("DeleteQuarantineEntry"), &aws);
    let deleter = DeleteQuarantineEntry::new(&tables).expect("configured");
    loop {
        match deleter.delete(id, "carol", clock::now(), patient()).await {
            Ok(()) | Err(DeleteQuarantineEntryError::Done(_)) => return,
            Err(DeleteQuarantineEntryError::Unavailable(_)) => {}
            Err(error @ DeleteQuarantineEntryError::NotFound) => panic!("{error}"),
        }
    }
}

/// Asserts that an entry was redriven or deleted once, as its actions say.
fn check(entry: &QuarantineEntry, work: Work) {
    let kinds: Vec<EntryActionKind> = entry.actions.iter().map(|action| action.kind).collect();
    let (last, before) = kinds.split_last().expect("something was done");
    let expected =
        if entry.state == EntryState::Deleted { EntryActionKind::Deleted } else { EntryActionKind::Redriven };
    assert_eq!(*last, expected, "{entry:?}");
    assert!(before.iter().all(|kind| *kind == EntryActionKind::RedriveRequested), "{entry:?}");
    match work {
        Work::Redrive => assert_eq!(entry.state, EntryState::Redriven, "{entry:?}"),
        Work::Delete => assert_eq!((entry.state, before.len()), (EntryState::Deleted, 0), "{entry:?}"),
        Work::Both => {}
    }
}
