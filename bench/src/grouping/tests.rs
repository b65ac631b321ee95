//! Floors of how well incidents match outages, and that the benchmark groups as the product does.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use shared::{
    deadline::Deadline,
    domain::{
        delivery::{Content, Delivery, DeliveryId, PackedBody},
        event::Transition,
        id::IncidentId,
    },
    service::group_alerts::{Effect, GroupAlerts},
    store::Tables,
};

use super::{
    quality::Quality,
    stream::{Delivered, Label},
    *,
};

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Few enough to be fast.
const SEEDS: std::ops::Range<u64> = 1..9;

#[test]
fn incidents_match_outages_as_well_as_promised() {
    for (scenario, name, targets) in Scenario::all() {
        for ((gap, target), mixed_target) in GAPS.into_iter().zip(targets).zip(MIXED_TARGETS) {
            let quality = scenario.at_gap(gap).quality(SEEDS, None).expect("rules are valid");
            let of = format!("{name} at {gap} min");
            assert!(quality.f1() >= target, "F1 of {of}: {}", quality.f1());
            let mixed = quality.mixed();
            assert!(mixed_target.is_none_or(|target| mixed <= target), "mixed incidents of {of}: {mixed}");
        }
    }
}

#[test]
fn what_is_learned_replaces_what_nobody_declared() {
    let quiet = Scenario { delays: Delays::Monitors, pace: Pace { gap_minutes: GAPS[0], with_history: true } };
    let declared = quiet.quality(SEEDS, None).expect("rules are valid").f1();
    let learned = quiet.quality(SEEDS, Some(Part::Dependencies)).expect("rules are valid").f1();
    assert!(learned > declared - 0.06, "{learned} instead of {declared}");
}

fn counted(pairs: &[(Label, u64)]) -> Quality {
    let company = Company::new(Delays::Simple, &mut Rng::with_seed(1));
    let pace = Pace { gap_minutes: 10.0, with_history: false };
    let some = stream(&company, pace, Rng::with_seed(1)).into_iter();
    let mut firing = some.filter(|delivered| delivered.event.transition == Transition::Firing);
    let labelled =
        pairs.iter().map(|(label, _)| Delivered { label: Some(*label), ..firing.next().expect("many alerts") });
    let incidents: Vec<Option<IncidentId>> = pairs
        .iter()
        .map(|(_, incident)| Some(IncidentId::numbered(shared::domain::time::Time::EARLIEST, *incident)))
        .collect();
    Quality::of(&labelled.collect::<Vec<_>>(), &incidents)
}

#[test]
fn quality_counts_pairs_fragments_and_mixtures() {
    let (one, two, other) = (Label::Outage(1), Label::Outage(2), Label::Unrelated(1));
    let quality = counted(&[(one, 1), (one, 1), (one, 2), (two, 2), (other, 3)]);
    let figures = [
        (quality.precision(), 1.0 / 2.0),
        (quality.recall(), 1.0 / 3.0),
        (quality.f1(), 2.0 / 5.0),
        (quality.fragments(), 3.0 / 2.0),
        (quality.mixed(), 1.0 / 3.0),
        (quality.polluted(), 0.0),
    ];
    for (found, expected) in figures {
        assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
    }
    assert!((counted(&[(one, 1), (other, 1)]).polluted() - 1.0).abs() < 1e-9);
}

fn delivery(number: usize, delivered: &Delivered) -> Delivery {
    Delivery {
        delivery_id: DeliveryId::new(format!("datadog-1-{number}")),
        source: delivered.event.source.clone(),
        received_at: delivered.at,
        content: Content::Event(Box::new(delivered.event.clone())),
        content_hash: format!("{number:016}"),
        body: PackedBody { gzip: vec![0; 8], length: 8, truncated: false },
        headers: BTreeMap::new(),
        redrive_of: None,
    }
}

/// What a stream becomes, without ids: for each event that fires the number of its incident.
fn numbered(incidents: &[Option<IncidentId>]) -> Vec<Option<usize>> {
    let mut numbers = HashMap::new();
    let mut number = |id: &IncidentId| {
        let next = numbers.len();
        *numbers.entry(*id).or_insert(next)
    };
    incidents.iter().map(|id| id.as_ref().map(&mut number)).collect()
}

#[tokio::test]
async fn group_alerts_groups_a_stream_as_the_benchmark_does() {
    let mut random = Rng::with_seed(3);
    let company = Company::new(Delays::Simple, &mut random);
    let stream = stream(&company, Pace { gap_minutes: 20.0, with_history: false }, random);
    let rules = Rules::built_in().expect("valid rules");
    let expected = numbered(&group(&stream, &rules, None));

    let stack = local::Stack::start(local::Options::default()).await.expect("a stack");
    let grouper = GroupAlerts::new(&Tables::new(stack.environment("GroupAlerts"), stack.aws()), 1).expect("configured");
    let mut outcomes = Vec::new();
    for (number, delivered) in stream.iter().enumerate() {
        let delivery = delivery(number, delivered);
        let deadline = || Deadline::after(PATIENCE);
        let effect = grouper.group(&delivery, delivered.at, deadline()).await.expect("outcomes");
        let again = grouper.group(&delivery, delivered.at, deadline()).await.expect("outcomes");
        assert_eq!(again, Effect::Duplicate, "what is delivered again teaches nothing");
        if delivered.event.transition == Transition::Firing {
            outcomes.push(effect.incident_id());
        }
    }
    stack.stop().await;
    assert_eq!(numbered(&outcomes), expected);
}
