//! Columns in memory: dense arrays, as narrow as their values allow.

use std::{collections::HashMap, mem::size_of_val, ops::Range};

use memchr::memmem;

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

pub(super) use each_width;

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
    #[inline]
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
    /// Whether a row lacks the number.
    lacks_any: bool,
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
        let lacks_any = values.contains(&None);
        Self { min, max, lacks_any, places: Ints::of(&values.iter().map(place).collect::<Vec<_>>()) }
    }

    /// A column without a number.
    #[must_use]
    pub const fn absent(rows: usize) -> Self {
        Self { min: 0, max: 0, lacks_any: rows > 0, places: Ints::Zeros(rows) }
    }

    /// The number of a row.
    #[inline]
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

    /// Whether a row lacks the number.
    #[must_use]
    pub const fn lacks_any(&self) -> bool {
        self.lacks_any
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
    /// Each text once, one behind the other.
    text: String,
    /// Where each text ends.
    text_ends: Vec<u32>,
    /// The places of texts that rows have, one set behind the other.
    places: Vec<u32>,
    /// Where each set ends. A set is what a code stands for.
    set_ends: Vec<u32>,
    codes: Ints,
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
                for text in row {
                    let place = *places.entry(text).or_insert_with(|| labels.push_text(text));
                    labels.places.push(place);
                }
                labels.end_set()
            });
            codes.push(code);
        }
        labels.codes = Ints::of(&codes);
        labels
    }

    /// Adds a text and returns its place.
    pub(super) fn push_text(&mut self, text: &str) -> u32 {
        self.text.push_str(text);
        self.text_ends.push(length(self.text.len()));
        length(self.text_ends.len() - 1)
    }

    /// Adds the place of a text to the set that has not ended yet.
    pub(super) fn push_place(&mut self, place: u32) {
        self.places.push(place);
    }

    /// Ends a set and returns its code.
    pub(super) fn end_set(&mut self) -> u64 {
        self.set_ends.push(length(self.places.len()));
        (self.set_ends.len() - 1) as u64
    }

    /// The same texts and sets with the codes of rows.
    pub(super) fn with_codes(self, codes: Ints) -> Self {
        Self { codes, ..self }
    }

    /// The texts of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> Vec<&str> {
        self.texts_of(self.code(row)).collect()
    }

    /// The code of a row: an index of [`Self::table`].
    #[inline]
    #[must_use]
    pub fn code(&self, row: usize) -> usize {
        usize::try_from(self.codes.get(row)).unwrap_or(usize::MAX)
    }

    /// The codes of all rows.
    pub(super) const fn codes(&self) -> &Ints {
        &self.codes
    }

    /// How many codes there are.
    #[must_use]
    pub const fn code_count(&self) -> usize {
        self.set_ends.len()
    }

    /// How many texts there are.
    pub(super) const fn text_count(&self) -> usize {
        self.text_ends.len()
    }

    /// The texts of rows with this code.
    pub fn texts_of(&self, code: usize) -> impl Iterator<Item = &str> {
        self.places_of(code).iter().map(|place| self.text(*place as usize))
    }

    /// The places of the texts of rows with this code.
    pub(super) fn places_of(&self, code: usize) -> &[u32] {
        part(&self.set_ends, code).and_then(|range| self.places.get(range)).unwrap_or_default()
    }

    /// The text at a place.
    pub(super) fn text(&self, place: usize) -> &str {
        part(&self.text_ends, place).and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    /// For each code whether one of its texts is what is looked for. Each text is looked at once.
    #[must_use]
    pub fn table(&self, is: impl Fn(&str) -> bool) -> Vec<bool> {
        let found: Vec<bool> = (0..self.text_count()).map(|place| is(self.text(place))).collect();
        self.table_of(&found)
    }

    /// For each code whether one of its texts is what is looked for; of one without texts, whether no text is.
    #[must_use]
    pub fn table_or_none(&self, is: impl Fn(Option<&str>) -> bool) -> Vec<bool> {
        let mut table = self.table(|text| is(Some(text)));
        if is(None) {
            for (code, found) in table.iter_mut().enumerate() {
                *found |= self.places_of(code).is_empty();
            }
        }
        table
    }

    /// For each code whether one of its texts contains another text, which is not empty.
    #[must_use]
    pub fn table_of_containing(&self, wanted: &str) -> Vec<bool> {
        let mut found = vec![false; self.text_count()];
        let finder = memmem::Finder::new(wanted);
        let (mut from, mut place) = (0, 0);
        while let Some(at) = self.text.as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + at;
            place += self.text_ends[place..].partition_point(|end| *end as usize <= at);
            let Some(end) = self.text_ends.get(place).map(|end| *end as usize) else { break };
            // What begins in one text and ends in the next is in neither.
            found[place] |= at + wanted.len() <= end;
            from = if found[place] { end } else { at + 1 };
        }
        self.table_of(&found)
    }

    fn table_of(&self, found: &[bool]) -> Vec<bool> {
        let is_found = |place: &u32| found.get(*place as usize).copied().unwrap_or(false);
        (0..self.code_count()).map(|code| self.places_of(code).iter().any(is_found)).collect()
    }

    /// The rows whose codes are true in a table.
    #[must_use]
    pub fn rows_where(&self, table: &[bool]) -> Bits {
        if table.iter().all(|is| !is) {
            return Bits::none(self.codes.len());
        }
        let is = |code: u64| usize::try_from(code).is_ok_and(|code| table.get(code).copied().unwrap_or(false));
        each_width!(&self.codes, |code| Bits::of(self.codes.len(), |row| is(code(row))))
    }

    /// How many of some rows have each code.
    #[must_use]
    pub fn counts(&self, rows: &Bits) -> Vec<u64> {
        // Neighbours often have the same code. With a counter for each, one does not wait for the other.
        const LANES: usize = 4;
        let codes = self.code_count();
        let mut counts = vec![0_u64; codes * LANES];
        each_width!(&self.codes, |code| rows.for_each(|row| {
            let code = usize::try_from(code(row)).unwrap_or(usize::MAX);
            if let Some(count) = counts.get_mut(code.wrapping_mul(LANES).wrapping_add(row % LANES)) {
                *count += 1;
            }
        }));
        counts.chunks_exact(LANES).map(|lanes| lanes.iter().sum()).collect()
    }

    /// What they take, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let ends = [&self.text_ends, &self.places, &self.set_ends];
        self.text.len() + ends.map(|ends| size_of_val(ends.as_slice())).iter().sum::<usize>() + self.codes.memory()
    }
}

/// Lengths within a segment fit: its parts are far below 4 GB.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The range of a part, of parts that follow each other.
fn part(ends: &[u32], place: usize) -> Option<Range<usize>> {
    let start = place.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
    Some(start as usize..*ends.get(place)? as usize)
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
            prop_assert_eq!(labels.rows_where(&labels.table(|text| text.contains("ab"))), labels.rows_where(&labels.table_of_containing("ab")));
            let counts = labels.counts(&found);
            prop_assert_eq!(counts.iter().sum::<u64>(), found.count() as u64);
            let of_code = |code: usize| found.iter().filter(|row| labels.code(*row) == code).count() as u64;
            prop_assert_eq!((0..labels.code_count()).map(of_code).collect::<Vec<_>>(), counts);
        }
    }
}
