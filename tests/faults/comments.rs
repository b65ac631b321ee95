//! Comments and assignees while requests fail: each is recorded once, and no other change is lost.

use std::sync::Arc;

use local::{Options, Stack};
use rstest::rstest;
use shared::{
    clock,
    domain::{action::ActionKind, assignee::Assignee, id::IncidentId},
    service::{
        add_comment::{AddComment, AddCommentError, AddedComment, Comment},
        change_assignee::{AssigneeChange, ChangeAssignee},
    },
    store,
};
use tests::{
    faults::{Fault, FaultInjector, FaultRates},
    patient,
};

use crate::{
    single_faults::{SDK_ATTEMPTS, WRITE, an_incident},
    tables::Tables,
};

async fn add(
    stack: &Stack,
    faults: &Arc<FaultInjector>,
    id: IncidentId,
    key: Option<&str>,
) -> Result<AddedComment, AddCommentError> {
    let aws = faults.connection().wrap(stack.aws().clone());
    let adder = AddComment::new(&store::Tables::new(stack.environment("AddComment"), &aws)).expect("configured");
    let comment = Comment { text: "on it".to_owned(), actor: "alice".to_owned(), key: key.map(str::to_owned) };
    adder.add(id, &comment, &|_| true, clock::now(), patient()).await
}

async fn comments(stack: &Stack, id: IncidentId) -> usize {
    let actions = Tables::read(stack).await.actions.remove(&id).expect("a history");
    actions.iter().filter(|action| matches!(action.kind, ActionKind::CommentAdded { .. })).count()
}

#[rstest]
#[tokio::test]
async fn a_comment_is_added_once_whichever_fault_its_transaction_meets(
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
    #[values(None, Some("key"))] key: Option<&str>,
) {
    let stack = Stack::start(Options::default()).await.expect("the stack starts");
    let incident = an_incident(&stack).await;
    let faults = FaultInjector::seeded(times as u64, FaultRates::none());
    faults.plan(WRITE, vec![fault; times]);
    let added = add(&stack, &faults, incident, key).await.expect("added");
    assert!(added.is_new);
    assert!(faults.injected()[&fault] >= 1);
    let tables = Tables::read(&stack).await;
    let incident_row = &tables.incidents[&incident];
    assert_eq!((incident_row, incident_row.action_count), (&added.incident, 2));
    assert_eq!(comments(&stack, incident).await, 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_person_who_sends_a_comment_until_it_is_answered_has_said_it_once() {
    let stack = Stack::start(Options::default()).await.expect("the stack starts");
    let incident = an_incident(&stack).await;
    let faults = FaultInjector::seeded(3, FaultRates::none().with(Fault::AnswerLost, 500).with(Fault::Conflict, 200));
    let people = futures::future::join_all((0..4).map(async |_| {
        for _ in 0..20 {
            if let Ok(added) = add(&stack, &faults, incident, Some("key")).await {
                return added.action;
            }
        }
        panic!("20 requests failed");
    }));
    let answers = people.await;
    faults.wait_until_idle().await;
    assert!(answers.iter().all(|action| *action == answers[0]), "{answers:?}");
    assert_eq!(comments(&stack, incident).await, 1);
    stack.stop().await;
}

#[rstest]
#[tokio::test]
async fn an_assignee_whose_answer_is_lost_is_recorded_once_and_succeeds(#[values(false, true)] with_if_match: bool) {
    let stack = Stack::start(Options::default()).await.expect("the stack starts");
    let incident = an_incident(&stack).await;
    let before = Tables::read(&stack).await.incidents[&incident].version;
    let faults = FaultInjector::seeded(1, FaultRates::none());
    faults.plan(WRITE, [Fault::AnswerLost; SDK_ATTEMPTS]);
    let aws = faults.connection().wrap(stack.aws().clone());
    let tables = store::Tables::new(stack.environment("ChangeAssignee"), &aws);
    let changer = ChangeAssignee::new(&tables).expect("configured");
    let change = AssigneeChange { assignee: Some(Assignee::read("Ada").expect("a name")), actor: "alice".to_owned() };
    let accepts = |version| !with_if_match || version == before;
    let changed = changer.change(incident, &change, &accepts, clock::now(), patient()).await.expect("changed");
    assert_eq!((changed.is_changed, changed.incident.version), (true, before + 1));
    let tables = Tables::read(&stack).await;
    assert_eq!((&tables.incidents[&incident], tables.actions[&incident].len()), (&changed.incident, 2));
    stack.stop().await;
}
