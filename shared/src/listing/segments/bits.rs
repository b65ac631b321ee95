//! Sets of rows: a bit for each.

/// Some of the rows of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    rows: usize,
}

impl Bits {
    /// None of the rows.
    #[must_use]
    pub fn none(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)], rows }
    }

    /// All of the rows.
    #[must_use]
    pub fn all(rows: usize) -> Self {
        Self::of(rows, |_| true)
    }

    /// The rows of which something is true.
    #[inline]
    #[must_use]
    pub fn of(rows: usize, is: impl Fn(usize) -> bool) -> Self {
        let words = (0..rows.div_ceil(64)).map(|word| {
            let first = word * 64;
            let last = (first + 64).min(rows);
            (first..last).fold(0_u64, |bits, row| bits | (u64::from(is(row)) << (row - first)))
        });
        Self { words: words.collect(), rows }
    }

    /// How many rows there are, in the set or not.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Takes a row in.
    pub fn insert(&mut self, row: usize) {
        if row < self.rows {
            self.words[row / 64] |= 1 << (row % 64);
        }
    }

    /// Leaves a row out.
    pub fn remove(&mut self, row: usize) {
        if row < self.rows {
            self.words[row / 64] &= !(1 << (row % 64));
        }
    }

    /// Whether a row is in the set.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        row < self.rows && self.words[row / 64] >> (row % 64) & 1 == 1
    }

    /// Keeps only rows of another set.
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// How many rows are in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows of the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(word, bits)| {
            let some = |bits: u64| Some(bits).filter(|bits| *bits != 0);
            let rest = std::iter::successors(some(*bits), move |bits| some(bits & (bits - 1)));
            rest.map(move |bits| word * 64 + bits.trailing_zeros() as usize)
        })
    }

    /// Calls a function for each row of the set, in order. Faster than [`Self::iter`].
    #[inline]
    pub fn for_each(&self, mut each: impl FnMut(usize)) {
        for (word, bits) in self.words.iter().enumerate() {
            let first = word * 64;
            if *bits == u64::MAX {
                (first..first + 64).for_each(&mut each);
                continue;
            }
            let mut bits = *bits;
            while bits != 0 {
                each(first + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_are_a_set_of_rows(rows in 0_usize..200, some in prop::collection::btree_set(0_usize..200, 0..40), others in prop::collection::btree_set(0_usize..200, 0..40)) {
            let within = |rows_of: &BTreeSet<usize>| rows_of.iter().copied().filter(|row| *row < rows).collect::<BTreeSet<_>>();
            let (some, others) = (within(&some), within(&others));
            let mut bits = Bits::of(rows, |row| some.contains(&row));
            let mut inserted = Bits::none(rows);
            for row in &some {
                inserted.insert(*row);
            }
            prop_assert_eq!(&bits, &inserted);
            let mut each = Vec::new();
            bits.for_each(|row| each.push(row));
            prop_assert_eq!(&each, &bits.iter().collect::<Vec<_>>());
            prop_assert_eq!(each, some.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(bits.count(), some.len());
            bits.intersect(&Bits::of(rows, |row| others.contains(&row)));
            prop_assert_eq!(bits.iter().collect::<BTreeSet<_>>(), &some & &others);
            prop_assert_eq!(Bits::all(rows).count(), rows);
        }
    }
}
