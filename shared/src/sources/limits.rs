//! How many events a minute each source may send.

use std::collections::BTreeMap;

use super::SOURCES;

/// How many events a minute are accepted, by source. A source that is not named has no limit.
///
/// ```
/// use shared::sources::limits::SourceLimits;
///
/// let limits = SourceLimits::parse("alertmanager=600,generic=100")?;
/// assert_eq!(limits.of("generic"), Some(100));
/// assert_eq!(limits.of("sentry"), None);
/// # Ok::<(), shared::sources::limits::InvalidLimits>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceLimits(BTreeMap<&'static str, u32>);

/// Why the limits cannot be read. A function does not start with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimits {
    /// A part has no source, or one that is not known.
    #[error("SourceLimits: {0:?} does not begin with a source and =; the sources are {names}", names = names())]
    Source(String),
    /// A limit is no number.
    #[error("SourceLimits: {0:?} is no whole number of events a minute from 1 on")]
    Number(String),
    /// A source has two limits.
    #[error("SourceLimits: {0} is named twice")]
    Twice(&'static str),
}

/// When the sender of a webhook sends it again, long enough that nothing is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendKind {
    /// When it is told that it sends too much, or that we are in trouble.
    WhenLimited,
    /// When we are in trouble, but not when it is told that it sends too much.
    WhenUnavailable,
    /// Never, or so few times that it may give up before the limit allows it: what is refused is lost.
    Never,
}

impl SourceLimits {
    /// Reads `source=number,source=number`.
    ///
    /// # Errors
    /// [`InvalidLimits`]
    pub fn parse(text: &str) -> Result<Self, InvalidLimits> {
        let mut limits = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let known =
                part.split_once('=').and_then(|(name, number)| Some((super::find(name.trim())?.name(), number.trim())));
            let (source, number) = known.ok_or_else(|| InvalidLimits::Source(part.to_owned()))?;
            let limit = number.parse().ok().filter(|limit| *limit > 0);
            let limit: u32 = limit.ok_or_else(|| InvalidLimits::Number(number.to_owned()))?;
            if limits.insert(source, limit).is_some() {
                return Err(InvalidLimits::Twice(source));
            }
        }
        Ok(Self(limits))
    }

    /// How many events a minute are accepted from a source. `None` if all are.
    #[must_use]
    pub fn of(&self, source: &str) -> Option<u32> {
        self.0.get(source).copied()
    }

    /// Whether no source has a limit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn names() -> String {
    let names: Vec<&str> = SOURCES.iter().map(|source| source.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Headers;

    #[test]
    fn limits_are_read_and_wrong_ones_are_told() {
        let limits = SourceLimits::parse(" alertmanager = 600, pagerduty-events=1,").unwrap();
        assert_eq!(
            ["alertmanager", "pagerduty-events", "pagerduty"].map(|name| limits.of(name)),
            [Some(600), Some(1), None]
        );
        assert!(SourceLimits::parse("").unwrap().is_empty());
        let error = |text: &str| SourceLimits::parse(text).unwrap_err();
        assert_eq!(
            error("nagios=5").to_string(),
            "SourceLimits: \"nagios=5\" does not begin with a source and =; the sources are alertmanager, cloudwatch, \
             datadog, generic, grafana, pagerduty, pagerduty-events, sentry"
        );
        assert_eq!(error("sentry"), InvalidLimits::Source("sentry".to_owned()));
        for number in ["0", "-1", "1.5", "many", "", "99999999999"] {
            assert_eq!(error(&format!("sentry={number}")), InvalidLimits::Number(number.to_owned()));
        }
        assert_eq!(error("sentry=1,sentry=2"), InvalidLimits::Twice("sentry"));
    }

    #[test]
    fn only_senders_that_send_again_for_long_are_refused() {
        let signed: Headers = [("webhook-signature", "v1,AAAA")].into_iter().collect();
        let resends = |name: &str, headers: &Headers| crate::sources::find(name).unwrap().resends(headers);
        for (name, kind) in [
            ("alertmanager", ResendKind::WhenUnavailable),
            ("cloudwatch", ResendKind::Never),
            ("datadog", ResendKind::Never),
            ("generic", ResendKind::Never),
            ("grafana", ResendKind::Never),
            ("pagerduty", ResendKind::WhenLimited),
            ("pagerduty-events", ResendKind::WhenLimited),
            ("sentry", ResendKind::Never),
        ] {
            assert_eq!(resends(name, &Headers::default()), kind, "{name}");
        }
        assert_eq!(resends("generic", &signed), ResendKind::WhenLimited);
    }
}
