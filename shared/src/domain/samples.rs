//! Alerts and incidents for unit tests.

use super::{
    alert::{Alert, Delivered, Placement},
    classification::{Classification, Classified, Evidence},
    delivery::DeliveryId,
    episode::{Episode, EpisodeOf, EventKey, Firing},
    event::{AlertEvent, Transition},
    grouping::{Grouping, GroupingDecision},
    id::AlertId,
    severity::Severity,
    source::Source,
    time::Time,
};

/// A time some minutes after a fixed one.
pub fn at(minutes: i64) -> Time {
    Time::from_millis(1_795_000_000_000).unwrap().plus_minutes(minutes)
}

/// A firing event of `datadog`.
pub fn event(service: Option<&str>, minutes: i64) -> AlertEvent {
    AlertEvent {
        service: service.map(str::to_owned),
        ..AlertEvent::bare(Source::named("datadog"), "monitor:1|", Transition::Firing, at(minutes))
    }
}

/// What a source states.
pub fn stated<T>(value: T) -> Classified<T> {
    Classified { value, evidence: Evidence::Stated, matched: None, confidence: 1.0 }
}

/// A classification by what the source states.
pub fn classification(severity: Severity, service: &str) -> Classification {
    Classification {
        severity: stated(severity),
        team: stated(None),
        service: stated(Some(service.to_owned())),
        environment: stated("production".to_owned()),
    }
}

/// An alert that fires, with its episode.
pub fn alert(number: u64, severity: Severity, service: &str, minutes: i64) -> (Alert, Episode) {
    let key = EventKey { at: at(minutes), delivery_id: DeliveryId::new(format!("delivery-{number}")) };
    let firing = Firing {
        key: key.clone(),
        occurred_at: at(minutes),
        severity,
        evidence: Evidence::Stated,
        content: None,
        received_at: None,
    };
    let of = EpisodeOf { alert_id: AlertId::numbered(at(minutes), number), incident_id: None, resolution: None };
    let episode = Episode::begin(of, firing);
    let grouping = Grouping::plain(GroupingDecision::Joined, "because".into());
    let classification = classification(severity, service);
    let event = event(Some(service), minutes);
    let delivered = Delivered { key: &key, event: &event, classification: &classification };
    (Alert::first(&episode, delivered, Placement { incident_id: None, grouping }), episode)
}
