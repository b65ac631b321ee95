//! Identifiers: ULIDs whose time is the `created_at` of what they name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

use super::time::Time;

/// The text is not a ULID: 26 characters of Crockford's base 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a ULID: 26 characters, digits and capital letters")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// When it was created.
            #[must_use]
            pub fn created_at(self) -> Time {
                i64::try_from(self.0.timestamp_ms()).ok().and_then(Time::from_millis).unwrap_or(Time::LATEST)
            }

            /// The smallest id of a millisecond.
            #[must_use]
            pub fn first_at(at: Time) -> Self {
                Self(Ulid::from_parts(at.as_millis().unsigned_abs(), 0))
            }

            /// The largest id of a millisecond.
            #[must_use]
            pub fn last_at(at: Time) -> Self {
                Self(Ulid::from_parts(at.as_millis().unsigned_abs(), u128::MAX))
            }

            /// The id of a number, in the order of time and number.
            #[must_use]
            pub fn numbered(at: Time, number: u64) -> Self {
                Self(Ulid::from_parts(at.as_millis().unsigned_abs(), u128::from(number)))
            }

            /// The id of a millisecond with these random bits, as far as there is room for them.
            #[must_use]
            pub fn new(at: Time, random: u128) -> Self {
                Self(Ulid::from_parts(at.as_millis().unsigned_abs(), random))
            }

            /// The random part: 80 bits.
            #[must_use]
            pub const fn random(self) -> u128 {
                self.0.random()
            }
        }

        impl From<Ulid> for $name {
            fn from(ulid: Ulid) -> Self {
                Self(ulid)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let id = Ulid::from_string(text).map(Self).map_err(|_| InvalidId)?;
                // The decoder takes letters of any case; a key has one spelling.
                if id.to_string() == text { Ok(id) } else { Err(InvalidId) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.0.array_to_str(&mut [0; ulid::ULID_LEN]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// Names an incident.
    IncidentId;
    /// Names an alert.
    AlertId;
    /// Names an entry of an incident's history.
    ActionId;
    /// Names an entry of the quarantine.
    EntryId;
    /// Names a bundle of payloads.
    BundleId;
    /// Names something that is stored once and never changes: what takes its place has another.
    Generation;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_id_are_one_to_one() {
        let id = IncidentId::numbered("2026-11-23T09:53:08.120Z".parse().unwrap(), 7);
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in [
            "",
            "1",
            "01ARZ3NDEKTSV4RRFFQ69G5FA",
            "01arz3ndektsv4rrffq69g5fav",
            "81ARZ3NDEKTSV4RRFFQ69G5FAV",
            "ü1ARZ3NDEKTSV4RRFFQ69G5FA",
        ] {
            assert_eq!(text.parse::<IncidentId>(), Err(InvalidId), "{text}");
        }
    }
}
