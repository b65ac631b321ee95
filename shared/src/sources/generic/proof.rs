//! What proves that a webhook is authentic: a signature of Standard Webhooks, or a token.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::super::{
    Request,
    proofs::{self, Schemes},
    signature::{Secret, is_mac},
};

/// How far the time of a signature may be from ours, in minutes.
const MAX_SIGNATURE_AGE_MINUTES: i64 = 5;

/// A secret that begins so signs, and is no token: nobody can send it by mistake.
const SIGNING_PREFIX: &str = "whsec_";

/// The operator chooses the proof by the secret. One that begins with `whsec_` is the key of
/// signatures (Standard Webhooks specification). Any other is a token, for tools that cannot sign:
/// `Authorization: Bearer`, the password of basic auth, or `X-Webhook-Token`.
pub fn is_authentic(secrets: &[Secret], request: &Request<'_>) -> bool {
    let (signing, tokens): (Vec<Secret>, Vec<Secret>) =
        secrets.iter().cloned().partition(|secret| secret.text().starts_with(SIGNING_PREFIX));
    proofs::are_right(&[
        signature(&signing, request),
        proofs::webhook_token(&tokens, request.headers),
        proofs::authorized(&tokens, request.headers, Schemes::Bearer),
    ])
}

/// Whether a signature is right, if there is one. Signatures of other versions are passed over.
fn signature(secrets: &[Secret], request: &Request<'_>) -> Option<bool> {
    let signatures = request.headers.get("webhook-signature")?;
    // A header that is missing is empty, and an empty time is not recent.
    let id = request.headers.get("webhook-id").unwrap_or_default();
    let seconds = request.headers.get("webhook-timestamp").filter(|_| !id.is_empty());
    let seconds = seconds.and_then(|seconds| std::str::from_utf8(seconds).ok()).unwrap_or_default();
    let macs = signatures.split(u8::is_ascii_whitespace).filter_map(|signature| signature.strip_prefix(b"v1,"));
    let macs: Vec<Vec<u8>> = macs.filter_map(|mac| BASE64_STANDARD.decode(mac).ok()).collect();
    let keys: Vec<Vec<u8>> = secrets.iter().filter_map(key).collect();
    let parts: [&[u8]; 5] = [id, b".", seconds.as_bytes(), b".", request.body];
    let fits = keys.iter().flat_map(|key| macs.iter().map(move |mac| (key, mac)));
    let is_right = fits.fold(false, |found, (key, mac)| is_mac(key, mac, &parts) | found);
    Some(is_right && request.is_recent(seconds, MAX_SIGNATURE_AGE_MINUTES))
}

/// The key of a secret: its base64, decoded. An empty key is none.
fn key(secret: &Secret) -> Option<Vec<u8>> {
    let key = BASE64_STANDARD.decode(secret.text().strip_prefix(SIGNING_PREFIX)?).ok()?;
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::*;
    use crate::{domain::time::Time, sources::Headers};

    const BODY: &[u8] = br#"{"type":"alert.firing"}"#;
    const KEY: &[u8] = b"a key of some bytes";

    fn secret(key: &[u8]) -> Secret {
        Secret::new(format!("whsec_{}", BASE64_STANDARD.encode(key))).unwrap()
    }

    fn authentic(secrets: &[Secret], fields: &[(&str, &str)]) -> bool {
        let headers: Headers = fields.iter().copied().collect();
        is_authentic(secrets, &Request::new(&headers, BODY, "2026-11-23T09:30:00.500Z".parse().unwrap()))
    }

    fn sign(id: &str, seconds: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(BODY);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn seconds(offset: i64) -> String {
        ("2026-11-23T09:30:00Z".parse::<Time>().unwrap().as_millis() / 1000 + offset).to_string()
    }

    #[test]
    fn one_signature_that_fits_one_key_is_enough() {
        let secrets = [secret(b"old"), secret(KEY)];
        let now = seconds(0);
        let right = sign("msg_1", &now);
        for signature in [right.clone(), format!("v1a,AAAA {right}"), format!("v1,AAAA {right}")] {
            let fields = [("webhook-id", "msg_1"), ("webhook-timestamp", &now), ("webhook-signature", &signature)];
            assert!(authentic(&secrets, &fields), "{signature}");
            assert!(!authentic(&[secret(b"other")], &fields) && !authentic(&[], &fields));
        }
        let bare = right.trim_start_matches("v1,").to_owned();
        for signature in [bare.clone(), format!("v1a,{bare}"), "v1".to_owned(), String::new(), format!("v2,{bare}")] {
            let fields = [("webhook-id", "msg_1"), ("webhook-timestamp", &now), ("webhook-signature", &signature)];
            assert!(!authentic(&secrets, &fields), "{signature}");
        }
        let other = [("webhook-id", "msg_2"), ("webhook-timestamp", now.as_str()), ("webhook-signature", &right)];
        assert!(!authentic(&secrets, &other) && !authentic(&secrets, &other[1..]), "the id is signed");
    }

    #[test]
    fn a_time_is_digits_and_within_five_minutes() {
        let secrets = [secret(KEY)];
        for (stated, expected) in [
            (seconds(0), true),
            (seconds(300), true),
            (seconds(-300), true),
            (seconds(301), false),
            (seconds(-301), false),
            (format!("+{}", seconds(0)), false),
            (format!("{}.0", seconds(0)), false),
            (String::new(), false),
        ] {
            let signature = sign("m", &stated);
            let fields = [("webhook-id", "m"), ("webhook-timestamp", &stated), ("webhook-signature", &signature)];
            assert_eq!(authentic(&secrets, &fields), expected, "{stated}");
        }
    }

    #[test]
    fn a_token_is_no_key_and_a_key_is_no_token() {
        let token = Secret::new("a-token".to_owned()).unwrap();
        assert!(authentic(std::slice::from_ref(&token), &[("Authorization", "Bearer a-token")]));
        assert!(authentic(std::slice::from_ref(&token), &[("X-Webhook-Token", "a-token")]));
        let key = secret(KEY);
        assert!(!authentic(std::slice::from_ref(&key), &[("Authorization", &format!("Bearer {}", key.text()))]));
        let empty = Secret::new("whsec_".to_owned()).unwrap();
        let now = seconds(0);
        let fields = [("webhook-id", "m"), ("webhook-timestamp", now.as_str()), ("webhook-signature", "v1,")];
        assert!(!authentic(&[empty], &fields));
    }
}
