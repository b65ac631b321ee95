//! Groups of alerts as Alertmanager sends them, and Grafana after it.

use serde_json::Value;

use super::super::{
    Element, ElementReading, Group, Reading, Unreadable,
    labels::Labels,
    text::{link, message, title},
    time::time,
    value::{key, text},
};
use crate::domain::{
    event::{AlertEvent, Transition},
    text::key_within_limit,
    time::Time,
};

/// Where the alerts are in the payload.
const PATH: &[&str] = &["alerts"];

/// Reads a group: each alert by itself.
///
/// # Errors
/// [`Unreadable`] if there is no list of alerts.
pub fn read(
    payload: &Value,
    read_alert: impl Fn(&GroupedAlert<'_>) -> Result<ElementReading, Unreadable>,
) -> Result<Reading, Unreadable> {
    let split = Group::split(payload, PATH).ok_or_else(|| Unreadable::because("the payload has no list of alerts"))?;
    if split.elements.is_empty() {
        return Ok(Reading::ignored("the group holds no alert"));
    }
    let elements = split.elements.into_iter().map(|raw| {
        let reading = GroupedAlert::of(payload, &raw).and_then(|alert| read_alert(&alert));
        Element { raw, reading }
    });
    let left_out = text(payload, "truncatedAlerts").and_then(|number| number.parse().ok()).unwrap_or_default();
    let elements = elements.collect();
    Ok(Reading::Group(Group { envelope: split.envelope, path: PATH, elements, left_out }))
}

/// One alert of a group.
pub struct GroupedAlert<'payload> {
    group: &'payload Value,
    /// The alert.
    pub alert: &'payload Value,
    pub labels: Labels<'payload>,
    pub annotations: Labels<'payload>,
}

impl<'payload> GroupedAlert<'payload> {
    fn of(group: &'payload Value, alert: &'payload Value) -> Result<Self, Unreadable> {
        if !alert.is_object() {
            return Err(Unreadable::because("the alert is not a JSON object"));
        }
        let (labels, annotations) = (Labels::of(alert, "labels"), Labels::of(alert, "annotations"));
        Ok(Self { group, alert, labels, annotations })
    }

    /// Firing or resolved. The group's own status tells nothing of an alert in it.
    ///
    /// # Errors
    /// [`Unreadable`] if the status is another word.
    pub fn transition(&self, received_at: Time) -> Result<Transition, Unreadable> {
        match text(self.alert, "status") {
            Some(status) if status.eq_ignore_ascii_case("firing") => Ok(Transition::Firing),
            Some(status) if status.eq_ignore_ascii_case("resolved") => Ok(Transition::Resolved),
            Some(_) => Err(Unreadable::because("the alert's status is neither firing nor resolved")),
            // An alert that fires ends in the future, or in the year 1.
            None if time(self.alert, "endsAt").is_some_and(|end| end <= received_at) => Ok(Transition::Resolved),
            None => Ok(Transition::Firing),
        }
    }

    /// When the problem began, as people are shown it.
    pub fn started_at(&self) -> Option<Time> {
        time(self.alert, "startsAt")
    }

    /// When the problem ended, as people are shown it. Some senders state the year 1 with each alert.
    pub fn ended_at(&self) -> Option<Time> {
        time(self.alert, "endsAt").filter(|end| self.started_at().is_none_or(|start| start <= *end))
    }

    /// The source's id of the problem.
    pub fn fingerprint(&self) -> Option<String> {
        key(self.alert, "fingerprint")
    }

    /// The key of the group, if alerts are grouped by any label. Without one, the group is
    /// everything together, which says nothing.
    pub fn group_key(&self) -> Option<String> {
        let is_grouped = !Labels::of(self.group, "groupLabels").is_empty();
        let group_key = key(self.group, "groupKey").filter(|_| is_grouped)?;
        Some(key_within_limit(format!("group:{group_key}")))
    }

    /// The title that the alert states.
    pub fn title(&self) -> Option<String> {
        let Self { labels, annotations, .. } = self;
        [annotations.get("summary"), annotations.get("title"), labels.get("alertname")]
            .into_iter()
            .flatten()
            .find_map(title)
    }

    /// The text below the title: the description, and where to read what to do.
    pub fn message(&self) -> Option<String> {
        let described = self.annotations.first(&["description", "message"]).map(str::to_owned);
        let runbook = self.annotations.get("runbook_url").map(|runbook| format!("Runbook: {runbook}"));
        let parts: Vec<String> = described.into_iter().chain(runbook).collect();
        message(&parts.join("\n\n"))
    }

    /// A link in a member of the alert, else in one of the group.
    pub fn link(&self) -> Option<String> {
        let of_alert = text(self.alert, "generatorURL").and_then(|url| link(&url));
        of_alert.or_else(|| self.external_url().and_then(|url| link(&url)))
    }

    /// The address of the source.
    pub fn external_url(&self) -> Option<String> {
        text(self.group, "externalURL")
    }

    /// What the labels and annotations say, put into an event.
    pub fn described(&self, event: AlertEvent) -> AlertEvent {
        let severity = self.labels.severity();
        AlertEvent {
            message: self.message(),
            severity: severity.stated,
            unknown_severity: severity.unknown,
            service: self.labels.service(),
            environment: self.labels.environment(),
            team: self.labels.team(),
            group: self.labels.place(),
            tags: super::super::tags::within_limits(self.labels.tags()),
            link: self.link(),
            ..event
        }
    }
}
