//! The parts in which a segment is stored: a list reads only what it needs.

use std::{fmt, str::FromStr};

use strum::VariantArray;

use super::rows::{Field, Number, Series};

/// How many ids a part holds. An item with them is below 4 KB, which is half a read unit.
pub const IDS_PER_PART: usize = 400;

/// A part of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The fields of [`Series::filters`].
    Filters,
    /// When each row was created.
    Created,
    /// The words that a search finds.
    Words,
    /// The fields of [`Series::problems`].
    Problems,
    /// A number of each row.
    Number(Number),
    /// The random parts of so many ids; the first part is 0.
    Ids(u32),
}

/// The text names no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no part of a segment has this name")]
pub struct InvalidPartName;

impl Part {
    /// The parts of a segment with so many rows.
    #[must_use]
    pub fn all(series: Series, rows: usize) -> Vec<Self> {
        let mut parts = vec![Self::Filters, Self::Created, Self::Words];
        parts.extend((!series.problems().is_empty()).then_some(Self::Problems));
        parts.extend(series.numbers().iter().map(|number| Self::Number(*number)));
        parts.extend((0..rows.div_ceil(IDS_PER_PART)).map(|part| Self::Ids(u32::try_from(part).unwrap_or(u32::MAX))));
        parts
    }

    /// The part that holds the id of a row.
    #[must_use]
    pub fn of_id(row: usize) -> Self {
        Self::Ids(u32::try_from(row / IDS_PER_PART).unwrap_or(u32::MAX))
    }

    /// The part that holds a field.
    #[must_use]
    pub const fn of_field(field: Field) -> Self {
        match field {
            Field::Words => Self::Words,
            Field::Problem | Field::IncidentId => Self::Problems,
            _ => Self::Filters,
        }
    }

    /// The fields of this part.
    #[must_use]
    pub const fn fields(self, series: Series) -> &'static [Field] {
        match self {
            Self::Filters => series.filters(),
            Self::Words => &[Field::Words],
            Self::Problems => series.problems(),
            Self::Created | Self::Number(_) | Self::Ids(_) => &[],
        }
    }

    /// Its byte in a frame.
    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Filters => 0,
            Self::Created => 1,
            Self::Words => 2,
            Self::Problems => 3,
            Self::Ids(_) => 4,
            Self::Number(number) => 16 + number as u8,
        }
    }

    /// The part of a frame: its byte, and the number of a part of ids.
    pub(super) fn of_tag(tag: u8, number: u32) -> Option<Self> {
        Some(match tag {
            0 => Self::Filters,
            1 => Self::Created,
            2 => Self::Words,
            3 => Self::Problems,
            4 => Self::Ids(number),
            tag => Self::Number(*Number::VARIANTS.get(usize::from(tag.checked_sub(16)?))?),
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filters => formatter.write_str("filters"),
            Self::Created => formatter.write_str("created_at"),
            Self::Words => formatter.write_str("words"),
            Self::Problems => formatter.write_str("problems"),
            Self::Number(number) => fmt::Display::fmt(number, formatter),
            Self::Ids(part) => write!(formatter, "ids.{part:06}"),
        }
    }
}

impl FromStr for Part {
    type Err = InvalidPartName;

    fn from_str(text: &str) -> Result<Self, InvalidPartName> {
        let ids = || text.strip_prefix("ids.")?.parse().ok().map(Self::Ids);
        let number = || Number::VARIANTS.iter().copied().map(Self::Number).find(|number| number.to_string() == text);
        let other = [Self::Filters, Self::Created, Self::Words, Self::Problems];
        let found = other.into_iter().find(|part| part.to_string() == text).or_else(number).or_else(ids);
        // A key has one spelling.
        found.filter(|part| part.to_string() == text).ok_or(InvalidPartName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_one_name_and_one_tag() {
        for series in Series::VARIANTS {
            for part in Part::all(*series, 1_000) {
                assert_eq!(part.to_string().parse(), Ok(part));
                let number = if let Part::Ids(number) = part { number } else { 0 };
                assert_eq!(Part::of_tag(part.tag(), number), Some(part));
            }
            let fields = Part::all(*series, 0)
                .into_iter()
                .flat_map(|part| part.fields(*series).iter().map(move |field| (part, *field)));
            assert!(fields.into_iter().all(|(part, field)| Part::of_field(field) == part));
        }
        for text in ["", "ids", "ids.1", "ids.-00001", "Filters", "count "] {
            assert_eq!(text.parse::<Part>(), Err(InvalidPartName), "{text}");
        }
    }
}
