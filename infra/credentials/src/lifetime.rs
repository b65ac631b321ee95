//! How long a token is valid, as people write it: `90d`.

use std::str::FromStr;

use shared::domain::time::Time;

use crate::document::Expiry;

/// Longer than a person stays with a token, shorter than the calendar.
const MAX_MINUTES: i64 = 10 * 366 * 24 * 60;

/// How long a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    Never,
    Minutes(i64),
}

/// The text is no lifetime.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a number and h, d or w, such as 90d, at most 10 years, or never")]
pub struct InvalidLifetime;

impl FromStr for Lifetime {
    type Err = InvalidLifetime;

    fn from_str(text: &str) -> Result<Self, InvalidLifetime> {
        if text == "never" {
            return Ok(Self::Never);
        }
        let unit = text.chars().last().ok_or(InvalidLifetime)?;
        let unit_minutes = match unit {
            'h' => 60,
            'd' => 24 * 60,
            'w' => 7 * 24 * 60,
            _ => return Err(InvalidLifetime),
        };
        let number = &text[..text.len() - 1];
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidLifetime);
        }
        let minutes = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit_minutes));
        minutes.filter(|minutes| (1..=MAX_MINUTES).contains(minutes)).map(Self::Minutes).ok_or(InvalidLifetime)
    }
}

impl Lifetime {
    /// When a token that is made now becomes invalid.
    #[must_use]
    pub fn expiry(self, now: Time) -> Expiry {
        match self {
            Self::Never => Expiry::Never,
            Self::Minutes(minutes) => Expiry::At(now.plus_minutes(minutes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_hours_days_and_weeks() {
        let now: Time = "2026-11-27T09:00:00.000Z".parse().unwrap();
        for (text, expires_at) in [
            ("12h", "2026-11-27T21:00:00.000Z"),
            ("90d", "2027-02-25T09:00:00.000Z"),
            ("2w", "2026-12-11T09:00:00.000Z"),
        ] {
            let lifetime: Lifetime = text.parse().unwrap();
            assert_eq!(lifetime.expiry(now), Expiry::At(expires_at.parse().unwrap()), "{text}");
        }
        assert_eq!("never".parse::<Lifetime>().unwrap().expiry(now), Expiry::Never);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "d", "0d", "-1d", "+1d", "90", "90 d", "1.5d", "90m", "90D", "4000d", "99999999999999999999d", "٣d"]
        {
            assert_eq!(text.parse::<Lifetime>(), Err(InvalidLifetime), "{text}");
        }
    }
}
