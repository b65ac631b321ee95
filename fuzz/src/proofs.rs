//! The headers with which a webhook proves itself.

use crate::sources::{Headers, SOURCES, signature::Secret};

/// The headers that sources look at.
const NAMES: [&str; 4] = ["x-webhook-token", "x-datadog-signature", "authorization", "sentry-hook-signature"];

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
    let signature = secrets[0].sign(body);
    for source in SOURCES {
        assert!(!source.is_authentic(&[], &headers, body), "{} accepts anybody", source.name());
        let signed: Headers = NAMES
            .into_iter()
            .filter(|name| name.ends_with("signature"))
            .map(|name| (name, signature.as_str()))
            .collect();
        assert!(source.is_authentic(&secrets, &signed, body), "{} refuses its own signature", source.name());
        // Secrets are compared by their MACs, so the fuzzer cannot learn one from a comparison.
        assert!(!source.is_authentic(&secrets, &headers, body), "{} accepts a forged proof", source.name());
    }
}
