//! Columns in memory: dense arrays, as narrow as their values allow.

use std::{collections::HashMap, mem::size_of_val};

use super::bits::Bits;

/// Unsigned integers, one for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ints {
    /// So many zeros.
    Zeros(usize),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
}

/// Runs code for each width: `values` is a function from a row to its integer.
macro_rules! each_width {
    ($ints:expr, |$values:ident| $code:expr) => {
        match $ints {
            Ints::Zeros(_) => {
                let $values = |_row: usize| 0_u64;
                $code
            }
            Ints::U8(ints) => {
                let $values = |row: usize| u64::from(ints[row]);
                $code
            }
            Ints::U16(ints) => {
                let $values = |row: usize| u64::from(ints[row]);
                $code
            }
            Ints::U32(ints) => {
                let $values = |row: usize| u64::from(ints[row]);
                $code
            }
            Ints::U64(ints) => {
                let $values = |row: usize| ints[row];
                $code
            }
        }
    };
}

impl Ints {
    /// The narrowest column of some integers.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the largest value decides the width")]
    pub fn of(values: &[u64]) -> Self {
        match values.iter().max().copied().unwrap_or(0) {
            0 => Self::Zeros(values.len()),
            0x1..=0xff => Self::U8(values.iter().map(|value| *value as u8).collect()),
            0x100..=0xffff => Self::U16(values.iter().map(|value| *value as u16).collect()),
            0x1_0000..=0xffff_ffff => Self::U32(values.iter().map(|value| *value as u32).collect()),
            _ => Self::U64(values.to_vec()),
        }
    }

    /// The integer of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> u64 {
        each_width!(self, |value| value(row))
    }

    /// All of them.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u64> {
        each_width!(self, |value| (0..self.len()).map(value).collect())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Zeros(rows) => *rows,
            Self::U8(ints) => ints.len(),
            Self::U16(ints) => ints.len(),
            Self::U32(ints) => ints.len(),
            Self::U64(ints) => ints.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What they take, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        match self {
            Self::Zeros(_) => 0,
            Self::U8(ints) => size_of_val(ints.as_slice()),
            Self::U16(ints) => size_of_val(ints.as_slice()),
            Self::U32(ints) => size_of_val(ints.as_slice()),
            Self::U64(ints) => size_of_val(ints.as_slice()),
        }
    }
}

/// A column of numbers, of which some may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// The smallest; 0 if all are absent.
    min: i64,
    /// The largest; 0 if all are absent.
    max: i64,
    /// 0 if a number is absent; else what it exceeds `min` by, and 1.
    places: Ints,
}

impl Numbers {
    /// The column of some numbers.
    #[must_use]
    pub fn of(values: &[Option<i64>]) -> Self {
        let min = values.iter().flatten().min().copied().unwrap_or(0);
        let max = values.iter().flatten().max().copied().unwrap_or(0);
        let place = |value: &Option<i64>| value.map_or(0, |value| value.abs_diff(min).saturating_add(1));
        Self { min, max, places: Ints::of(&values.iter().map(place).collect::<Vec<_>>()) }
    }

    /// A column without a number.
    #[must_use]
    pub const fn absent(rows: usize) -> Self {
        Self { min: 0, max: 0, places: Ints::Zeros(rows) }
    }

    /// The number of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<i64> {
        self.places.get(row).checked_sub(1).map(|place| self.min.wrapping_add_unsigned(place))
    }

    /// The smallest and the largest; `None` if all are absent.
    #[must_use]
    pub fn bounds(&self) -> Option<(i64, i64)> {
        let is_absent = matches!(self.places, Ints::Zeros(_));
        (!is_absent).then_some((self.min, self.max))
    }

    /// The rows whose number is in a range, both ends included; those without one, if `absent`.
    #[must_use]
    pub fn between(&self, from: Option<i64>, to: Option<i64>, absent: bool) -> Bits {
        let place = |value: i64| value.abs_diff(self.min).saturating_add(1);
        let first = from.filter(|from| *from > self.min).map_or(1, place);
        let last = match to {
            Some(to) if to < self.min => 0,
            Some(to) => place(to),
            None => u64::MAX,
        };
        let is_in = |found: u64| if found == 0 { absent } else { (first..=last).contains(&found) };
        each_width!(&self.places, |value| Bits::of(self.places.len(), |row| is_in(value(row))))
    }

    /// The first row whose number is at least this one, in a column that ascends and lacks none.
    #[must_use]
    pub fn first_from(&self, value: i64) -> usize {
        let (mut low, mut high) = (0, self.places.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.get(middle).is_some_and(|found| found < value) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The codes of the numbers: 0 if absent; else what it exceeds the smallest by, and 1.
    pub(super) const fn places(&self) -> &Ints {
        &self.places
    }

    /// The smallest number; 0 if all are absent.
    pub(super) const fn min(&self) -> i64 {
        self.min
    }

    /// What they take, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.places.memory()
    }
}

/// A column of texts: each row has none, one or several. Rows with the same texts have the same code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Each text once.
    pub(super) texts: Vec<String>,
    /// What rows have, by code: places of [`Self::texts`].
    pub(super) sets: Vec<Vec<u32>>,
    /// What each row has: a place of [`Self::sets`].
    pub(super) codes: Ints,
}

impl Default for Ints {
    fn default() -> Self {
        Self::Zeros(0)
    }
}

impl Labels {
    /// The column of the texts of rows.
    #[must_use]
    pub fn of<'row>(rows: impl Iterator<Item = &'row [String]>) -> Self {
        let mut labels = Self::default();
        let mut places: HashMap<&str, u32> = HashMap::new();
        let mut known: HashMap<&[String], u64> = HashMap::new();
        let mut codes = Vec::new();
        for row in rows {
            let code = *known.entry(row).or_insert_with(|| {
                let place = |text: &'row String| {
                    *places.entry(text).or_insert_with(|| {
                        labels.texts.push(text.clone());
                        u32::try_from(labels.texts.len() - 1).unwrap_or(u32::MAX)
                    })
                };
                labels.sets.push(row.iter().map(place).collect());
                (labels.sets.len() - 1) as u64
            });
            codes.push(code);
        }
        labels.codes = Ints::of(&codes);
        labels
    }

    /// The texts of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Vec<&str> {
        self.texts_of(self.code(row)).collect()
    }

    /// The code of a row: an index of [`Self::table`].
    #[must_use]
    pub fn code(&self, row: usize) -> usize {
        usize::try_from(self.codes.get(row)).unwrap_or(usize::MAX)
    }

    /// How many codes there are.
    #[must_use]
    pub const fn code_count(&self) -> usize {
        self.sets.len()
    }

    /// The texts of rows with this code.
    pub fn texts_of(&self, code: usize) -> impl Iterator<Item = &str> {
        self.sets.get(code).into_iter().flatten().map(|place| self.text(*place))
    }

    fn text(&self, place: u32) -> &str {
        self.texts.get(place as usize).map_or("", String::as_str)
    }

    /// For each code whether one of its texts is what is looked for. Each text is looked at once.
    #[must_use]
    pub fn table(&self, is: impl Fn(&str) -> bool) -> Vec<bool> {
        let found: Vec<bool> = self.texts.iter().map(|text| is(text)).collect();
        let has = |set: &Vec<u32>| set.iter().any(|place| found.get(*place as usize).copied().unwrap_or(false));
        self.sets.iter().map(has).collect()
    }

    /// The rows whose codes are true in a table.
    #[must_use]
    pub fn rows_where(&self, table: &[bool]) -> Bits {
        let is = |code: u64| usize::try_from(code).is_ok_and(|code| table.get(code).copied().unwrap_or(false));
        each_width!(&self.codes, |code| Bits::of(self.codes.len(), |row| is(code(row))))
    }

    /// How many of some rows have each code. `None` is all rows.
    #[must_use]
    pub fn counts(&self, rows: Option<&Bits>) -> Vec<u64> {
        let mut counts = vec![0; self.sets.len()];
        let mut count = |code: u64| {
            if let Some(count) = usize::try_from(code).ok().and_then(|code| counts.get_mut(code)) {
                *count += 1;
            }
        };
        each_width!(&self.codes, |code| match rows {
            Some(rows) => rows.for_each(|row| count(code(row))),
            None => (0..self.codes.len()).for_each(|row| count(code(row))),
        });
        counts
    }

    /// What they take, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len() + size_of::<String>()).sum();
        let sets: usize = self.sets.iter().map(|set| size_of_val(set.as_slice()) + size_of::<Vec<u32>>()).sum();
        texts + sets + self.codes.memory()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_are_kept_in_any_width(bits in 0_u32..64, values in prop::collection::vec(any::<u64>(), 0..80)) {
            let values: Vec<u64> = values.iter().map(|value| value >> bits).collect();
            let ints = Ints::of(&values);
            prop_assert_eq!(ints.len(), values.len());
            prop_assert_eq!((0..values.len()).map(|row| ints.get(row)).collect::<Vec<_>>(), &values[..]);
            prop_assert_eq!(ints.to_vec(), values);
        }

        #[test]
        fn numbers_are_kept_and_ranges_find_them(
            values in prop::collection::vec(prop::option::of(-50_i64..5_000_000_000), 0..80),
            from in prop::option::of(-60_i64..5_000_000_010), to in prop::option::of(-60_i64..5_000_000_010), absent in any::<bool>(),
        ) {
            let numbers = Numbers::of(&values);
            prop_assert_eq!((0..values.len()).map(|row| numbers.get(row)).collect::<Vec<_>>(), &values[..]);
            let present: Vec<i64> = values.iter().flatten().copied().collect();
            let bounds = present.iter().min().copied().zip(present.iter().max().copied());
            prop_assert_eq!(numbers.bounds(), bounds);
            let is_in = |value: &Option<i64>| match value {
                Some(value) => from.is_none_or(|from| from <= *value) && to.is_none_or(|to| *value <= to),
                None => absent,
            };
            prop_assert_eq!(numbers.between(from, to, absent), Bits::of(values.len(), |row| is_in(&values[row])));
        }

        #[test]
        fn a_column_that_ascends_is_searched(mut values in prop::collection::vec(0_i64..50, 0..40), value in -5_i64..60) {
            values.sort_unstable();
            let numbers = Numbers::of(&values.iter().copied().map(Some).collect::<Vec<_>>());
            prop_assert_eq!(numbers.first_from(value), values.partition_point(|found| *found < value));
        }

        #[test]
        fn texts_are_kept_and_tables_find_them(
            rows in prop::collection::vec(prop::collection::btree_set("[a-e]{1,2}", 0..4), 0..60),
        ) {
            let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.into_iter().collect()).collect();
            let labels = Labels::of(rows.iter().map(Vec::as_slice));
            prop_assert_eq!((0..rows.len()).map(|row| labels.get(row)).collect::<Vec<_>>(), &rows[..]);
            let found = labels.rows_where(&labels.table(|text| text.starts_with('a')));
            let has = |row: usize| rows[row].iter().any(|text| text.starts_with('a'));
            prop_assert_eq!(&found, &Bits::of(rows.len(), has));
            prop_assert_eq!(labels.counts(None).iter().sum::<u64>(), rows.len() as u64);
            prop_assert_eq!(labels.counts(Some(&found)).iter().sum::<u64>(), found.count() as u64);
        }
    }
}
