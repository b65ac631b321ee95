//! A batch has the same effect as its deliveries one by one.

use proptest::{prelude::*, test_runner::TestRunner};
use shared::{
    domain::{
        alert::{Alert, AlertState},
        classification::Classification,
        delivery::{Content, Delivery, DeliveryId, PackedBody},
        event::{AlertEvent, StatedSeverity, Transition},
        incident::Incident,
        severity::Severity,
        source::Source,
        time::Time,
    },
    listing::{
        alerts::AlertFilter,
        incidents::{IncidentFilter, IncidentOrder},
        page::{PageRequest, Start},
    },
    service::{group_alerts::GroupAlerts, list_incidents::IncidentQuery},
    store::Tables,
};

use super::history::{self, SEVERITIES};

const ALL: PageRequest = PageRequest { limit: 200, start: Start::Offset(0), ascending: true };

/// Few problems and services within two hours, so that deliveries share alerts and incidents.
fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let one = (0_u8..5, 0_u8..3, 0_i64..120, 0_usize..4, prop::bool::weighted(0.3), 0_u8..20);
    proptest::collection::vec(one, 1..30).prop_map(|drawn| {
        let numbered = drawn.into_iter().enumerate();
        numbered
            .map(|(number, (problem, service, minutes, severity, resolves, resent))| {
                // One in twenty is a duplicate of the first delivery.
                let identity = if resent == 0 { 0 } else { number };
                delivery(identity, problem, service, minutes, SEVERITIES[severity], resolves)
            })
            .collect()
    })
}

pub fn delivery(
    identity: usize,
    problem: u8,
    service: u8,
    minutes: i64,
    severity: Severity,
    resolves: bool,
) -> Delivery {
    let event = AlertEvent {
        source: Source::named("datadog"),
        external_id: None,
        dedup_key: format!("monitor:{problem}"),
        group_key: format!("monitor:{problem}"),
        transition: if resolves { Transition::Resolved } else { Transition::Firing },
        occurred_at: history::now().plus_minutes(minutes - 120),
        title: format!("Problem {problem}, reported by {identity}"),
        message: None,
        severity: Some(StatedSeverity { value: severity, matched: String::new(), confidence: 1.0 }),
        service: Some(format!("service-{service}")),
        environment: None,
        team: None,
        tags: Vec::new(),
        link: None,
    };
    Delivery {
        delivery_id: DeliveryId::new(format!("datadog-1-{identity}")),
        source: Source::named("datadog"),
        received_at: history::now(),
        content: Content::Event(Box::new(event)),
        body: PackedBody { gzip: vec![0; 8], length: 8, truncated: false },
        headers: std::collections::BTreeMap::new(),
        redrive_of: None,
    }
}

/// An alert without its ids: what its source said, how it was grouped, and the index of its
/// incident.
type AlertFacts = (SourceFacts, String, Option<usize>);

/// What an alert says about its problem, without what depends on the order of arrival.
pub type SourceFacts = (String, String, Option<String>, [Time; 2], Option<Time>, u64, Severity, Classification);

/// An incident without its ids.
type IncidentFacts = (String, Severity, Vec<String>, Time, Time, [u64; 4]);

/// Groups deliveries in batches of a size in an empty stack, and returns the alerts and incidents
/// in the order of creation, without ids.
async fn outcome(deliveries: &[Delivery], size: usize) -> (Vec<AlertFacts>, Vec<IncidentFacts>) {
    let (alerts, incidents) = rows(deliveries, size).await;
    (
        alerts.iter().map(|alert| alert_facts(alert, &incidents)).collect(),
        incidents.iter().map(incident_facts).collect(),
    )
}

/// Groups deliveries in batches of a size in an empty stack, and returns the alerts and incidents
/// in the order of creation.
pub async fn rows(deliveries: &[Delivery], size: usize) -> (Vec<Alert>, Vec<Incident>) {
    let stack = history::stack_with(&[], &[]).await;
    let grouper = GroupAlerts::new(&Tables::new(stack.environment("GroupAlerts"), stack.aws()), 1).expect("configured");
    for together in deliveries.chunks(size) {
        let together: Vec<&Delivery> = together.iter().collect();
        grouper.group_together(&together, history::now()).await.expect("grouped");
    }
    let alerts = history::alert_lister(&stack);
    let alerts = alerts.list(&AlertFilter::default(), &ALL, "", history::now()).await.expect("a page").items;
    let incidents = history::incident_lister(&stack);
    let everything =
        IncidentQuery { filter: IncidentFilter::default(), order: IncidentOrder::Created, facets: Vec::new() };
    let incidents = incidents.list(&everything, &ALL, "", history::now()).await.expect("a page").page.items;
    stack.stop().await;
    for incident in &incidents {
        let own: Vec<&Alert> = alerts.iter().filter(|alert| alert.state.incident_id == Some(incident.id)).collect();
        assert_eq!(incident.alert_count, own.len() as u64, "the count of alerts is that of their rows");
        assert_eq!(Some(incident.severity), own.iter().map(|alert| alert.state.severity).max());
        assert_eq!(
            incident.firing_alert_count,
            own.iter().filter(|alert| alert.state.resolved_at.is_none()).count() as u64
        );
    }
    (alerts, incidents)
}

pub fn source_facts(alert: &Alert) -> SourceFacts {
    let Alert { state, report, .. } = alert.clone();
    let times = [state.occurred_at, state.last_seen_at];
    let AlertState { service, resolved_at, occurrences, severity, .. } = state;
    (report.dedup_key, report.title, service, times, resolved_at, occurrences, severity, alert.classification())
}

fn alert_facts(alert: &Alert, incidents: &[Incident]) -> AlertFacts {
    let incident = incidents.iter().position(|incident| Some(incident.id) == alert.state.incident_id);
    let grouping = format!("{:?} {:?}", alert.report.grouping.decision, alert.report.grouping.rule);
    (source_facts(alert), grouping, incident)
}

fn incident_facts(incident: &Incident) -> IncidentFacts {
    let Incident { title, severity, services, first_alert_at, last_alert_at, .. } = incident.clone();
    let counts = [incident.alert_count, incident.firing_alert_count, incident.action_count, incident.version];
    (title, severity, services, first_alert_at, last_alert_at, counts)
}

#[test]
fn a_batch_has_the_same_effect_as_its_deliveries_one_by_one() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) });
    let outcome = runner.run(&(deliveries(), 2_usize..=10), |(deliveries, size)| {
        let (one_by_one, folded) =
            runtime.block_on(async { (outcome(&deliveries, 1).await, outcome(&deliveries, size).await) });
        prop_assert_eq!(one_by_one, folded);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
