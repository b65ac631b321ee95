//! Everything that the seed decides.

use std::ops::RangeInclusive;

use fastrand::Rng;
use jiff::SignedDuration;

use crate::company::Bounds;

#[derive(Debug)]
pub struct Random {
    pub rng: Rng,
}

impl Random {
    pub fn with_seed(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed) }
    }

    /// True in this many of a hundred cases.
    pub fn percent(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    pub fn within(&mut self, bounds: Bounds) -> u32 {
        self.rng.u32(bounds.least..=bounds.most)
    }

    /// A whole number of seconds in this range, and some milliseconds.
    pub fn seconds(&mut self, range: RangeInclusive<i64>) -> SignedDuration {
        SignedDuration::from_millis(self.rng.i64(range) * 1000 + self.rng.i64(0..1000))
    }

    /// A number of minutes within the bounds, with a precision of milliseconds.
    pub fn minutes(&mut self, bounds: Bounds) -> SignedDuration {
        self.seconds(i64::from(bounds.least) * 60..=i64::from(bounds.most) * 60)
    }

    /// One of these texts; there must be at least one.
    pub fn one_of<'texts>(&mut self, texts: &'texts [String]) -> &'texts str {
        &texts[self.rng.usize(..texts.len())]
    }

    /// 32 hexadecimal digits.
    pub fn hex(&mut self) -> String {
        format!("{:032x}", self.rng.u128(..))
    }
}
