//! Values that several deliveries of one alert report, and which of them counts.
//!
//! A stated value beats an absent one, whichever delivery came first. Of several stated ones, the
//! earliest counts for what identifies the alert, the newest for what describes it now. Each value
//! carries the key of its delivery, so the outcome does not depend on the order of arrival.

use serde::{Deserialize, Serialize};

use super::{
    classification::{Classified, Evidence},
    episode::EventKey,
};

/// A value and the delivery that reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported<T> {
    pub value: T,
    pub by: EventKey,
}

impl<T> Reported<T> {
    /// The value, if there is one, as reported by a delivery.
    pub fn some(value: Option<T>, by: &EventKey) -> Option<Self> {
        value.map(|value| Self { value, by: by.clone() })
    }

    /// The one that was reported first.
    #[must_use]
    pub fn earliest(one: Self, other: Self) -> Self {
        if other.by < one.by { other } else { one }
    }

    /// The one that was reported first, of those that there are.
    #[must_use]
    pub fn earliest_of(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(Self::earliest(one, other)),
            (one, other) => one.or(other),
        }
    }

    /// The one that was reported last, of those that there are.
    #[must_use]
    pub fn newest_of(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if other.by > one.by { other } else { one }),
            (one, other) => one.or(other),
        }
    }
}

impl<T> Reported<Classified<T>> {
    /// The one that is known better; of those that are known equally well, the earliest.
    #[must_use]
    pub fn surest(one: Self, other: Self) -> Self {
        match one.value.evidence.cmp(&other.value.evidence) {
            std::cmp::Ordering::Greater => one,
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal => Self::earliest(one, other),
        }
    }

    /// Whether the source stated it.
    #[must_use]
    pub fn is_stated(&self) -> bool {
        self.value.evidence == Evidence::Stated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{delivery::DeliveryId, time::Time};

    fn reported(millis: i64, evidence: Evidence) -> Reported<Classified<i64>> {
        let at = Time::from_millis(millis).unwrap();
        let by = EventKey { at, delivery_id: DeliveryId::new(millis.to_string()) };
        Reported { value: Classified { value: millis, evidence, matched: None, confidence: 1.0 }, by }
    }

    #[test]
    fn a_stated_value_beats_a_default_and_the_earliest_of_stated_ones_counts() {
        let (default, stated, later) =
            (reported(1, Evidence::Default), reported(2, Evidence::Stated), reported(3, Evidence::Stated));
        for [one, other] in [[&default, &stated], [&stated, &default], [&later, &stated], [&stated, &later]] {
            assert_eq!(Reported::surest(one.clone(), other.clone()), stated);
        }
        let newest = Reported::newest_of(Some(stated), Some(later.clone()));
        assert_eq!(Reported::newest_of(newest, None), Some(later));
    }
}
