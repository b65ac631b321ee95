//! Times and durations. A script turns times into those of the browser's zone.

use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};
use shared::domain::time::Time;

/// A time in UTC.
#[must_use]
pub fn when(time: Time) -> Markup {
    html! { time datetime=(time) { (format(time, "%-d %b %H:%M")) " UTC" } }
}

/// A time in UTC, to the second.
#[must_use]
pub fn when_exactly(time: Time) -> Markup {
    html! { time.exact datetime=(time) { (format(time, "%-d %b %Y %H:%M:%S")) " UTC" } }
}

/// How long ago a time is. A pointer shows the time.
#[must_use]
pub fn ago(time: Time, now: Time) -> Markup {
    html! { time.ago datetime=(time) { (lasted(now.as_millis() - time.as_millis())) " ago" } }
}

/// A time in UTC in a given form.
#[must_use]
pub fn format(time: Time, form: &str) -> String {
    let timestamp = Timestamp::from_millisecond(time.as_millis()).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp.to_zoned(TimeZone::UTC).strftime(form).to_string()
}

/// A duration in milliseconds, in its two largest units.
#[must_use]
pub fn lasted(millis: i64) -> String {
    let seconds = millis.max(0) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let pair = |large: i64, unit: &str, small: i64, lesser: &str| {
        if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {lesser}") }
    };
    if seconds < 60 {
        format!("{seconds} s")
    } else if minutes < 60 {
        format!("{minutes} min")
    } else if hours < 24 {
        pair(hours, "h", minutes % 60, "min")
    } else if days < 10 {
        pair(days, "d", hours % 24, "h")
    } else {
        format!("{days} d")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_its_two_largest_units() {
        let texts = [-5, 59_999, 60_000, 3_599_999, 3_600_000, 90 * 60_000, 86_400_000, 90_000_000, 864_000_000];
        let expected = ["0 s", "59 s", "1 min", "59 min", "1 h", "1 h 30 min", "1 d", "1 d 1 h", "10 d"];
        assert_eq!(texts.map(lasted), expected);
    }

    #[test]
    fn a_time_is_in_utc() {
        let time: Time = "2026-03-01T00:05:09.120Z".parse().unwrap();
        assert_eq!(when(time).into_string(), r#"<time datetime="2026-03-01T00:05:09.120Z">1 Mar 00:05 UTC</time>"#);
    }
}
