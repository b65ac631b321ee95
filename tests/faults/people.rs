//! People who change the status of incidents, and resolve alerts, while alerts arrive.

use std::{cell::RefCell, sync::Arc};

use fastrand::Rng;
use futures::future::join_all;
use local::Stack;
use shared::{
    clock,
    domain::{id::AlertId, incident::Incident, status::Status},
    service::{
        change_status::{ChangeStatus, ChangeStatusError, StatusChange},
        resolve_alerts::{self, ResolveAlertError, ResolveAlerts},
    },
    store,
};
use strum::VariantArray;
use tests::{faults::FaultInjector, patient};

use crate::{
    invariants::{AlertResolution, Answer, Change},
    queue::Queue,
    sources::one,
    tables::Tables,
    workers::Stop,
};

/// What people asked for, and how it was answered.
#[derive(Debug, Default)]
pub struct Asked {
    pub changes: Vec<Change>,
    pub resolutions: Vec<AlertResolution>,
}

/// Changes statuses and resolves alerts as long as the queue has messages.
pub async fn review(stack: &Stack, queue: &Queue, faults: &Arc<FaultInjector>, random: &RefCell<Rng>) -> Asked {
    let mut random = Rng::with_seed(random.borrow_mut().u64(..));
    let mut done = Asked::default();
    while queue.moves().await {
        if random.u8(..5) > 0 {
            continue;
        }
        let tables = Tables::read(stack).await;
        let alerts: Vec<AlertId> = tables.alerts.into_keys().collect();
        if random.u8(..3) == 0 && !alerts.is_empty() {
            let comment = format!("resolution {}", done.resolutions.len());
            let asked = AlertResolution { alert_id: one(&mut random, &alerts), comment, answer: Answer::Unknown };
            done.resolutions.push(resolve(stack, faults, asked, Stop::draw(&mut random)).await);
            continue;
        }
        let incidents: Vec<Incident> = tables.incidents.into_values().collect();
        if incidents.is_empty() {
            continue;
        }
        let incident = &incidents[random.usize(..incidents.len())];
        let next = incident.status.allowed_transitions().first().copied();
        let to = next.filter(|_| random.u8(..5) > 0).unwrap_or_else(|| one(&mut random, Status::VARIANTS));
        let version = random.bool().then_some(incident.version);
        let asked = (0..random.usize(1..=3)).map(|person| {
            let comment = format!("change {} by person {person}", done.changes.len());
            let change = Change { incident_id: incident.id, to, comment, if_match: version, answer: Answer::Unknown };
            ask(stack, faults, change, Stop::draw(&mut random))
        });
        let asked: Vec<_> = asked.collect();
        done.changes.extend(join_all(asked).await);
    }
    done
}

async fn ask(stack: &Stack, faults: &Arc<FaultInjector>, mut change: Change, stop: Stop) -> Change {
    let connection = faults.connection();
    let aws = connection.wrap(stack.aws().clone());
    let changer =
        ChangeStatus::new(&store::Tables::new(stack.environment("ChangeStatus"), &aws), None).expect("configured");
    let asked = StatusChange { status: change.to, comment: Some(change.comment.clone()), actor: "alice".to_owned() };
    let (id, if_match) = (change.incident_id, change.if_match);
    let accepts = |current| if_match.is_none_or(|version| version == current);
    let answered = stop.or_done(changer.change(id, &asked, &accepts, clock::now(), patient()), &connection).await;
    change.answer = match answered {
        Some(Ok(_)) => Answer::Done,
        Some(Err(ChangeStatusError::Stale(_) | ChangeStatusError::Illegal(_) | ChangeStatusError::Merged(_))) => {
            Answer::Refused
        }
        Some(Err(ChangeStatusError::NotFound)) => panic!("the incident {} is gone", change.incident_id),
        Some(Err(ChangeStatusError::Unavailable(_) | ChangeStatusError::Queue(_))) | None => Answer::Unknown,
    };
    change
}

async fn resolve(
    stack: &Stack,
    faults: &Arc<FaultInjector>,
    mut asked: AlertResolution,
    stop: Stop,
) -> AlertResolution {
    let connection = faults.connection();
    let aws = connection.wrap(stack.aws().clone());
    let tables = store::Tables::new(stack.environment("ChangeAlertStatus"), &aws);
    let resolver = ResolveAlerts::new(&tables).expect("configured");
    let request = resolve_alerts::AlertResolution { comment: Some(asked.comment.clone()), actor: "alice".to_owned() };
    let answered = stop.or_done(resolver.resolve(asked.alert_id, &request, clock::now(), patient()), &connection).await;
    asked.answer = match answered {
        Some(Ok(_)) => Answer::Done,
        Some(Err(ResolveAlertError::NotFound)) => panic!("the alert {} is gone", asked.alert_id),
        Some(Err(ResolveAlertError::Unavailable(_))) | None => Answer::Unknown,
    };
    asked
}
