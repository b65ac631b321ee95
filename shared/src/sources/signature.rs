//! Proofs of knowing a secret, compared in constant time.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret that is shared with a source. Its text never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// `None` if it is empty: an unset secret proves nothing.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// The text, for whoever must send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The hex HMAC-SHA256 of a body under this secret: what a source sends.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        hex::encode(self.mac(body).finalize().into_bytes())
    }

    /// The text, for the module of a source that derives a key from it.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        mac(self.0.as_bytes(), body)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret([REDACTED])")
    }
}

/// Whether `signature` is the hex HMAC-SHA256 of the body under one of the secrets.
#[must_use]
pub fn is_signed(secrets: &[Secret], signature: &[u8], body: &[u8]) -> bool {
    let Ok(expected) = hex::decode(signature) else { return false };
    // Each secret is tried, so that the time does not tell which one fits.
    secrets.iter().fold(false, |found, secret| secret.mac(body).verify_slice(&expected).is_ok() | found)
}

/// Whether `mac` is the HMAC-SHA256 of the parts, one after the other, under one of the secrets.
#[must_use]
pub fn is_mac_of(secrets: &[Secret], mac: &[u8], parts: &[&[u8]]) -> bool {
    secrets.iter().fold(false, |found, secret| is_mac(secret.0.as_bytes(), mac, parts) | found)
}

/// Whether `mac` is the HMAC-SHA256 of the parts under a key.
#[must_use]
pub fn is_mac(key: &[u8], mac: &[u8], parts: &[&[u8]]) -> bool {
    let of_parts = parts.iter().fold(self::mac(key, b""), |mut of_parts, part| {
        of_parts.update(part);
        of_parts
    });
    of_parts.verify_slice(mac).is_ok()
}

/// Whether `text` is one of the secrets.
#[must_use]
pub fn is_one_of(secrets: &[Secret], text: &[u8]) -> bool {
    secrets.iter().fold(false, |found, secret| is_same(secret.0.as_bytes(), text) | found)
}

/// Whether two texts are the same. The time tells neither where they differ nor how long they are,
/// because their MACs are compared.
#[must_use]
pub fn is_same(expected: &[u8], text: &[u8]) -> bool {
    let expected_mac = mac(expected, expected).finalize().into_bytes();
    mac(expected, text).verify_slice(&expected_mac).is_ok()
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned()).unwrap()
    }

    /// RFC 4231, test case 2.
    const KEY: &str = "Jefe";
    const MESSAGE: &[u8] = b"what do ya want for nothing?";
    const MAC: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn a_known_answer_is_signed_and_verified() {
        assert_eq!(secret(KEY).sign(MESSAGE), MAC);
        assert!(is_signed(&[secret("old"), secret(KEY)], MAC.as_bytes(), MESSAGE));
        assert!(is_signed(&[secret(KEY), secret("new")], MAC.as_bytes(), MESSAGE));
    }

    #[test]
    fn everything_else_is_refused() {
        let secrets = [secret(KEY)];
        let prefixed = format!("sha256={MAC}");
        for signature in ["", "00", &MAC[..62], prefixed.as_str(), &format!("{MAC},{MAC}"), "zz"] {
            assert!(!is_signed(&secrets, signature.as_bytes(), MESSAGE), "{signature}");
        }
        assert!(!is_signed(&secrets, &[0xff; 64], MESSAGE));
        assert!(!is_signed(&secrets, MAC.as_bytes(), b"what do ya want for nothing!"));
        assert!(!is_signed(&[secret("other")], MAC.as_bytes(), MESSAGE));
        assert!(!is_signed(&[], MAC.as_bytes(), MESSAGE));
    }

    #[test]
    fn an_unset_secret_is_none_and_a_set_one_is_not_shown() {
        assert_eq!(Secret::new(String::new()), None);
        assert_eq!(format!("{:?}", secret(KEY)), "Secret([REDACTED])");
        assert!(is_one_of(&[secret("a"), secret("b")], b"b"));
        assert!(!is_one_of(&[secret("a")], b"") && !is_one_of(&[], b"a") && !is_one_of(&[secret("a")], b"ab"));
    }
}
