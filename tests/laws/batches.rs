//! A batch has the same effect as its deliveries one by one.

use proptest::{prelude::*, test_runner::TestRunner};
use shared::{
    domain::{
        alert::Alert,
        classification::Classification,
        delivery::{Content, Delivery, DeliveryId, PackedBody},
        event::{AlertEvent, KeyScope, StatedSeverity, Transition},
        incident::Incident,
        severity::Severity,
        source::Source,
        time::Time,
    },
    listing::segments::{order::OrderBy, query::Start},
    service::group_alerts::GroupAlerts,
    store::Tables,
};
use tests::patient;

use super::{
    asked::{self, AlertFilter, IncidentFilter, PageRequest},
    history::{self, SEVERITIES, Sealing},
};

const ALL: PageRequest = PageRequest { limit: 200, start: Start::Offset(0), ascending: true };

/// What a delivery of these laws says.
#[derive(Debug, Clone)]
pub struct Said {
    /// Tells it from others, if it is no duplicate.
    pub identity: usize,
    pub problem: u8,
    pub minutes: i64,
    pub transition: Transition,
    pub severity: Option<Severity>,
    pub service: Option<u8>,
    pub environment: Option<u8>,
    /// Of problems that are two in two environments.
    pub key_scope: KeyScope,
    /// The number of its bytes, if they state no time.
    pub content: Option<u8>,
}

impl Said {
    /// A firing delivery that states all it can.
    pub fn firing(identity: usize, problem: u8, minutes: i64, severity: Severity) -> Self {
        Self {
            identity,
            problem,
            minutes,
            transition: Transition::Firing,
            severity: Some(severity),
            service: Some(0),
            environment: None,
            key_scope: KeyScope::Problem,
            content: None,
        }
    }

    /// The delivery.
    pub fn delivery(&self) -> Delivery {
        let Self { identity, problem, minutes, severity, service, environment, content, .. } = self;
        let at = history::now().plus_minutes(minutes - 120);
        let source = Source::named("datadog");
        // The same bytes say the same.
        let bytes = content.map_or(*identity, usize::from);
        let event = AlertEvent {
            key_scope: self.key_scope,
            is_timed: content.is_none(),
            title: format!("Problem {problem}, reported by {bytes}"),
            message: (bytes % 3 > 0).then(|| format!("It is seen by {bytes}.")),
            tags: if bytes % 2 > 0 { vec![format!("seen-by:{bytes}")] } else { Vec::new() },
            link: (bytes % 5 > 0).then(|| format!("https://example.com/{bytes}")),
            severity: severity.map(|value| StatedSeverity { value, matched: String::new(), confidence: 1.0 }),
            service: service.map(|service| format!("service-{service}")),
            environment: environment.map(|environment| format!("environment-{environment}")),
            ..AlertEvent::bare(source.clone(), &format!("monitor:{problem}"), self.transition, at)
        };
        Delivery {
            delivery_id: DeliveryId::new(format!("datadog-1-{identity}")),
            source,
            received_at: if content.is_some() { at } else { history::now() },
            content: Content::Event(Box::new(event)),
            content_hash: format!("{bytes:016}"),
            body: PackedBody { gzip: vec![0; 8], length: 8, truncated: false },
            headers: std::collections::BTreeMap::new(),
            redrive_of: None,
        }
    }
}

/// Few problems and services within two hours, so that deliveries share alerts and incidents.
fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let transition = prop_oneof![7 => Just(Transition::Firing), 3 => Just(Transition::Resolved)];
    let stated = (prop::option::weighted(0.7, 0_usize..4), prop::option::of(0_u8..3), prop::option::of(0_u8..2));
    let one = (0_u8..5, 0_i64..120, transition, stated, 0_u8..20, 0_u8..4);
    proptest::collection::vec(one, 1..30).prop_map(|drawn| {
        let said = drawn.into_iter().enumerate().map(|(number, drawn)| {
            let (problem, minutes, transition, (severity, service, environment), resent, content) = drawn;
            let (is_untimed, is_per_environment) = (problem == 3, problem == 4);
            let resolves_all = is_per_environment && transition == Transition::Resolved;
            let said = Said {
                identity: number,
                problem,
                minutes,
                transition,
                severity: severity.map(|severity| SEVERITIES[severity]),
                service,
                environment: environment.filter(|_| !resolves_all),
                key_scope: if is_per_environment { KeyScope::ProblemPerEnvironment } else { KeyScope::Problem },
                content: is_untimed.then_some(content),
            };
            (said.delivery(), resent == 0)
        });
        let (mut deliveries, is_resent): (Vec<Delivery>, Vec<bool>) = said.unzip();
        for place in is_resent.into_iter().enumerate().filter_map(|(place, is_resent)| is_resent.then_some(place)) {
            // One in twenty is a duplicate of the first delivery.
            deliveries[place] = deliveries[0].clone();
        }
        deliveries
    })
}

/// An alert without its ids: what its source said, how it was grouped, and the index of its
/// incident.
type AlertFacts = (SourceFacts, String, Option<usize>);

/// What an alert says about its problem, without what depends on the order of arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFacts {
    pub dedup_key: String,
    pub times: [Time; 2],
    pub resolved_at: Option<Time>,
    occurrences: u64,
    severity: Severity,
    classification: Classification,
    pub title: String,
    message: Option<String>,
    pub tags: Option<Vec<String>>,
    link: Option<String>,
}

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
    let stack = history::stack_with(&[], &[], Sealing::Nothing).await;
    let grouper = GroupAlerts::new(&Tables::new(stack.environment("GroupAlerts"), stack.aws()), 1).expect("configured");
    for together in deliveries.chunks(size) {
        let together: Vec<&Delivery> = together.iter().collect();
        grouper.group_together(&together, history::now(), patient()).await.expect("grouped");
    }
    let alerts = history::alert_lister(&stack);
    let everything = (&AlertFilter::default(), OrderBy::CreatedAt);
    let alerts = asked::alerts(&alerts, everything, &ALL, history::now()).await.expect("a page").items;
    let incidents = history::incident_lister(&stack);
    let everything = (&IncidentFilter::default(), OrderBy::CreatedAt, [].as_slice());
    let incidents = asked::incidents(&incidents, everything, &ALL, history::now()).await.expect("a page").items;
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
    SourceFacts {
        dedup_key: alert.dedup_key(),
        times: [state.occurred_at, state.last_seen_at],
        resolved_at: state.resolved_at,
        occurrences: state.occurrences,
        severity: state.severity,
        classification: alert.classification(),
        title: report.title.value,
        message: report.message.map(|reported| reported.value),
        tags: report.tags.map(|reported| reported.value),
        link: report.link.map(|reported| reported.value),
    }
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
