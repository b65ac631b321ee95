//! The headers with which a webhook proves itself.

use crate::{
    domain::time::Time,
    sources::{Headers, Request, SOURCES, signature::Secret},
};

/// The headers that sources look at.
const NAMES: [&str; 11] = [
    "x-webhook-token",
    "x-datadog-signature",
    "authorization",
    "sentry-hook-signature",
    "x-grafana-alerting-signature",
    "x-grafana-alerting-timestamp",
    "x-pagerduty-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
];

/// The sources that sign the bytes of the body alone, with the header and what stands before the
/// signature.
const SIGNERS: [(&str, &str, &str); 4] = [
    ("datadog", "x-datadog-signature", ""),
    ("sentry", "sentry-hook-signature", ""),
    ("grafana", "x-grafana-alerting-signature", ""),
    ("pagerduty", "x-pagerduty-signature", "v1="),
];

/// The lines before the last are values of headers, in the order of [`NAMES`] and again from its
/// beginning. The last line is the body.
///
/// # Panics
/// If a source accepts what nobody signed, or refuses what is signed.
pub fn check(bytes: &[u8]) {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let body = lines.pop().unwrap_or_default();
    let headers: Headers = NAMES.into_iter().cycle().zip(lines).collect();
    let Some(secret) = Secret::new("7d3ac5b2e088974f1d98e7b60c21d4af".to_owned()) else { return };
    let secrets = [secret];
    let request = Request::new(&headers, body, Time::EARLIEST);
    for source in SOURCES {
        assert!(!source.is_authentic(&[], &request), "{} accepts anybody", source.name());
        // Secrets are compared by their MACs, so the fuzzer cannot learn one from a comparison.
        assert!(!source.is_authentic(&secrets, &request), "{} accepts a forged proof", source.name());
        for (_, header, prefix) in SIGNERS.into_iter().filter(|(name, ..)| *name == source.name()) {
            let signed: Headers = [(header, format!("{prefix}{}", secrets[0].sign(body)))].into_iter().collect();
            let request = Request::new(&signed, body, Time::EARLIEST);
            assert!(source.is_authentic(&secrets, &request), "{} refuses its own signature", source.name());
        }
    }
}
