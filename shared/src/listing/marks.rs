//! Marks: the positions of some rows of a crowded hour, by which a page within it is found without reading the rows
//! before it. Pure.

use std::ops::Range;

/// How many positions are marked of an hour at the most. An hour with as many rows is marked whole.
const MAX_MARKS: usize = 1_000;

/// The positions of every so-many-th row of an hour, in ascending order, from the first on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// How many rows the hour has.
    pub rows: usize,
    /// The distance of two marks, in rows.
    pub every: usize,
    /// The marked positions.
    pub positions: Vec<String>,
}

/// A part of an hour that holds some of its rows, and others before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch<'marks> {
    /// The row before its first, in the order of reading; none if the hour begins with it.
    pub after: Option<&'marks str>,
    /// A row after those that are wanted, in the order of reading; none if the hour ends before.
    pub until: Option<&'marks str>,
    /// How many of its rows come before those that are wanted.
    pub skip: usize,
}

impl Marks {
    /// Marks the rows of an hour, whose positions are in any order.
    #[must_use]
    pub fn of(mut positions: Vec<String>) -> Self {
        positions.sort_unstable();
        let (rows, every) = (positions.len(), positions.len().div_ceil(MAX_MARKS).max(1));
        let positions = positions.into_iter().step_by(every).collect();
        Self { rows, every, positions }
    }

    /// Whether every row is marked.
    #[must_use]
    pub const fn are_all(&self) -> bool {
        self.every == 1
    }

    /// Where rows are, given their places in the order of reading.
    #[must_use]
    pub fn stretch(&self, wanted: Range<usize>, ascending: bool) -> Stretch<'_> {
        let mark = |place: usize| self.positions.get(place).map(String::as_str);
        if ascending {
            let before = wanted.start.checked_sub(1).map(|row| row / self.every);
            Stretch {
                after: before.and_then(mark),
                until: mark(wanted.end.div_ceil(self.every)),
                skip: before.map_or(0, |place| wanted.start - place * self.every - 1),
            }
        } else {
            // The places of the first and the last of them in ascending order.
            let first = self.rows.saturating_sub(1 + wanted.start);
            let place = first / self.every + 1;
            let after = mark(place);
            Stretch {
                after,
                until: self.rows.checked_sub(wanted.end + 1).and_then(|row| mark(row / self.every)),
                skip: if after.is_some() { place * self.every - 1 - first } else { wanted.start },
            }
        }
    }

    /// A row after those that are wanted, which follow a position in the order of reading; none if the hour ends before.
    #[must_use]
    pub fn until(&self, position: &str, wanted: usize, ascending: bool) -> Option<&str> {
        let marks = wanted.div_ceil(self.every);
        let place = if ascending {
            self.positions.partition_point(|mark| mark.as_str() <= position).checked_add(marks)
        } else {
            self.positions.partition_point(|mark| mark.as_str() < position).checked_sub(marks + 1)
        };
        self.positions.get(place?).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_stretch_holds_what_is_wanted_and_little_else(
            rows in 1_usize..5_000, start in 0_usize..5_000, length in 1_usize..201, ascending in any::<bool>(),
        ) {
            let start = start % rows;
            let mut list: Vec<String> = (0..rows).map(|row| format!("{row:05}")).collect();
            let marks = Marks::of(list.iter().rev().cloned().collect());
            prop_assert!(marks.positions.len() <= MAX_MARKS && (rows > MAX_MARKS || marks.are_all()));
            if !ascending {
                list.reverse();
            }
            let end = (start + length).min(rows);
            let Stretch { after, until, skip } = marks.stretch(start..end, ascending);
            let place = |position: &str| list.iter().position(|row| row == position).unwrap();
            let from = after.map_or(0, |after| place(after) + 1);
            let to = until.map_or(rows, |until| place(until) + 1);
            prop_assert!(to >= end && to <= (end + 2 * marks.every).max(end) || until.is_none());
            prop_assert_eq!(&list[from + skip..end], &list[start..end]);
            prop_assert!(skip < marks.every.max(1) || after.is_none());
            if let Some(until) = marks.until(&list[start], length, ascending) {
                prop_assert!((start + length..=start + length + 2 * marks.every).contains(&place(until)));
            } else {
                prop_assert!(rows < start + length + 2 * marks.every);
            }
        }
    }
}
