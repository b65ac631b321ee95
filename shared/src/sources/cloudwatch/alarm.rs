//! An alarm of CloudWatch, however it came.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use strum::EnumString;

use super::super::{
    Reading, tags,
    text::{message, name, title},
    time::Times,
};
use crate::domain::{
    event::{AlertEvent, StatedSeverity, Transition},
    severity::Severity,
    source::Source,
    text::key_within_limit,
    time::Time,
};

/// The dimensions that name a service, the most telling first.
const SERVICE: [&str; 9] = [
    "ServiceName",
    "FunctionName",
    "ApiName",
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "QueueName",
    "TableName",
    "ClusterName",
    "LoadBalancer",
];

/// What stands for itself in a part of an address.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    Alarm,
    Ok,
    InsufficientData,
}

/// What a message or an event says of an alarm.
pub struct Alarm {
    pub event_id: Option<String>,
    pub arn: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub name: String,
    pub description: Option<String>,
    pub state: AlarmState,
    /// Whether it fires since it lacks data.
    pub is_insufficient: bool,
    pub reason: Option<String>,
    pub changed_at: Option<Time>,
    pub namespace: Option<String>,
    pub metric: Option<String>,
    /// `name:value` of each.
    pub dimensions: Vec<String>,
    /// The alarm's own tags, `key:value`.
    pub tags: Vec<String>,
}

/// The region in an ARN.
pub fn region_of_arn(arn: &str) -> Option<String> {
    let region = arn.strip_prefix("arn:")?.split(':').nth(2)?;
    let is_region = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_region.then(|| region.to_owned())
}

impl Alarm {
    /// The event.
    pub fn reading(self, received_at: Time) -> Reading {
        let transition = match self.state {
            AlarmState::Alarm => Transition::Firing,
            AlarmState::Ok => Transition::Resolved,
            AlarmState::InsufficientData => {
                return Reading::ignored("an alarm without data neither fires nor is resolved");
            }
        };
        let times = match Times::of_change(self.changed_at, received_at) {
            Ok(times) => times,
            Err(forgotten) => return forgotten.into(),
        };
        let dedup_key = self.problem();
        let severity = self.severity();
        let texts: Vec<String> = self.description.iter().chain(&self.reason).cloned().collect();
        let event = AlertEvent {
            event_id: self.event_id.clone(),
            occurred_at: times.occurred_at,
            ordered_at: times.ordered_at,
            is_timed: times.is_timed,
            title: title(&self.name).unwrap_or_else(|| "CloudWatch alarm".to_owned()),
            message: message(&texts.join("\n\n")),
            severity,
            service: self.service(),
            environment: tags::named(&self.tags, &["environment", "env"]),
            team: tags::named(&self.tags, &["team"]),
            tags: self.all_tags(),
            link: self.link(),
            external_id: Some(key_within_limit(self.arn.unwrap_or(self.name))),
            ..AlertEvent::bare(Source::named(super::NAME), &dedup_key, transition, received_at)
        };
        Reading::Event(Box::new(event))
    }

    /// The alarm's ARN. Old messages lack it.
    fn problem(&self) -> String {
        let place = || {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            format!("{}:{}:{}", part(&self.account), part(&self.region), self.name)
        };
        key_within_limit(format!("alarm:{}", self.arn.clone().unwrap_or_else(place)))
    }

    fn severity(&self) -> Option<StatedSeverity> {
        let tag = tags::named(&self.tags, &["severity", "priority"]);
        let stated = tag.and_then(|words| {
            let value = Severity::from_words(&words)?;
            Some(StatedSeverity { value, matched: format!("tag {words}"), confidence: 1.0 })
        });
        let insufficient = || StatedSeverity {
            value: Severity::Warning,
            matched: "state INSUFFICIENT_DATA".to_owned(),
            confidence: 0.8,
        };
        stated.or_else(|| self.is_insufficient.then(insufficient))
    }

    fn service(&self) -> Option<String> {
        let dimension = |wanted: &&str| {
            let prefix = format!("{wanted}:");
            self.dimensions.iter().find_map(|dimension| name(dimension.strip_prefix(&prefix)?))
        };
        tags::named(&self.tags, &["service"]).or_else(|| SERVICE.iter().find_map(dimension))
    }

    fn all_tags(&self) -> Vec<String> {
        let tag = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}:{value}"));
        let own = [
            tag("namespace", &self.namespace),
            tag("metric", &self.metric),
            tag("account", &self.account),
            tag("region", &self.region),
        ];
        tags::within_limits(own.into_iter().flatten().chain(self.dimensions.clone()).chain(self.tags.clone()))
    }

    fn link(&self) -> Option<String> {
        let region = self.region.as_deref()?;
        let name = utf8_percent_encode(&self.name, KEPT);
        let link =
            format!("https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{name}");
        super::super::text::link(&link)
    }
}
