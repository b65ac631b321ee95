//! What lists know of an alert or an incident: one row.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};
use ulid::Ulid;

use super::search;
use crate::domain::{
    alert::Alert,
    assignee::Assignee,
    id::{AlertId, IncidentId},
    incident::Incident,
    time::Time,
};

/// What is listed. Each series has segments of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Series {
    Alerts,
    Incidents,
}

/// What a row has texts of: a column of codes, with a dictionary.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum Field {
    Status,
    Severity,
    /// An incident has those of all of its alerts.
    Service,
    /// An incident has those of all of its alerts.
    Source,
    Team,
    Environment,
    /// Who works on an incident, in lower case.
    Assignee,
    /// Whether an alert of the incident fires: `true` or `false`.
    HasFiring,
    /// Whether the incident is a recurrence of another: `true` or `false`.
    IsRecurrence,
    /// The words that a search finds, as [`search::words`] writes them.
    Words,
    /// What tells the problem of an alert from others: source and dedup key.
    Problem,
    /// The incident of an alert.
    IncidentId,
}

/// What a row has a number of: a column of integers. Times are milliseconds since 1970.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Number {
    /// When it last changed.
    UpdatedAt,
    /// When a person took an incident on.
    AcknowledgedAt,
    /// When an incident or an alert was resolved.
    ResolvedAt,
    /// When the review of an incident ended.
    ClosedAt,
    /// When an alert first fired, by the source's clock.
    OccurredAt,
    /// When the latest alert of an incident occurred, or an alert last fired, by the source's clock.
    LastAlertAt,
    /// How many alerts an incident has, or how often an alert was reported.
    Count,
    /// From when on the row is gone, in seconds since 1970: the table deletes it some time later.
    ExpiresAt,
}

impl Series {
    /// The fields that lists filter, count and group by. They are stored together.
    #[must_use]
    pub const fn filters(self) -> &'static [Field] {
        use Field::{Assignee, Environment, HasFiring, IsRecurrence, Service, Severity, Source, Status, Team};
        match self {
            Self::Alerts => &[Status, Severity, Service, Source, Team, Environment],
            Self::Incidents => {
                &[Status, Severity, Service, Source, Team, Environment, Assignee, HasFiring, IsRecurrence]
            }
        }
    }

    /// The fields by which statistics tell problems apart. They are stored together.
    #[must_use]
    pub const fn problems(self) -> &'static [Field] {
        match self {
            Self::Alerts => &[Field::Problem, Field::IncidentId],
            Self::Incidents => &[],
        }
    }

    /// The numbers of its rows. Each is stored by itself.
    #[must_use]
    pub const fn numbers(self) -> &'static [Number] {
        use Number::{AcknowledgedAt, ClosedAt, Count, ExpiresAt, LastAlertAt, OccurredAt, ResolvedAt, UpdatedAt};
        match self {
            Self::Alerts => &[UpdatedAt, ResolvedAt, OccurredAt, LastAlertAt, Count, ExpiresAt],
            Self::Incidents => &[UpdatedAt, AcknowledgedAt, ResolvedAt, ClosedAt, LastAlertAt, Count, ExpiresAt],
        }
    }
}

/// The id of a row: that of an alert or an incident. Rows sort by it, so by the time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(u128);

/// Bits of an id that are no time.
const RANDOM_BITS: u32 = 80;

impl RowId {
    /// The id of a millisecond and its random part.
    #[must_use]
    pub const fn new(created_ms: i64, random: u128) -> Self {
        Self((created_ms.unsigned_abs() as u128) << RANDOM_BITS | (random & ((1 << RANDOM_BITS) - 1)))
    }

    /// When it was created, in milliseconds since 1970.
    #[must_use]
    pub fn created_ms(self) -> i64 {
        // 48 bits are left.
        i64::try_from(self.0 >> RANDOM_BITS).unwrap_or(i64::MAX)
    }

    /// When it was created.
    #[must_use]
    pub fn created_at(self) -> Time {
        Time::from_millis(self.created_ms()).unwrap_or(Time::LATEST)
    }

    /// Its random part: 80 bits.
    #[must_use]
    pub const fn random(self) -> u128 {
        self.0 & ((1 << RANDOM_BITS) - 1)
    }

    /// Its 16 bytes. They sort as ids do.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The id of 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

macro_rules! row_ids {
    ($($id:ident),*) => {$(
        impl From<$id> for RowId {
            fn from(id: $id) -> Self {
                Self::new(id.created_at().as_millis(), id.random())
            }
        }

        impl From<RowId> for $id {
            fn from(id: RowId) -> Self {
                Ulid::from_bytes(id.to_bytes()).into()
            }
        }
    )*};
}

row_ids!(AlertId, IncidentId);

/// A row: an alert or an incident, as far as lists ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: RowId,
    labels: [Vec<String>; Field::COUNT],
    numbers: [Option<i64>; Number::COUNT],
}

impl Row {
    /// A row that says nothing yet.
    #[must_use]
    pub fn new(id: impl Into<RowId>) -> Self {
        Self { id: id.into(), labels: Default::default(), numbers: Default::default() }
    }

    /// The same row with the texts of a field, each once and sorted.
    #[must_use]
    pub fn with_labels<T: ToString>(mut self, field: Field, labels: impl IntoIterator<Item = T>) -> Self {
        let mut labels: Vec<String> = labels.into_iter().map(|label| label.to_string()).collect();
        labels.sort();
        labels.dedup();
        self.labels[field as usize] = labels;
        self
    }

    /// The same row with a number.
    #[must_use]
    pub const fn with_number(mut self, number: Number, value: Option<i64>) -> Self {
        self.numbers[number as usize] = value;
        self
    }

    /// The same row with a time.
    #[must_use]
    pub fn with_time(self, number: Number, time: Option<Time>) -> Self {
        self.with_number(number, time.map(Time::as_millis))
    }

    /// The texts of a field, sorted.
    #[must_use]
    pub fn labels(&self, field: Field) -> &[String] {
        &self.labels[field as usize]
    }

    /// A number.
    #[must_use]
    pub const fn number(&self, number: Number) -> Option<i64> {
        self.numbers[number as usize]
    }
}

impl From<&Incident> for Row {
    fn from(incident: &Incident) -> Self {
        let texts = std::iter::once(incident.title.as_str()).chain(incident.services.iter().map(String::as_str));
        Self::new(incident.id)
            .with_labels(Field::Status, [incident.status])
            .with_labels(Field::Severity, [incident.severity])
            .with_labels(Field::Service, &incident.services)
            .with_labels(Field::Source, &incident.sources)
            .with_labels(Field::Team, &incident.team)
            .with_labels(Field::Environment, [&incident.environment])
            .with_labels(Field::Assignee, incident.assignee.as_ref().map(Assignee::in_lower_case))
            .with_labels(Field::HasFiring, [incident.firing_alert_count > 0])
            .with_labels(Field::IsRecurrence, [incident.recurrence_of.is_some()])
            .with_labels(Field::Words, [search::words(texts)])
            .with_time(Number::UpdatedAt, Some(incident.updated_at))
            .with_time(Number::AcknowledgedAt, incident.acknowledged_at)
            .with_time(Number::ResolvedAt, incident.resolved_at)
            .with_time(Number::ClosedAt, incident.closed_at)
            .with_time(Number::LastAlertAt, Some(incident.last_alert_at))
            .with_number(Number::Count, Some(incident.alert_count.cast_signed()))
    }
}

impl From<&Alert> for Row {
    fn from(alert: &Alert) -> Self {
        let Alert { id, state, report } = alert;
        let text =
            |text: &Option<crate::domain::reported::Reported<String>>| text.as_ref().map(|text| text.value.clone());
        let texts =
            [Some(report.title.value.clone()), state.service.clone(), text(&report.external_id), text(&report.group)];
        Self::new(*id)
            .with_labels(Field::Status, [state.status])
            .with_labels(Field::Severity, [state.severity])
            .with_labels(Field::Service, &state.service)
            .with_labels(Field::Source, [&state.source])
            .with_labels(Field::Team, &state.team)
            .with_labels(Field::Environment, [&state.environment])
            .with_labels(Field::Words, [search::words(texts.iter().flatten().map(String::as_str))])
            .with_labels(Field::Problem, [format!("{}|{}", state.source, alert.recurs_as())])
            .with_labels(Field::IncidentId, state.incident_id)
            .with_time(Number::UpdatedAt, Some(state.updated_at))
            .with_time(Number::ResolvedAt, state.resolved_at)
            .with_time(Number::OccurredAt, Some(state.occurred_at))
            .with_time(Number::LastAlertAt, Some(state.last_seen_at))
            .with_number(Number::Count, Some(state.occurrences.cast_signed()))
    }
}
