//! The addresses that the webhooks of a source may come from.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;

/// The addresses that are allowed, by source. A source that is not named may send from anywhere.
///
/// ```
/// use shared::sources::addresses::AllowedAddresses;
///
/// let allowed = AllowedAddresses::parse("sentry=35.184.238.160,35.188.42.0/24")?;
/// assert!(allowed.allows("sentry", "35.188.42.7".parse().ok()));
/// assert!(!allowed.allows("sentry", "203.0.113.9".parse().ok()));
/// assert!(allowed.allows("datadog", "203.0.113.9".parse().ok()));
/// # Ok::<(), shared::sources::addresses::InvalidAddresses>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedAddresses(BTreeMap<String, Vec<IpNet>>);

/// Why the allowed addresses cannot be read. A function does not start with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddresses {
    /// A part has no source, or one that is not known.
    #[error("AllowedAddresses: {0:?} does not begin with a source and =")]
    Source(String),
    /// A part is no address.
    #[error("AllowedAddresses: {0:?} is neither an address nor a range such as 192.0.2.0/24")]
    Address(String),
}

impl AllowedAddresses {
    /// Reads `source=address,range;source=range`.
    ///
    /// # Errors
    /// [`InvalidAddresses`]
    pub fn parse(text: &str) -> Result<Self, InvalidAddresses> {
        let mut allowed: BTreeMap<String, Vec<IpNet>> = BTreeMap::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let known = part.split_once('=').and_then(|(name, ranges)| Some((super::find(name.trim())?, ranges)));
            let (source, ranges) = known.ok_or_else(|| InvalidAddresses::Source(part.to_owned()))?;
            for text in ranges.split(',').map(str::trim) {
                let range = range(text).ok_or_else(|| InvalidAddresses::Address(text.to_owned()))?;
                allowed.entry(source.name().to_owned()).or_default().push(range);
            }
        }
        Ok(Self(allowed))
    }

    /// Whether a webhook of the source may come from there. An address that is not known is not
    /// allowed where some are.
    #[must_use]
    pub fn allows(&self, source: &str, from: Option<IpAddr>) -> bool {
        let Some(ranges) = self.0.get(source) else { return true };
        // An address of version 4 may be written as one of version 6.
        from.map(|from| from.to_canonical()).is_some_and(|from| ranges.iter().any(|range| range.contains(&from)))
    }
}

fn range(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    text.parse().or_else(|_| address()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allowed: &str, source: &str, from: &str) -> bool {
        AllowedAddresses::parse(allowed).unwrap().allows(source, from.parse().ok())
    }

    #[test]
    fn ranges_and_single_addresses_of_both_versions_are_allowed() {
        let allowed = "sentry=192.0.2.1, 198.51.100.0/24;datadog=2001:db8::/32;";
        for from in ["192.0.2.1", "198.51.100.255", "::ffff:192.0.2.1"] {
            assert!(allows(allowed, "sentry", from), "{from}");
        }
        for from in ["192.0.2.2", "198.51.101.0", "2001:db8::1", "unknown"] {
            assert!(!allows(allowed, "sentry", from), "{from}");
        }
        assert!(allows(allowed, "datadog", "2001:db8:ffff::1"));
        assert!(!allows(allowed, "datadog", "2001:db9::1"));
    }

    #[test]
    fn a_source_that_is_not_named_may_send_from_anywhere() {
        assert!(allows("", "sentry", "192.0.2.1"));
        assert!(allows("datadog=192.0.2.1", "sentry", "unknown"));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (text, invalid) in [
            ("192.0.2.1", InvalidAddresses::Source("192.0.2.1".to_owned())),
            ("sentri=192.0.2.1", InvalidAddresses::Source("sentri=192.0.2.1".to_owned())),
            ("sentry=192.0.2.0/33", InvalidAddresses::Address("192.0.2.0/33".to_owned())),
            ("sentry=", InvalidAddresses::Address(String::new())),
        ] {
            assert_eq!(AllowedAddresses::parse(text), Err(invalid), "{text}");
        }
    }
}
