//! People merge and split incidents while requests fail, processes die and alerts arrive: no alert is lost or counted twice.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join_all;
use local::{Options, Stack};
use rstest::rstest;
use shared::{
    clock,
    domain::{
        action::ActionKind,
        alert_status::AlertStatus,
        delivery::{Content, Delivery, DeliveryId, PackedBody},
        event::{AlertEvent, Transition},
        id::{AlertId, IncidentId},
        source::Source,
        status::Status,
        time::Time,
    },
    service::{
        change_status::{ChangeStatus, StatusChange},
        group_alerts::GroupAlerts,
        merge_incidents::{Merge, MergeIncidents, MergeIncidentsError, MergedIncidents},
        split_incident::{DividedIncident, Split, SplitIncident, SplitIncidentError},
        sweep_incident::SweepIncident,
    },
    store,
};
use tests::{
    faults::{Fault, FaultInjector, FaultRates},
    patient,
};

use crate::{
    single_faults::{SDK_ATTEMPTS, WRITE},
    tables::Tables,
    workers::Stop,
};

/// More than one step moves.
const MANY: usize = 45;

struct World {
    stack: Stack,
    now: Time,
}

impl World {
    async fn new() -> Self {
        Self { stack: Stack::start(Options::default()).await.expect("the stack starts"), now: clock::now() }
    }

    fn tables(&self, function: &str, faults: &Arc<FaultInjector>) -> store::Tables {
        store::Tables::new(self.stack.environment(function), &faults.connection().wrap(self.stack.aws().clone()))
    }

    fn delivery(&self, environment: &str, number: usize, transition: Transition) -> Delivery {
        let at = self.now.plus_minutes(-20).plus_millis(i64::try_from(number).expect("a small number"));
        let at = if transition == Transition::Resolved { at.plus_minutes(1) } else { at };
        let source = Source::named("datadog");
        let key = format!("{environment}:{number}");
        let event = AlertEvent {
            title: format!("Problem {number}"),
            service: Some(format!("service-{}-{environment}", number % 3)),
            environment: Some(environment.to_owned()),
            ..AlertEvent::bare(source.clone(), &key, transition, at)
        };
        Delivery {
            delivery_id: DeliveryId::new(format!("datadog-1-{key}-{transition:?}")),
            source,
            received_at: self.now,
            content: Content::Event(Box::new(event)),
            content_hash: "0".repeat(16),
            body: PackedBody { gzip: vec![0; 8], length: 8, truncated: false },
            headers: std::collections::BTreeMap::new(),
            redrive_of: None,
        }
    }

    async fn group(&self, deliveries: &[Delivery]) {
        let grouper = GroupAlerts::new(&self.tables("GroupAlerts", &healthy()), 1).expect("configured");
        for some in deliveries.chunks(10) {
            let some: Vec<&Delivery> = some.iter().collect();
            grouper.group_together(&some, clock::now(), patient()).await.expect("grouped");
        }
    }

    /// Opens the incident of an environment with so many alerts, of which every third is resolved.
    async fn incident(&self, environment: &str, alerts: usize) -> IncidentId {
        let firing: Vec<Delivery> =
            (0..alerts).map(|number| self.delivery(environment, number, Transition::Firing)).collect();
        self.group(&firing).await;
        let resolved: Vec<Delivery> =
            (0..alerts).step_by(3).map(|number| self.delivery(environment, number, Transition::Resolved)).collect();
        self.group(&resolved).await;
        let tables = Tables::read(&self.stack).await;
        let found: Vec<IncidentId> =
            tables.incidents.values().filter(|found| found.environment == environment).map(|found| found.id).collect();
        assert_eq!(found.len(), 1, "{environment} has one incident");
        found[0]
    }

    async fn merge(
        &self,
        faults: &Arc<FaultInjector>,
        stop: Stop,
        into: IncidentId,
        other: IncidentId,
    ) -> Option<Result<MergedIncidents, MergeIncidentsError>> {
        let connection = faults.connection();
        let aws = connection.wrap(self.stack.aws().clone());
        let tables = store::Tables::new(self.stack.environment("MergeIncidents"), &aws);
        let merger = MergeIncidents::new(&tables, None).expect("configured");
        let merge = Merge { others: BTreeSet::from([other]), reason: None, actor: "alice".to_owned() };
        stop.or_done(merger.merge(into, &merge, &|_| true, clock::now(), patient()), &connection).await
    }

    async fn split(
        &self,
        faults: &Arc<FaultInjector>,
        stop: Stop,
        from: IncidentId,
        alerts: &BTreeSet<AlertId>,
        into: Option<IncidentId>,
    ) -> Option<Result<DividedIncident, SplitIncidentError>> {
        let connection = faults.connection();
        let aws = connection.wrap(self.stack.aws().clone());
        let tables = store::Tables::new(self.stack.environment("SplitIncident"), &aws);
        let splitter = SplitIncident::new(&tables).expect("configured");
        let split = Split { alerts: alerts.clone(), into, reason: None, actor: "alice".to_owned() };
        stop.or_done(splitter.split(from, &split, &|_| true, clock::now(), patient()), &connection).await
    }

    async fn sweep(&self, id: IncidentId) {
        let sweeper = SweepIncident::new(&self.tables("GroupAlerts", &healthy())).expect("configured");
        assert_eq!(sweeper.sweep(id, clock::now(), patient()).await.expect("swept"), 0);
    }

    /// The alerts of an incident.
    async fn alerts_of(&self, id: IncidentId) -> BTreeSet<AlertId> {
        let tables = Tables::read(&self.stack).await;
        tables.alerts.values().filter(|alert| alert.incident_id == Some(id)).map(|alert| alert.alert_id).collect()
    }

    /// Asserts that each incident counts its alerts, and that problems know where their alerts are.
    async fn check(&self, alerts: usize) {
        let tables = Tables::read(&self.stack).await;
        assert_eq!(tables.alerts.len(), alerts, "no alert is lost or doubled");
        for incident in tables.incidents.values() {
            let own: Vec<_> = tables.alerts.values().filter(|row| row.incident_id == Some(incident.id)).collect();
            let firing = own.iter().filter(|row| row.status == AlertStatus::Firing).count();
            let counted = (incident.alert_count, incident.firing_alert_count);
            assert_eq!(counted, (own.len() as u64, firing as u64), "{incident:#?}");
            for (severity, count) in &incident.alerts_by_severity {
                assert_eq!(*count, own.iter().filter(|row| row.severity == *severity).count() as u64, "{incident:#?}");
            }
            let numbers: Vec<u128> = tables.actions[&incident.id].iter().map(|action| action.id.random()).collect();
            assert_eq!(numbers, (0..u128::from(incident.action_count)).collect::<Vec<_>>(), "{incident:#?}");
            if incident.merged_into.is_none() {
                let services: BTreeSet<_> = own.iter().filter_map(|row| row.service.clone()).collect();
                assert_eq!(incident.services.iter().cloned().collect::<BTreeSet<_>>(), services, "{incident:#?}");
                let first = own.iter().map(|row| row.occurred_at).min();
                assert_eq!(Some(incident.first_alert_at), first, "{incident:#?}");
            }
        }
        for episode in tables.claims.episodes.values().flatten() {
            assert_eq!(episode.incident_id, tables.alerts[&episode.alert_id].incident_id);
        }
    }
}

fn healthy() -> Arc<FaultInjector> {
    FaultInjector::seeded(0, FaultRates::none())
}

/// How often merges and splits are recorded, anywhere.
fn recorded(tables: &Tables, is: fn(&ActionKind) -> bool) -> usize {
    tables.actions.values().flatten().filter(|action| is(&action.kind)).count()
}

#[tokio::test]
async fn a_merge_that_dies_after_any_request_is_finished_by_whoever_comes() {
    let mut request = 1;
    loop {
        let world = World::new().await;
        let (into, other) = (world.incident("one", 2).await, world.incident("two", MANY).await);
        let faults = healthy();
        let done = world.merge(&faults, Stop::Request(request), into, other).await;
        // What was sent is still executed.
        faults.wait_until_idle().await;
        let tables = Tables::read(&world.stack).await;
        let is_merged = tables.incidents[&other].merged_into == Some(into);
        assert_eq!(
            recorded(&tables, |kind| matches!(kind, ActionKind::IncidentsMerged { .. })),
            usize::from(is_merged)
        );
        world.check_merging(into, other).await;
        if is_merged && request % 2 == 0 {
            world.sweep(other).await;
        } else {
            world.merge(&healthy(), Stop::Never, into, other).await.expect("done").expect("merged");
        }
        world.check(2 + MANY).await;
        let tables = Tables::read(&world.stack).await;
        assert_eq!(tables.incidents[&into].alert_count, 2 + MANY as u64);
        assert_eq!(tables.incidents[&other].merged_into, Some(into));
        assert_eq!(recorded(&tables, |kind| matches!(kind, ActionKind::IncidentsMerged { .. })), 1);
        assert_eq!(recorded(&tables, |kind| matches!(kind, ActionKind::MergedInto { .. })), 1);
        world.stack.stop().await;
        if done.is_some() {
            break;
        }
        request += 1;
    }
    assert!(request > 10, "{request} requests only");
}

impl World {
    /// While alerts are on their way, each is counted where it is.
    async fn check_merging(&self, into: IncidentId, other: IncidentId) {
        let tables = Tables::read(&self.stack).await;
        for id in [into, other] {
            let own = tables.alerts.values().filter(|row| row.incident_id == Some(id)).count();
            assert_eq!(tables.incidents[&id].alert_count, own as u64);
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_merge_is_recorded_once_whichever_fault_its_transactions_meet(
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
    let world = World::new().await;
    let (into, other) = (world.incident("one", 2).await, world.incident("two", 5).await);
    let faults = FaultInjector::seeded(times as u64, FaultRates::none());
    faults.plan(WRITE, vec![fault; times]);
    let merged = world.merge(&faults, Stop::Never, into, other).await.expect("done").expect("merged");
    assert!(merged.is_changed);
    assert!(faults.injected()[&fault] >= 1);
    world.sweep(other).await;
    world.check(7).await;
    let tables = Tables::read(&world.stack).await;
    assert_eq!(recorded(&tables, |kind| matches!(kind, ActionKind::IncidentsMerged { .. })), 1);
    assert_eq!(tables.incidents[&into].alert_count, 7);
    world.stack.stop().await;
}

#[rstest]
#[tokio::test]
async fn a_split_happens_once_whichever_fault_its_transaction_meets_and_wherever_it_dies(
    #[values(Fault::AnswerLost, Fault::Conflict, Fault::ConditionFailed)] fault: Fault,
    #[values(1, 2 * SDK_ATTEMPTS)] times: usize,
    #[values(Stop::Never, Stop::Request(3), Stop::Request(6), Stop::Request(8))] stop: Stop,
) {
    let world = World::new().await;
    let from = world.incident("one", 9).await;
    let leaving: BTreeSet<AlertId> = world.alerts_of(from).await.into_iter().skip(2).take(4).collect();
    let faults = FaultInjector::seeded(times as u64, FaultRates::none());
    faults.plan(WRITE, vec![fault; times]);
    if let Some(done) = world.split(&faults, stop, from, &leaving, None).await {
        assert!(done.expect("split").is_changed);
    }
    faults.wait_until_idle().await;
    world.check(9).await;
    // Who does not know what became of it asks again.
    let again = world.split(&healthy(), Stop::Never, from, &leaving, None).await.expect("done").expect("split");
    assert_eq!((again.incident.alert_count, again.into.alert_count), (5, 4));
    assert_eq!(world.alerts_of(again.into.id).await, leaving);
    world.check(9).await;
    let tables = Tables::read(&world.stack).await;
    assert_eq!(tables.incidents.len(), 2);
    assert_eq!(recorded(&tables, |kind| matches!(kind, ActionKind::AlertsMovedOut { .. })), 1);
    assert_eq!(recorded(&tables, |kind| matches!(kind, ActionKind::AlertsMovedIn { .. })), 1);
    world.stack.stop().await;
}

#[rstest]
#[case(1)]
#[case(2)]
#[case(3)]
#[tokio::test]
async fn merges_splits_changes_of_status_and_alerts_at_the_same_time_lose_nothing(#[case] seed: u64) {
    let world = World::new().await;
    let (one, two, three) =
        (world.incident("one", 8).await, world.incident("two", MANY).await, world.incident("three", 6).await);
    let leaving: BTreeSet<AlertId> = world.alerts_of(one).await.into_iter().skip(1).take(3).collect();
    let rates = FaultRates::none().with(Fault::AnswerLost, 40).with(Fault::Conflict, 60).with(Fault::Unsent, 30);
    let faults = FaultInjector::seeded(seed, rates);
    // New alerts, and news of those that move.
    let news: Vec<Delivery> = (0..MANY + 10)
        .map(|number| {
            world.delivery("two", number, if number % 2 == 0 { Transition::Resolved } else { Transition::Firing })
        })
        .collect();
    let merging = async {
        for (into, other) in [(one, two), (one, three)] {
            // A request that failed is sent again.
            for _ in 0..20 {
                if world.merge(&faults, Stop::Never, into, other).await.is_some_and(|done| done.is_ok()) {
                    break;
                }
            }
        }
    };
    let splitting = async {
        for _ in 0..20 {
            if world.split(&faults, Stop::Never, one, &leaving, None).await.is_some_and(|done| done.is_ok()) {
                break;
            }
        }
    };
    let changing = async {
        let changer = ChangeStatus::new(&world.tables("ChangeStatus", &faults), None).expect("configured");
        for (id, status) in [(two, Status::Investigating), (one, Status::Investigating)] {
            let change = StatusChange { status, comment: None, actor: "bob".to_owned() };
            let _ = changer.change(id, &change, &|_| true, clock::now(), patient()).await;
        }
    };
    let arriving = join_all(news.chunks(10).map(|some| world.group(some)));
    futures::join!(merging, splitting, changing, arriving);
    faults.wait_until_idle().await;
    for id in [two, three] {
        world.merge(&healthy(), Stop::Never, one, id).await.expect("done").expect("merged");
        world.sweep(id).await;
    }
    let tables = Tables::read(&world.stack).await;
    world.check(tables.alerts.len()).await;
    assert!(tables.alerts.len() >= 8 + MANY + 6);
    assert_eq!((tables.incidents[&two].alert_count, tables.incidents[&three].alert_count), (0, 0));
    assert_eq!(recorded(&tables, |kind| matches!(kind, ActionKind::MergedInto { .. })), 2);
    let open: Vec<_> = tables.incidents.values().filter(|incident| incident.merged_into.is_none()).collect();
    assert_eq!(open.len(), 2, "the one, and what was split off: new alerts found the successor: {open:#?}");
    world.stack.stop().await;
}
