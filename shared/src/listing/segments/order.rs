//! Orders: by which value rows are sorted. Ties are sorted by id.

use super::{
    parts::Part,
    rows::{Field, Number, Row, Series},
};
use crate::domain::severity::Severity;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub by: OrderBy,
    pub direction: Direction,
}

/// By which value rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    CreatedAt,
    /// Mildest first, if it ascends.
    Severity,
    Number(Number),
}

/// Which way rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Series {
    /// The orders of its lists, by the member of an item that they sort by.
    #[must_use]
    pub const fn orders(self) -> &'static [(&'static str, OrderBy)] {
        const CREATED: (&str, OrderBy) = ("created_at", OrderBy::CreatedAt);
        const UPDATED: (&str, OrderBy) = ("updated_at", OrderBy::Number(Number::UpdatedAt));
        const SEVERITY: (&str, OrderBy) = ("severity", OrderBy::Severity);
        match self {
            Self::Alerts => &[
                CREATED,
                UPDATED,
                SEVERITY,
                ("occurrences", OrderBy::Number(Number::Count)),
                ("last_seen_at", OrderBy::Number(Number::LastAlertAt)),
            ],
            Self::Incidents => &[
                CREATED,
                UPDATED,
                SEVERITY,
                ("alert_count", OrderBy::Number(Number::Count)),
                ("last_alert_at", OrderBy::Number(Number::LastAlertAt)),
            ],
        }
    }
}

impl Order {
    /// Newest first.
    pub const NEWEST_FIRST: Self = Self { by: OrderBy::CreatedAt, direction: Direction::Descending };

    /// The order of a text such as `-created_at`; a minus descends. `None` if the series has none of this name.
    #[must_use]
    pub fn read(series: Series, text: &str) -> Option<Self> {
        let (name, direction) = match text.strip_prefix('-') {
            Some(name) => (name, Direction::Descending),
            None => (text, Direction::Ascending),
        };
        let by = series.orders().iter().find(|(known, _)| *known == name).map(|(_, by)| *by)?;
        Some(Self { by, direction })
    }

    /// Its text, as [`Self::read`] reads it.
    #[must_use]
    pub fn name(self, series: Series) -> String {
        let name = series.orders().iter().find(|(_, by)| *by == self.by).map_or("", |(name, _)| name);
        match self.direction {
            Direction::Ascending => name.to_owned(),
            Direction::Descending => format!("-{name}"),
        }
    }
}

impl OrderBy {
    /// The part of a segment that has the values, besides the times of creation.
    #[must_use]
    pub const fn part(self) -> Part {
        match self {
            Self::CreatedAt => Part::Created,
            Self::Severity => Part::Filters,
            Self::Number(number) => Part::Number(number),
        }
    }

    /// The value of a row.
    #[must_use]
    pub fn value(self, row: &Row) -> i64 {
        match self {
            Self::CreatedAt => row.id.created_ms(),
            Self::Severity => row.labels(Field::Severity).first().map_or(NO_SEVERITY, |text| rank(text)),
            Self::Number(number) => row.number(number).unwrap_or(NO_NUMBER),
        }
    }
}

/// What has no such number sorts before what has.
pub(super) const NO_NUMBER: i64 = -1;
pub(super) const NO_SEVERITY: i64 = -1;

/// The place of a severity: the mildest is 0.
pub(super) fn rank(severity: &str) -> i64 {
    severity.parse().map_or(NO_SEVERITY, |severity: Severity| severity as i64)
}
