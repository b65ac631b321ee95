//! The payloads of several new alerts are written together, after their transaction. Whatever happens in between, each
//! is kept as it was sent, and what people delete is gone.

use std::sync::Arc;

use futures::future::join_all;
use local::{Options, Stack};
use rstest::rstest;
use shared::{
    aws::Aws,
    clock,
    domain::{
        action::ActionKind,
        delivery::{Content, Delivery, PackedBody},
        event::{AlertEvent, Transition},
        id::AlertId,
        payload::{BundledPayload, PayloadBundle, StoredPayload},
        source::Source,
        time::Time,
    },
    service::{
        delete_alert_payload::{DeleteAlertPayload, DeleteAlertPayloadError},
        group_alerts::{Effect, GroupAlerts},
    },
    store::{self, payloads::NewBundle},
};
use tests::{
    WAIT_TIMEOUT, eventually,
    faults::{Fault, FaultInjector, FaultRates, Outage},
    patient,
};

use crate::{
    invariants::{self, History},
    single_faults::{SDK_ATTEMPTS, WRITE},
    sources,
    tables::{self, Tables},
};

/// What writes payloads, and nothing else that grouping needs.
const PUT: &str = "PutItem";

/// So many alerts are grouped in one transaction.
const ALERTS: usize = 6;

async fn stack() -> Stack {
    Stack::start(Options::default()).await.expect("the stack starts")
}

fn connection(stack: &Stack, faults: &Arc<FaultInjector>) -> Aws {
    faults.connection().wrap(stack.aws().clone())
}

fn grouper(stack: &Stack, faults: &Arc<FaultInjector>, seed: u64) -> GroupAlerts {
    let aws = connection(stack, faults);
    GroupAlerts::new(&store::Tables::new(stack.environment("GroupAlerts"), &aws), seed).expect("configured")
}

/// New alerts, each of a problem of its own.
fn new_alerts() -> Vec<Delivery> {
    let now = clock::now();
    let delivery = |number: usize| {
        let event = AlertEvent {
            environment: Some("production".to_owned()),
            ..AlertEvent::bare(Source::named("datadog"), &format!("cycle:{number}"), Transition::Firing, now)
        };
        sources::delivery(number, "datadog", now, Content::Event(Box::new(event)))
    };
    (0..ALERTS).map(delivery).collect()
}

/// Groups deliveries together. `None` if that failed.
async fn group(grouper: &GroupAlerts, deliveries: &[Delivery]) -> Option<Vec<Effect>> {
    grouper.group_together(&deliveries.iter().collect::<Vec<_>>(), clock::now(), patient()).await.ok()
}

/// A worker writes the alerts, but may not write their payloads: as if it died in between.
async fn grouped_without_payloads(stack: &Stack, deliveries: &[Delivery]) {
    let faults = FaultInjector::seeded(1, FaultRates::none());
    faults.set_outage(Some(Outage { fault: Fault::Denied, operations: Some(&[PUT]) }));
    assert_eq!(group(&grouper(stack, &faults, 1), deliveries).await, None);
    let payloads = Tables::read(stack).await.with_payloads(stack).await.payloads.expect("payloads");
    assert!(payloads.len() == ALERTS && payloads.values().all(Option::is_none), "{payloads:?}");
}

/// The alert of each delivery.
async fn alerts(stack: &Stack) -> Vec<AlertId> {
    let alerts = Tables::read(stack).await.alerts;
    let of = |number: usize| alerts.values().find(|alert| alert.problem_key == format!("cycle:{number}"));
    (0..ALERTS).map(|number| of(number).expect("an alert").alert_id).collect()
}

async fn delete(stack: &Stack, faults: &Arc<FaultInjector>, id: AlertId) -> Result<(), DeleteAlertPayloadError> {
    let aws = connection(stack, faults);
    let tables = store::Tables::new(stack.environment("DeleteAlertPayload"), &aws);
    let deleter = DeleteAlertPayload::new(&tables).expect("configured");
    deleter.delete(id, "alice", clock::now(), patient()).await
}

/// All bodies that are somewhere in the table of payloads.
async fn stored_bodies(stack: &Stack) -> Vec<Vec<u8>> {
    let table = stack.environment("GroupAlerts").payloads_table().expect("a name");
    let rows = tables::scan(&stack.aws().dynamodb(), &table).await;
    let mut bodies = Vec::new();
    for row in rows {
        let Some(raw) = row.get("raw").and_then(|raw| raw.as_b().ok()) else { continue };
        if row["entity_type"].as_s().is_ok_and(|kind| kind == "payload") {
            let body = PackedBody { gzip: raw.as_ref().to_vec(), length: 1000, truncated: false };
            bodies.push(body.unpack().expect("a body"));
        } else {
            let bundle = PayloadBundle::unpack(raw.as_ref()).expect("a bundle");
            bodies.extend(bundle.0.into_values().map(|payload| payload.body));
        }
    }
    bodies
}

/// Each payload is kept or deleted as people asked, and nothing else.
async fn check(stack: &Stack, deliveries: &[Delivery], deleted: &[AlertId]) {
    let tables = Tables::read(stack).await.with_payloads(stack).await;
    for (alert, stored) in tables.payloads.as_ref().expect("payloads") {
        let is_deleted = matches!(stored, Some(StoredPayload::Deleted(_)));
        assert_eq!(is_deleted, deleted.contains(alert), "{alert}: {stored:?}");
    }
    let kinds = tables.actions.values().flatten().map(|action| &action.kind);
    let recorded = kinds.filter(|kind| matches!(kind, ActionKind::PayloadDeleted { .. })).count();
    assert_eq!(recorded, deleted.len(), "each deletion is recorded once");
    let bodies = stored_bodies(stack).await;
    for (alert, delivery) in alerts(stack).await.iter().zip(deliveries) {
        let is_there = bodies.contains(&delivery.body.unpack().expect("a body"));
        assert_eq!(is_there, !deleted.contains(alert), "whether the bytes of {alert} are in a row");
    }
    let violations = invariants::check(&tables, &History { deliveries: deliveries.to_vec(), ..History::default() });
    assert!(violations.0.is_empty(), "{violations}");
}

/// How many rows the table of payloads has.
async fn rows(stack: &Stack) -> usize {
    let table = stack.environment("GroupAlerts").payloads_table().expect("a name");
    tables::scan(&stack.aws().dynamodb(), &table).await.len()
}

#[rstest]
#[tokio::test]
async fn the_payloads_of_new_alerts_are_one_row_whichever_fault_its_write_meets(
    #[values(Fault::InternalError, Fault::Unsent, Fault::AnswerLost, Fault::Throttled, Fault::Delayed)] fault: Fault,
    #[values(1, SDK_ATTEMPTS, 2 * SDK_ATTEMPTS)] times: usize,
) {
    let (stack, deliveries) = (stack().await, new_alerts());
    let faults = FaultInjector::seeded(times as u64, FaultRates::none());
    faults.plan(PUT, vec![fault; times]);
    assert!(group(&grouper(&stack, &faults, 1), &deliveries).await.is_some());
    assert!(faults.injected()[&fault] >= 1);
    assert_eq!(rows(&stack).await, 1);
    check(&stack, &deliveries, &[]).await;
    stack.stop().await;
}

#[tokio::test]
async fn a_worker_that_dies_before_it_keeps_payloads_is_made_up_for() {
    let (stack, deliveries) = (stack().await, new_alerts());
    grouped_without_payloads(&stack, &deliveries).await;
    let faults = FaultInjector::seeded(2, FaultRates::none());
    let again = group(&grouper(&stack, &faults, 2), &deliveries).await;
    assert_eq!(again, Some(vec![Effect::Duplicate; ALERTS]));
    check(&stack, &deliveries, &[]).await;
    let kept = rows(&stack).await;
    assert_eq!(group(&grouper(&stack, &faults, 3), &deliveries).await, again);
    assert_eq!(rows(&stack).await, kept, "nothing is missing any more");
    stack.stop().await;
}

#[tokio::test]
async fn a_transaction_whose_answers_are_lost_has_its_payloads() {
    let (stack, deliveries) = (stack().await, new_alerts());
    let faults = FaultInjector::seeded(1, FaultRates::none());
    faults.plan(WRITE, [Fault::AnswerLost; SDK_ATTEMPTS]);
    assert_eq!(group(&grouper(&stack, &faults, 1), &deliveries).await, Some(vec![Effect::Duplicate; ALERTS]));
    check(&stack, &deliveries, &[]).await;
    stack.stop().await;
}

#[tokio::test]
async fn attempts_that_were_cancelled_leave_no_payloads() {
    let (stack, deliveries) = (stack().await, new_alerts());
    let faults = FaultInjector::seeded(1, FaultRates::none());
    faults.plan(WRITE, [Fault::Conflict, Fault::ConditionFailed, Fault::Throttled]);
    assert!(group(&grouper(&stack, &faults, 1), &deliveries).await.is_some());
    assert_eq!(rows(&stack).await, 1);
    check(&stack, &deliveries, &[]).await;
    stack.stop().await;
}

#[tokio::test]
async fn an_earlier_delivery_whose_worker_died_replaces_the_payload_when_it_comes_again() {
    let (stack, mut deliveries) = (stack().await, new_alerts());
    let faults = FaultInjector::seeded(1, FaultRates::none());
    let grouper = grouper(&stack, &faults, 1);
    assert!(group(&grouper, &deliveries).await.is_some());
    let Content::Event(event) = &deliveries[0].content else { panic!("an event") };
    let at = event.occurred_at.plus_minutes(-1);
    let event = AlertEvent { occurred_at: at, ordered_at: at, ..(**event).clone() };
    let earlier = sources::delivery(ALERTS, "datadog", clock::now(), Content::Event(Box::new(event)));
    faults.set_outage(Some(Outage { fault: Fault::Denied, operations: Some(&[PUT]) }));
    assert!(grouper.group(&earlier, clock::now(), patient()).await.is_err());
    faults.set_outage(None);
    assert!(matches!(grouper.group(&earlier, clock::now(), patient()).await, Ok(Effect::Duplicate)));
    deliveries.push(earlier);
    let tables = Tables::read(&stack).await.with_payloads(&stack).await;
    let violations = invariants::check(&tables, &History { deliveries, ..History::default() });
    assert!(violations.0.is_empty(), "{violations}");
    stack.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_deleted_payload_is_gone_and_the_others_stay_whichever_fault_the_deletion_meets(
    #[values(
        Fault::InternalError,
        Fault::Unsent,
        Fault::AnswerLost,
        Fault::Throttled,
        Fault::Conflict,
        Fault::ConditionFailed
    )]
    fault: Fault,
    #[values(1, 2 * SDK_ATTEMPTS)] times: usize,
) {
    let (stack, deliveries) = (stack().await, new_alerts());
    let faults = FaultInjector::seeded(times as u64, FaultRates::none());
    assert!(group(&grouper(&stack, &faults, 1), &deliveries).await.is_some());
    let alerts = alerts(&stack).await;
    faults.plan(WRITE, vec![fault; times]);
    delete(&stack, &faults, alerts[1]).await.expect("deleted");
    assert!(faults.injected()[&fault] >= 1);
    delete(&stack, &faults, alerts[1]).await.expect("deleted before");
    check(&stack, &deliveries, &alerts[1..2]).await;
    // The queue delivers everything again.
    assert!(group(&grouper(&stack, &faults, 2), &deliveries).await.is_some());
    check(&stack, &deliveries, &alerts[1..2]).await;
    stack.stop().await;
}

#[tokio::test]
async fn all_payloads_of_a_bundle_can_be_deleted_at_once() {
    let (stack, deliveries) = (stack().await, new_alerts());
    let faults = FaultInjector::seeded(1, FaultRates::none());
    assert!(group(&grouper(&stack, &faults, 1), &deliveries).await.is_some());
    let alerts = alerts(&stack).await;
    for deleted in join_all(alerts.iter().map(|alert| delete(&stack, &faults, *alert))).await {
        deleted.expect("deleted");
    }
    check(&stack, &deliveries, &alerts).await;
    stack.stop().await;
}

#[tokio::test]
async fn what_is_deleted_before_it_is_kept_does_not_come() {
    let (stack, deliveries) = (stack().await, new_alerts());
    grouped_without_payloads(&stack, &deliveries).await;
    let faults = FaultInjector::seeded(1, FaultRates::none());
    let (alerts, rows) = (alerts(&stack).await, Tables::read(&stack).await.alerts);
    let deleted = &alerts[..2];
    for alert in deleted {
        delete(&stack, &faults, *alert).await.expect("deleted");
    }
    // The worker did not die, it was slow: only now it writes what it has.
    let expires_at = Time::from_millis((clock::now().as_seconds() + 1000) * 1000).expect("a time");
    let payload = |delivery: &Delivery| BundledPayload {
        body: delivery.body.unpack().expect("a body"),
        received_at: delivery.received_at,
        expires_at,
    };
    let bundle = PayloadBundle(alerts.iter().copied().zip(deliveries.iter().map(payload)).collect());
    let late = NewBundle { id: rows[&alerts[0]].bundle.expect("a bundle"), bundle };
    let tables = store::Tables::new(stack.environment("GroupAlerts"), stack.aws());
    for _ in 0..2 {
        tables.payloads().expect("configured").keep_bundle(&late).await.expect("kept");
        check(&stack, &deliveries, deleted).await;
    }
    // Its messages come again, too.
    assert!(group(&grouper(&stack, &faults, 2), &deliveries).await.is_some());
    check(&stack, &deliveries, deleted).await;
    stack.stop().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn people_delete_payloads_while_workers_keep_them_under_faults(#[values(0, 1, 2, 3, 4, 5)] seed: u64) {
    let (stack, deliveries) = (stack().await, new_alerts());
    let faults = FaultInjector::seeded(seed, FaultRates::each(40).with_rare_silence());
    let work = |seed: u64| {
        let grouper = grouper(&stack, &faults, seed);
        let deliveries = &deliveries;
        async move { while group(&grouper, deliveries).await.is_none() {} }
    };
    let review = async {
        let alerts = eventually(WAIT_TIMEOUT, async || match Tables::read(&stack).await.alerts.len() {
            ALERTS => Ok(alerts(&stack).await),
            alerts => Err(format!("{alerts} alerts")),
        })
        .await;
        let deleted: Vec<AlertId> = alerts.into_iter().step_by(2).collect();
        join_all(deleted.iter().map(async |alert| while delete(&stack, &faults, *alert).await.is_err() {})).await;
        deleted
    };
    let (deleted, ..) = tokio::join!(review, work(seed), work(seed + 100));
    faults.pause();
    faults.wait_until_idle().await;
    check(&stack, &deliveries, &deleted).await;
    stack.stop().await;
}
