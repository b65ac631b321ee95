//! Filters: which rows a list has.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    bits::Bits,
    header::{Bounds, Header},
    parts::Part,
    rows::{Field, Number, Row},
    segment::Segment,
};
use crate::domain::{severity::Severity, time::Time};

/// Conditions, which combine with AND. Without any, every row matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    conditions: Vec<Condition>,
}

/// A condition on rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// One of the texts of a field is one of these values. `None` is the value of a row that has no text.
    AnyOf { field: Field, values: Vec<Option<String>> },
    /// No text of a field is one of these values. A row that has no text matches, unless `None` is one of them.
    NoneOf { field: Field, values: Vec<Option<String>> },
    /// A number is in a range, both ends included.
    Between { number: Number, from: Option<i64>, to: Option<i64> },
    /// The row was created in a range of milliseconds since 1970, both ends included.
    Created { from: Option<i64>, to: Option<i64> },
    /// A word begins with this.
    Word(String),
    /// The row is not gone at this time, in seconds since 1970.
    ExistsAt(i64),
}

/// What a header knows of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No row matches.
    Never,
    /// Every row matches.
    Always,
    /// Only the columns know.
    Perhaps,
}

impl Filter {
    /// The same filter with another condition. One without values or bounds is left out.
    #[must_use]
    pub fn and(mut self, condition: Condition) -> Self {
        let condition = condition.canonical();
        let asks = match &condition {
            Condition::AnyOf { values, .. } | Condition::NoneOf { values, .. } => !values.is_empty(),
            Condition::Between { from, to, .. } | Condition::Created { from, to } => from.is_some() || to.is_some(),
            Condition::Word(_) | Condition::ExistsAt(_) => true,
        };
        self.conditions.extend(asks.then_some(condition));
        self
    }

    /// Only rows of which a field is one of these values.
    #[must_use]
    pub fn any_of<T: ToString>(self, field: Field, values: &[T]) -> Self {
        self.and(Condition::AnyOf { field, values: values.iter().map(|value| Some(value.to_string())).collect() })
    }

    /// Only rows of which a field is none of these values.
    #[must_use]
    pub fn none_of<T: ToString>(self, field: Field, values: &[T]) -> Self {
        self.and(Condition::NoneOf { field, values: values.iter().map(|value| Some(value.to_string())).collect() })
    }

    /// Only rows that are at least so severe.
    #[must_use]
    pub fn at_least(self, severity: Severity) -> Self {
        let all = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
        let severities: Vec<Severity> = all.into_iter().filter(|other| *other >= severity).collect();
        self.any_of(Field::Severity, &severities)
    }

    /// Only rows that were created in a range of times, both ends included.
    #[must_use]
    pub fn created(self, from: Option<Time>, to: Option<Time>) -> Self {
        self.and(Condition::Created { from: from.map(Time::as_millis), to: to.map(Time::as_millis) })
    }

    /// Only rows of which a time is in a range, both ends included.
    #[must_use]
    pub fn between(self, number: Number, from: Option<Time>, to: Option<Time>) -> Self {
        self.and(Condition::Between { number, from: from.map(Time::as_millis), to: to.map(Time::as_millis) })
    }

    /// Only rows with a word for each of these that begins with it. See [`super::search::query_words`].
    #[must_use]
    pub fn words(self, words: &[String]) -> Self {
        words.iter().fold(self, |filter, word| filter.and(Condition::Word(word.clone())))
    }

    /// Its conditions.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether a row matches.
    #[must_use]
    pub fn matches(&self, row: &Row) -> bool {
        self.conditions.iter().all(|condition| condition.matches(row))
    }

    /// Identifies what is asked for, whatever the order of conditions and values.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut conditions: Vec<&Condition> = self.conditions.iter().collect();
        conditions.sort();
        conditions.dedup();
        // In JSON no value can look like two. Conditions always have a JSON form.
        let json = serde_json::to_string(&conditions).unwrap_or_default();
        hex::encode(&Sha256::digest(json)[..16])
    }
}

impl Condition {
    /// Whether it asks for rows with this value of a field.
    #[must_use]
    pub fn asks_for(&self, field: Field, value: Option<&str>) -> bool {
        matches!(self, Self::AnyOf { field: own, values } if *own == field && is_one_of(values, value))
    }

    /// The field that it is about.
    #[must_use]
    pub const fn field(&self) -> Option<Field> {
        match self {
            Self::AnyOf { field, .. } | Self::NoneOf { field, .. } => Some(*field),
            Self::Between { .. } | Self::Created { .. } | Self::Word(_) | Self::ExistsAt(_) => None,
        }
    }

    /// The part of a segment that it looks at.
    #[must_use]
    pub const fn part(&self) -> Part {
        match self {
            Self::AnyOf { field, .. } | Self::NoneOf { field, .. } => Part::of_field(*field),
            Self::Between { number, .. } => Part::Number(*number),
            Self::Created { .. } => Part::Created,
            Self::Word(_) => Part::Words,
            Self::ExistsAt(_) => Part::Number(Number::ExpiresAt),
        }
    }

    fn canonical(mut self) -> Self {
        if let Self::AnyOf { values, .. } | Self::NoneOf { values, .. } = &mut self {
            values.sort();
            values.dedup();
        }
        self
    }

    /// Whether a row matches.
    #[must_use]
    pub fn matches(&self, row: &Row) -> bool {
        let is_in = |value: i64, from: &Option<i64>, to: &Option<i64>| {
            from.is_none_or(|from| from <= value) && to.is_none_or(|to| value <= to)
        };
        match self {
            Self::AnyOf { field, values } => has_one_of(values, row.labels(*field)),
            Self::NoneOf { field, values } => !has_one_of(values, row.labels(*field)),
            Self::Between { number, from, to } => row.number(*number).is_some_and(|value| is_in(value, from, to)),
            Self::Created { from, to } => is_in(row.id.created_ms(), from, to),
            Self::Word(word) => row.labels(Field::Words).iter().any(|words| words.contains(&format!(" {word}"))),
            Self::ExistsAt(now) => row.number(Number::ExpiresAt).is_none_or(|expires| expires > *now),
        }
    }

    /// What a header knows.
    #[must_use]
    pub fn verdict(&self, header: &Header) -> Verdict {
        match self {
            Self::AnyOf { field, values } => any_of(header, *field, values),
            Self::NoneOf { field, values } => match any_of(header, *field, values) {
                Verdict::Never => Verdict::Always,
                Verdict::Always => Verdict::Never,
                Verdict::Perhaps => Verdict::Perhaps,
            },
            Self::Between { number, from, to } => match header.numbers.get(number) {
                None => Verdict::Never,
                Some(found) => match within(found.bounds, *from, *to) {
                    Verdict::Always if found.absent > 0 => Verdict::Perhaps,
                    verdict => verdict,
                },
            },
            Self::Created { from, to } => header.created_ms.map_or(Verdict::Never, |bounds| within(bounds, *from, *to)),
            Self::Word(_) => Verdict::Perhaps,
            Self::ExistsAt(now) => match header.numbers.get(&Number::ExpiresAt) {
                None => Verdict::Always,
                Some(found) if found.bounds.min > *now => Verdict::Always,
                Some(found) if found.bounds.max <= *now && found.absent == 0 => Verdict::Never,
                Some(_) => Verdict::Perhaps,
            },
        }
    }

    /// The rows of a segment that match. `None` if its part is not in memory.
    #[must_use]
    pub fn select(&self, segment: &Segment) -> Option<Bits> {
        match self {
            Self::AnyOf { field, values } => {
                let labels = segment.labels(*field)?;
                Some(labels.rows_where(&labels.table_or_none(|text| is_one_of(values, text))))
            }
            Self::NoneOf { field, values } => {
                let labels = segment.labels(*field)?;
                let found = labels.table_or_none(|text| is_one_of(values, text));
                Some(labels.rows_where(&found.into_iter().map(|found| !found).collect::<Vec<_>>()))
            }
            Self::Word(word) => {
                let labels = segment.labels(Field::Words)?;
                Some(labels.rows_where(&labels.table_of_containing(&format!(" {word}"))))
            }
            Self::Between { number, from, to } => Some(segment.numbers(*number)?.between(*from, *to, false)),
            Self::Created { from, to } => Some(segment.created()?.between(*from, *to, false)),
            Self::ExistsAt(now) => {
                Some(segment.numbers(Number::ExpiresAt)?.between(Some(now.saturating_add(1)), None, true))
            }
        }
    }
}

fn is_one_of(values: &[Option<String>], text: Option<&str>) -> bool {
    values.binary_search_by(|value| value.as_deref().cmp(&text)).is_ok()
}

fn has_one_of(values: &[Option<String>], texts: &[String]) -> bool {
    texts.iter().any(|text| is_one_of(values, Some(text))) || texts.is_empty() && is_one_of(values, None)
}

fn any_of(header: &Header, field: Field, values: &[Option<String>]) -> Verdict {
    let Some(counts) = header.labels.get(&field) else { return Verdict::Perhaps };
    let none = (counts.none > 0).then_some(None);
    let mut texts = counts.values.keys().map(|text| Some(text.as_str())).chain(none);
    if texts.clone().all(|text| !is_one_of(values, text)) {
        Verdict::Never
    } else if texts.all(|text| is_one_of(values, text)) {
        Verdict::Always
    } else {
        Verdict::Perhaps
    }
}

fn within(bounds: Bounds, from: Option<i64>, to: Option<i64>) -> Verdict {
    let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
    if bounds.max < from || bounds.min > to {
        Verdict::Never
    } else if from <= bounds.min && bounds.max <= to {
        Verdict::Always
    } else {
        Verdict::Perhaps
    }
}
