//! Alerts of one outage are one incident, however they come; what only follows each other is not; and
//! an outage teaches once.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use local::Stack;
use proptest::{prelude::*, test_runner::TestRunner};
use shared::{
    domain::{alert::Alert, delivery::Delivery, id::IncidentId, incident::Incident},
    grouping::{OpeningLock, ServiceGroup, SourceGroup},
    keys,
    service::group_alerts::{Effect, GroupAlerts},
    store::{
        Tables,
        claims::{ClaimKeys, Turn},
    },
};
use tests::patient;

use super::{
    batches::{Said, rows},
    history::{self, SEVERITIES, Sealing},
};

const ENVIRONMENT: &str = "environment-0";

/// No incident takes in problems for longer than this, in minutes.
const MAX_SPAN_MINUTES: i64 = 20;

/// The first alert of a problem of its own.
fn alert(number: u8, service: u8, minutes: i64) -> Delivery {
    let said = Said::firing(usize::from(number), number, minutes, SEVERITIES[2]);
    Said { service: Some(service), environment: Some(0), ..said }.delivery()
}

fn grouper(stack: &Stack, seed: u64) -> GroupAlerts {
    GroupAlerts::new(&Tables::new(stack.environment("GroupAlerts"), stack.aws()), seed).expect("configured")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_first_alerts_of_an_outage_one_opens_an_incident() {
    let stack = history::stack_with(&[], &[], Sealing::Nothing).await;
    let deliveries: Vec<Delivery> = (0..16).map(|number| alert(number, number, i64::from(number % 2))).collect();
    let racing = deliveries.iter().zip(1..).map(|(delivery, seed)| {
        let grouper = grouper(&stack, seed);
        async move { grouper.group(delivery, history::now(), patient()).await.expect("grouped") }
    });
    let effects = join_all(racing).await;
    stack.stop().await;
    let opened = effects.iter().filter(|effect| matches!(effect, Effect::Opened(..))).count();
    let incidents: BTreeSet<IncidentId> = effects.iter().filter_map(Effect::incident_id).collect();
    assert_eq!((opened, incidents.len()), (1, 1), "{effects:?}");
}

/// The incidents with the titles of their alerts, without ids.
fn members(alerts: &[Alert], incidents: &[Incident]) -> BTreeMap<usize, BTreeSet<String>> {
    let mut members: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for alert in alerts {
        let incident = incidents.iter().position(|incident| Some(incident.id) == alert.state.incident_id);
        members.entry(incident.expect("an incident")).or_default().insert(alert.report.title.value.clone());
    }
    members
}

#[test]
fn the_order_within_a_batch_does_not_matter_for_alerts_that_are_all_near_each_other() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Two outages, each of one service within three minutes, a quarter of an hour apart.
    let outage = |first: u8, minutes: i64| {
        proptest::collection::vec(0_i64..=3, 1..=5).prop_map(move |drawn| {
            let alerts = drawn.into_iter().zip(first..);
            alerts.map(|(later, number)| alert(number, first, minutes + later)).collect::<Vec<_>>()
        })
    };
    let both = (outage(0, 0), outage(100, 15)).prop_map(|(one, other)| [one, other].concat());
    let orders = both.prop_flat_map(|in_order| (Just(in_order.clone()), Just(in_order).prop_shuffle()));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) };
    let outcome = TestRunner::new(config).run(&orders, |(in_order, shuffled)| {
        let found = [in_order, shuffled].map(|deliveries| {
            let (alerts, incidents) = runtime.block_on(rows(&deliveries, 10));
            let spans: BTreeSet<_> =
                incidents.iter().map(|incident| (incident.first_onset_at, incident.last_onset_at)).collect();
            let members: BTreeSet<_> = members(&alerts, &incidents).into_values().collect();
            (members, spans)
        });
        prop_assert_eq!(&found[0], &found[1]);
        prop_assert_eq!(found[0].0.len(), 2);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[tokio::test]
async fn forty_one_services_that_trickle_are_not_one_incident() {
    for pace in [1, 4] {
        let deliveries: Vec<Delivery> = (0..41).map(|number| alert(number, number, i64::from(number) * pace)).collect();
        let (alerts, incidents) = rows(&deliveries, 10).await;
        assert!(incidents.len() > 4, "{} incidents at a pace of {pace} min", incidents.len());
        let members = members(&alerts, &incidents);
        assert_eq!(members.len(), incidents.len());
        for incident in &incidents {
            let span_ms = incident.last_onset_at.as_millis() - incident.first_onset_at.as_millis();
            assert!(span_ms <= MAX_SPAN_MINUTES * 60_000, "an incident of {span_ms} ms");
        }
    }
}

/// What is known of a service, of the key of an alert, and of the environment.
async fn learned(stack: &Stack, service: u8, of: &Delivery) -> (ServiceGroup, SourceGroup, OpeningLock) {
    let shared::domain::delivery::Content::Event(event) = &of.content else { panic!("not an event") };
    let service = keys::service_group_claim(ENVIRONMENT, &format!("service-{service}"));
    let claims = ClaimKeys::of(event, None, ENVIRONMENT);
    let tables = Tables::new(stack.environment("GroupAlerts"), stack.aws()).claims().expect("configured");
    let wanted = claims.all().chain([service.as_str()]).collect();
    let mut known = tables.read(wanted, history::now()).await.expect("claims");
    (
        known.service_groups.remove(&service).unwrap_or_default(),
        known.source_groups.remove(&claims.source_group).unwrap_or_default(),
        known.opening_locks.remove(&claims.environment).unwrap_or_default(),
    )
}

#[tokio::test]
async fn an_outage_teaches_once_however_often_its_deliveries_come() {
    let stack = history::stack_with(&[], &[], Sealing::Nothing).await;
    let grouper = grouper(&stack, 1);
    // The services 0 and 1 break. The second alert of 1 is too late for the incident, as far as is known.
    let outage = [alert(0, 0, 0), alert(1, 1, 1), alert(2, 1, 12)];
    // Half an hour later nothing more can join: the next opening learns.
    let next = [alert(3, 7, 60), alert(4, 8, 100)];
    for _ in 0..2 {
        for together in [&outage[..], &next[..1], &next[1..]] {
            let together: Vec<&Delivery> = together.iter().collect();
            grouper.group_together(&together, history::now(), patient()).await.expect("grouped");
        }
        let (service, slow, environment) = learned(&stack, 0, &outage[2]).await;
        assert_eq!((service.outages, service.together_with("service-1")), (1, 1));
        assert_eq!((slow.delays.count(), slow.delays.median()), (1, Some(12 * 60)));
        assert_eq!((environment.version, environment.settled.len()), (4, 3));
        assert_eq!(environment.spreads.count(), 1, "one that is alone tells nothing of a spread");
    }
    stack.stop().await;
}

#[tokio::test]
async fn one_worker_at_a_time_has_the_turn_of_an_environment() {
    let stack = history::stack_with(&[], &[], Sealing::Nothing).await;
    let claims = Tables::new(stack.environment("GroupAlerts"), stack.aws()).claims().expect("configured");
    let [one, other] = [1, 2].map(|worker| Turn { environment: ENVIRONMENT, worker });
    let elsewhere = Turn { environment: "environment-1", ..other };
    let (now, later) = (history::now(), history::now().plus_millis(3_000));
    for (turn, at, is_taken) in [
        (one, now, true),
        (other, now, false),
        (elsewhere, now, true),
        (one, now.plus_millis(1_000), true),
        (other, later, false),
        // The worker died.
        (other, later.plus_millis(1_000), true),
        (one, later.plus_millis(1_000), false),
    ] {
        assert_eq!(claims.take_turn(turn, at).await.expect("answered"), is_taken, "{turn:?} at {at}");
    }
    claims.end_turn(one).await.expect("it is another's, and stays");
    assert!(!claims.take_turn(one, later.plus_millis(1_000)).await.expect("answered"));
    claims.end_turn(other).await.expect("ended");
    assert!(claims.take_turn(one, later.plus_millis(1_000)).await.expect("answered"));
    stack.stop().await;
}
