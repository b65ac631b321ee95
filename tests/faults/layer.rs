//! The faults are those of the services, and the SDK takes them for what they are; and what each of them alone does to
//! grouping and to a change of status.

use std::sync::Arc;

use local::{Options, Stack};
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
use tests::faults::{Fault, Faults, Rates};

use crate::{sources, tables::Tables};

/// The SDK tries three times.
const SDK_ATTEMPTS: usize = 3;

const WRITE: &str = "TransactWriteItems";

async fn stack() -> Stack {
    Stack::start(Options::default()).await.expect("the stack starts")
}

fn grouper(stack: &Stack, faults: &Arc<Faults>) -> GroupAlerts {
    let aws = faults.line().through(stack.aws().clone());
    GroupAlerts::new(&store::Tables::new(stack.environment("GroupAlerts"), &aws), 1).expect("configured")
}

fn a_firing() -> Delivery {
    let deliveries = (0..).flat_map(|seed| sources::deliveries(&mut fastrand::Rng::with_seed(seed), clock::now()));
    let mut firings = deliveries.filter(|delivery| {
        crate::model::Model::of([delivery]).problems.values().any(|problem| !problem.firings.is_empty())
    });
    firings.next().expect("sources send something that fires")
}

/// An incident that one alert opened.
async fn an_incident(stack: &Stack) -> IncidentId {
    let effect = grouper(stack, &Faults::seeded(0, Rates::none())).group(&a_firing(), clock::now()).await;
    let Ok(Effect::Opened(_, incident)) = effect else { panic!("{effect:?}") };
    incident
}

#[tokio::test]
async fn a_delivery_takes_effect_once_whichever_fault_befalls_its_writing() {
    for fault in Fault::ALL.into_iter().filter(|fault| *fault != Fault::Unprocessed) {
        // Within the SDK's attempts and beyond them.
        for times in [1, SDK_ATTEMPTS, 2 * SDK_ATTEMPTS] {
            let (stack, faults) = (stack().await, Faults::seeded(times as u64, Rates::none()));
            faults.plan(WRITE, vec![fault; times]);
            let effect = grouper(&stack, &faults).group(&a_firing(), clock::now()).await;
            let effect = effect.unwrap_or_else(|error| panic!("{times} times {fault:?}: {error}"));
            // Who does not hear that it was written finds it written.
            let unheard = fault == Fault::AnswerLost && times >= SDK_ATTEMPTS;
            let expected =
                if unheard { matches!(effect, Effect::Duplicate) } else { matches!(effect, Effect::Opened(..)) };
            assert!(expected, "{times} times {fault:?}: {effect:?}");
            let tables = Tables::read(&stack).await;
            let rows = (tables.alerts.len(), tables.incidents.len(), tables.claims.deliveries.len());
            assert_eq!(rows, (1, 1, 1), "{times} times {fault:?}");
            assert!(faults.injected()[&fault] >= 1);
            stack.stop().await;
        }
    }
}

/// A delivery that joins an incident, whichever part of its transaction fails at first.
#[tokio::test]
async fn every_part_of_a_transaction_may_fail() {
    let firings: Vec<Delivery> = (0..2)
        .map(|number| {
            let mut delivery = a_firing();
            let Content::Event(event) = &mut delivery.content else { panic!("nothing fires") };
            event.dedup_key = format!("cycle:{number}");
            delivery.delivery_id = DeliveryId::new(format!("datadog-1-{number}"));
            delivery
        })
        .collect();
    for fault in [Fault::Conflict, Fault::ConditionFailed] {
        let (mut part, mut parts) = (0, 1);
        while part < parts {
            let stack = stack().await;
            let faults = Faults::seeded(1, Rates::none());
            let opened = grouper(&stack, &faults).group(&firings[0], clock::now()).await;
            assert!(matches!(opened, Ok(Effect::Opened(..))), "{opened:?}");
            faults.aim(part);
            faults.plan(WRITE, [fault]);
            let joined = grouper(&stack, &faults).group(&firings[1], clock::now()).await;
            assert!(matches!(joined, Ok(Effect::Joined(..))), "{fault:?} of part {part}: {joined:?}");
            assert_eq!(faults.injected()[&fault], 1);
            let tables = Tables::read(&stack).await;
            let counted: Vec<u64> = tables.incidents.values().map(|incident| incident.alert_count).collect();
            let found = (tables.alerts.len(), tables.claims.deliveries.len(), counted);
            assert_eq!(found, (2, 2, vec![2]), "{fault:?} of part {part}");
            stack.stop().await;
            (part, parts) = (part + 1, faults.parts());
        }
        assert!(parts >= 5, "{parts} parts only");
    }
}

#[tokio::test]
async fn keys_that_are_handed_back_are_asked_for_again() {
    let stack = stack().await;
    let first = grouper(&stack, &Faults::seeded(0, Rates::none()));
    let delivery = a_firing();
    first.group(&delivery, clock::now()).await.expect("grouped");

    let faults = Faults::seeded(1, Rates::none());
    faults.plan("BatchGetItem", [Fault::Unprocessed; 4]);
    let again = grouper(&stack, &faults).group(&delivery, clock::now()).await.expect("grouped");
    assert_eq!(again, Effect::Duplicate, "what is there is found, although it was handed back at first");
    assert!(faults.injected()[&Fault::Unprocessed] >= 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_transaction_that_is_sent_again_with_its_token_is_not_written_twice() {
    let stack = stack().await;
    let incident = an_incident(&stack).await;
    let version = Tables::read(&stack).await.incidents[&incident].version;
    let faults = Faults::seeded(1, Rates::none());
    // Lost at first; then the SDK sends it again, with its token, and DynamoDB answers that it is written.
    faults.plan(WRITE, [Fault::AnswerLost]);
    let changed = change(&stack, &faults, incident, Some(version)).await.expect("changed");
    assert_eq!((changed.status, changed.version), (Status::Investigating, version + 1));
    assert_eq!(faults.injected()[&Fault::AnswerLost], 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_change_of_status_whose_answer_is_lost_knows_its_own_writing() {
    for if_match in [false, true] {
        let stack = stack().await;
        let incident = an_incident(&stack).await;
        let before = Tables::read(&stack).await.incidents[&incident].version;
        let faults = Faults::seeded(1, Rates::none());
        faults.plan(WRITE, [Fault::AnswerLost; SDK_ATTEMPTS]);
        let changed = change(&stack, &faults, incident, if_match.then_some(before)).await.expect("changed");
        assert_eq!((changed.status, changed.version), (Status::Investigating, before + 1));
        let tables = Tables::read(&stack).await;
        assert_eq!(tables.actions[&incident].len(), 2);
        assert_eq!(faults.injected()[&Fault::AnswerLost], SDK_ATTEMPTS as u64);
        stack.stop().await;
    }
}

#[tokio::test]
async fn of_equal_changes_of_status_whose_answers_are_lost_one_wins() {
    let stack = stack().await;
    let incident = an_incident(&stack).await;
    let version = Tables::read(&stack).await.incidents[&incident].version;
    let faults = Faults::seeded(1, Rates::none().with(Fault::AnswerLost, 700));
    let changes = futures::future::join_all((0..10).map(|_| change(&stack, &faults, incident, Some(version)))).await;
    faults.idle().await;
    let won = changes.iter().filter(|change| change.is_ok()).count();
    // The winner may not hear of it; nobody else may be told that it won.
    assert!(won <= 1, "{changes:?}");
    assert_eq!(Tables::read(&stack).await.actions[&incident].len(), 2);
    stack.stop().await;
}

async fn change(
    stack: &Stack,
    faults: &Arc<Faults>,
    id: IncidentId,
    version: Option<u64>,
) -> Result<shared::domain::incident::Incident, ChangeStatusError> {
    let aws = faults.line().through(stack.aws().clone());
    let changer = ChangeStatus::new(&store::Tables::new(stack.environment("ChangeStatus"), &aws)).expect("configured");
    let change =
        StatusChange { status: Status::Investigating, comment: Some("on it".to_owned()), actor: "alice".to_owned() };
    let accepts = |current| version.is_none_or(|version| version == current);
    Ok(changer.change(id, &change, &accepts, clock::now()).await?.incident)
}
