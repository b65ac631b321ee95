//! What each single fault does to grouping and to a status change. The faults look like those of
//! the services, so the SDK retries those that it should.

use std::sync::Arc;

use local::{Options, Stack};
use rstest::rstest;
use shared::{
    clock,
    domain::{
        delivery::{Content, Delivery, DeliveryId},
        id::IncidentId,
        status::Status,
    },
    service::{
        change_status::{ChangeStatus, ChangeStatusError, StatusChange},
        group_alerts::{Effect, GroupAlerts},
    },
    store,
};
use tests::{
    faults::{Fault, FaultInjector, FaultRates},
    patient,
};

use crate::{sources, tables::Tables};

/// The attempts of the SDK for one call.
pub const SDK_ATTEMPTS: usize = 2;

pub const WRITE: &str = "TransactWriteItems";

async fn stack() -> Stack {
    Stack::start(Options::default()).await.expect("the stack starts")
}

fn grouper(stack: &Stack, faults: &Arc<FaultInjector>) -> GroupAlerts {
    let aws = faults.connection().wrap(stack.aws().clone());
    GroupAlerts::new(&store::Tables::new(stack.environment("GroupAlerts"), &aws), 1).expect("configured")
}

fn a_firing() -> Delivery {
    let deliveries = (0..).flat_map(|seed| sources::deliveries(&mut fastrand::Rng::with_seed(seed), clock::now()));
    let mut firings = deliveries.filter(|delivery| {
        crate::model::Model::of([delivery]).problems.values().any(|problem| !problem.firings.is_empty())
    });
    firings.next().expect("sources send something that fires")
}

/// Opens an incident with one alert.
pub async fn an_incident(stack: &Stack) -> IncidentId {
    let effect =
        grouper(stack, &FaultInjector::seeded(0, FaultRates::none())).group(&a_firing(), clock::now(), patient()).await;
    let Ok(Effect::Opened(_, incident)) = effect else { panic!("{effect:?}") };
    incident
}

#[rstest]
#[tokio::test]
async fn a_delivery_takes_effect_once_whichever_fault_its_transaction_meets(
    #[values(
        Fault::InternalError,
        Fault::Unsent,
        Fault::AnswerLost,
        Fault::Throttled,
        Fault::Conflict,
        Fault::ConditionFailed,
        Fault::Delayed
    )]
    fault: Fault,
    #[values(1, SDK_ATTEMPTS, 2 * SDK_ATTEMPTS)] times: usize,
) {
    let (stack, faults) = (stack().await, FaultInjector::seeded(times as u64, FaultRates::none()));
    faults.plan(WRITE, vec![fault; times]);
    let effect = grouper(&stack, &faults).group(&a_firing(), clock::now(), patient()).await.expect("grouped");
    // If every answer is lost, the next attempt finds the delivery written.
    let all_answers_lost = fault == Fault::AnswerLost && times >= SDK_ATTEMPTS;
    let expected =
        if all_answers_lost { matches!(effect, Effect::Duplicate) } else { matches!(effect, Effect::Opened(..)) };
    assert!(expected, "{effect:?}");
    let tables = Tables::read(&stack).await;
    let rows = (tables.alerts.len(), tables.incidents.len(), tables.claims.deliveries.len());
    assert_eq!(rows, (1, 1, 1));
    assert!(faults.injected()[&fault] >= 1);
    stack.stop().await;
}

#[rstest]
#[tokio::test]
async fn an_alert_joins_whichever_part_of_its_transaction_fails_first(
    #[values(Fault::Conflict, Fault::ConditionFailed)] fault: Fault,
) {
    let firings: Vec<Delivery> = (0..2)
        .map(|number| {
            let mut delivery = a_firing();
            let Content::Event(event) = &mut delivery.content else { panic!("nothing fires") };
            event.dedup_key = format!("cycle:{number}");
            delivery.delivery_id = DeliveryId::new(format!("datadog-1-{number}"));
            delivery
        })
        .collect();
    let (mut part, mut parts) = (0, 1);
    while part < parts {
        let stack = stack().await;
        let faults = FaultInjector::seeded(1, FaultRates::none());
        let opened = grouper(&stack, &faults).group(&firings[0], clock::now(), patient()).await;
        assert!(matches!(opened, Ok(Effect::Opened(..))), "{opened:?}");
        faults.fail_part(part);
        faults.plan(WRITE, [fault]);
        let joined = grouper(&stack, &faults).group(&firings[1], clock::now(), patient()).await;
        assert!(matches!(joined, Ok(Effect::Joined(..))), "part {part}: {joined:?}");
        assert_eq!(faults.injected()[&fault], 1);
        let tables = Tables::read(&stack).await;
        let counted: Vec<u64> = tables.incidents.values().map(|incident| incident.alert_count).collect();
        let found = (tables.alerts.len(), tables.claims.deliveries.len(), counted);
        assert_eq!(found, (2, 2, vec![2]), "part {part}");
        stack.stop().await;
        (part, parts) = (part + 1, faults.parts());
    }
    assert!(parts >= 5, "{parts} parts only");
}

#[tokio::test]
async fn unprocessed_keys_are_read_again() {
    let stack = stack().await;
    let first = grouper(&stack, &FaultInjector::seeded(0, FaultRates::none()));
    let delivery = a_firing();
    first.group(&delivery, clock::now(), patient()).await.expect("grouped");

    let faults = FaultInjector::seeded(1, FaultRates::none());
    faults.plan("BatchGetItem", [Fault::Unprocessed; 4]);
    let again = grouper(&stack, &faults).group(&delivery, clock::now(), patient()).await.expect("grouped");
    assert_eq!(again, Effect::Duplicate, "rows whose keys were unprocessed at first are found");
    assert!(faults.injected()[&Fault::Unprocessed] >= 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_transaction_that_is_sent_again_with_its_token_is_not_written_twice() {
    let stack = stack().await;
    let incident = an_incident(&stack).await;
    let version = Tables::read(&stack).await.incidents[&incident].version;
    let faults = FaultInjector::seeded(1, FaultRates::none());
    // The first answer is lost. The SDK sends the transaction again with its token, and DynamoDB
    // answers that it is written.
    faults.plan(WRITE, [Fault::AnswerLost]);
    let changed = change(&stack, &faults, incident, Some(version)).await.expect("changed");
    assert_eq!((changed.status, changed.version), (Status::Investigating, version + 1));
    assert_eq!(faults.injected()[&Fault::AnswerLost], 1);
    stack.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_status_change_whose_answer_is_lost_is_recorded_once_and_succeeds(
    #[values(false, true)] with_if_match: bool,
) {
    let stack = stack().await;
    let incident = an_incident(&stack).await;
    let before = Tables::read(&stack).await.incidents[&incident].version;
    let faults = FaultInjector::seeded(1, FaultRates::none());
    faults.plan(WRITE, [Fault::AnswerLost; SDK_ATTEMPTS]);
    let changed = change(&stack, &faults, incident, with_if_match.then_some(before)).await.expect("changed");
    assert_eq!((changed.status, changed.version), (Status::Investigating, before + 1));
    let tables = Tables::read(&stack).await;
    assert_eq!(tables.actions[&incident].len(), 2);
    assert_eq!(faults.injected()[&Fault::AnswerLost], SDK_ATTEMPTS as u64);
    stack.stop().await;
}

#[tokio::test]
async fn of_equal_status_changes_whose_answers_are_lost_at_most_one_succeeds() {
    let stack = stack().await;
    let incident = an_incident(&stack).await;
    let version = Tables::read(&stack).await.incidents[&incident].version;
    let faults = FaultInjector::seeded(1, FaultRates::none().with(Fault::AnswerLost, 700));
    let changes = futures::future::join_all((0..10).map(|_| change(&stack, &faults, incident, Some(version)))).await;
    faults.wait_until_idle().await;
    let won = changes.iter().filter(|change| change.is_ok()).count();
    // The answer to the winner may be lost. No other change may succeed.
    assert!(won <= 1, "{changes:?}");
    assert_eq!(Tables::read(&stack).await.actions[&incident].len(), 2);
    stack.stop().await;
}

async fn change(
    stack: &Stack,
    faults: &Arc<FaultInjector>,
    id: IncidentId,
    version: Option<u64>,
) -> Result<shared::domain::incident::Incident, ChangeStatusError> {
    let aws = faults.connection().wrap(stack.aws().clone());
    let changer =
        ChangeStatus::new(&store::Tables::new(stack.environment("ChangeStatus"), &aws), None).expect("configured");
    let change =
        StatusChange { status: Status::Investigating, comment: Some("on it".to_owned()), actor: "alice".to_owned() };
    let accepts = |current| version.is_none_or(|version| version == current);
    Ok(changer.change(id, &change, &accepts, clock::now(), patient()).await?.incident)
}
