//! A median of the last samples, small enough for a row.

use serde::{Deserialize, Serialize};

/// How many samples are kept. An odd number, so that the median is a sample. Older ones are
/// forgotten, so that a median follows a monitor that was changed.
pub const MAX_SAMPLES: usize = 15;

/// The median of the last [`MAX_SAMPLES`] samples, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecentMedian {
    samples: Vec<u32>,
}

impl RecentMedian {
    /// Takes in a sample.
    pub fn note(&mut self, seconds: u32) {
        self.samples.push(seconds);
        let forgotten = self.samples.len().saturating_sub(MAX_SAMPLES);
        self.samples.drain(..forgotten);
    }

    /// The number of samples that are kept.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The median: of an even number of samples the lower of the two in the middle. `None` of none.
    #[must_use]
    pub fn median(&self) -> Option<u32> {
        middle(self.samples.clone())
    }

    /// The samples that agree with most others: those near one of them. `tolerance` says how many seconds around a
    /// sample are near. Of equal ones the lower. `None` of none.
    #[must_use]
    pub fn agreeing(&self, tolerance: impl Fn(u32) -> u32) -> Option<Agreement> {
        let near = |center: u32| {
            let within = tolerance(center);
            self.samples.iter().copied().filter(move |sample| sample.abs_diff(center) <= within)
        };
        let most = |center: &u32| (near(*center).count(), std::cmp::Reverse(*center));
        let center = self.samples.iter().copied().max_by_key(most)?;
        let seconds = middle(near(center).collect())?;
        Some(Agreement { seconds, samples: near(center).count() })
    }
}

/// What some samples agree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// Their median.
    pub seconds: u32,
    /// How many they are.
    pub samples: usize,
}

fn middle(mut samples: Vec<u32>) -> Option<u32> {
    samples.sort_unstable();
    samples.get(samples.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(samples: &[u32]) -> RecentMedian {
        let mut median = RecentMedian::default();
        for sample in samples {
            median.note(*sample);
        }
        median
    }

    #[test]
    fn one_outlier_does_not_move_it() {
        assert_eq!([of(&[]).median(), of(&[7]).median()], [None, Some(7)]);
        assert_eq!(of(&[290, 300, 310, 3]).median(), Some(290));
    }

    #[test]
    fn what_most_agree_about_is_found_among_others() {
        let agreement =
            |samples: &[u32]| of(samples).agreeing(|_| 60).map(|Agreement { seconds, samples }| (seconds, samples));
        assert_eq!(agreement(&[]), None);
        assert_eq!(agreement(&[290, 300, 350, 3, 900]), Some((300, 3)));
        assert_eq!(agreement(&[524, 16, 438]), Some((16, 1)), "none agrees with another");
    }

    proptest! {
        #[test]
        fn it_is_the_median_of_the_last_samples_in_whatever_order(
            mut samples in prop::collection::vec(0_u32..1000, 1..40),
        ) {
            let median = of(&samples);
            let last = samples.split_off(samples.len().saturating_sub(MAX_SAMPLES));
            prop_assert_eq!(median.count(), last.len());
            let middle = median.median().unwrap();
            let below = last.iter().filter(|sample| **sample < middle).count();
            let above = last.iter().filter(|sample| **sample > middle).count();
            prop_assert!(last.contains(&middle) && below * 2 <= last.len() && above * 2 <= last.len());
            let reversed: Vec<u32> = last.iter().rev().copied().collect();
            prop_assert_eq!((of(&reversed).median(), of(&reversed).agreeing(|_| 60)), (median.median(), median.agreeing(|_| 60)));
        }
    }
}
