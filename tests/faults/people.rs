//! People who change the status of incidents while alerts arrive, several at once.

use std::{cell::RefCell, sync::Arc};

use fastrand::Rng;
use futures::future::join_all;
use local::Stack;
use shared::{
    clock,
    domain::{incident::Incident, status::Status},
    service::change_status::{ChangeStatus, ChangeStatusError, StatusChange},
    store,
};
use strum::VariantArray;
use tests::faults::Faults;

use crate::{
    invariants::{Answer, Change},
    queue::Queue,
    sources::one,
    tables::Tables,
    workers::Stop,
};

/// Reviews incidents for as long as something moves in the queue, and tells what was asked and answered.
pub async fn review(stack: &Stack, queue: &Queue, faults: &Arc<Faults>, random: &RefCell<Rng>) -> Vec<Change> {
    let mut random = Rng::with_seed(random.borrow_mut().u64(..));
    let mut changes = Vec::new();
    while queue.moves().await {
        if random.u8(..5) > 0 {
            continue;
        }
        let incidents: Vec<Incident> = Tables::read(stack).await.incidents.into_values().collect();
        if incidents.is_empty() {
            continue;
        }
        let incident = &incidents[random.usize(..incidents.len())];
        let next = incident.status.allowed_transitions().first().copied();
        let to = next.filter(|_| random.u8(..5) > 0).unwrap_or_else(|| one(&mut random, Status::VARIANTS));
        let version = random.bool().then_some(incident.version);
        let asked = (0..random.usize(1..=3)).map(|person| {
            let comment = format!("change {} by person {person}", changes.len());
            let change = Change { incident_id: incident.id, to, comment, if_match: version, answer: Answer::Unknown };
            ask(stack, faults, change, Stop::draw(&mut random))
        });
        let asked: Vec<_> = asked.collect();
        changes.extend(join_all(asked).await);
    }
    changes
}

async fn ask(stack: &Stack, faults: &Arc<Faults>, mut change: Change, stop: Stop) -> Change {
    let line = faults.line();
    let aws = line.through(stack.aws().clone());
    let changer = ChangeStatus::new(&store::Tables::new(stack.environment("ChangeStatus"), &aws)).expect("configured");
    let asked = StatusChange { status: change.to, comment: Some(change.comment.clone()), actor: "alice".to_owned() };
    let (id, if_match) = (change.incident_id, change.if_match);
    let accepts = |current| if_match.is_none_or(|version| version == current);
    let answered = stop.or_done(changer.change(id, &asked, &accepts, clock::now()), &line).await;
    change.answer = match answered {
        Some(Ok(_)) => Answer::Done,
        Some(Err(ChangeStatusError::Stale(_) | ChangeStatusError::Illegal(_))) => Answer::Refused,
        Some(Err(ChangeStatusError::NotFound)) => panic!("the incident {} is gone", change.incident_id),
        Some(Err(ChangeStatusError::Unavailable(_))) | None => Answer::Unknown,
    };
    change
}
