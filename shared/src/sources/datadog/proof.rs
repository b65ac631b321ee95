//! What proves that a webhook is Datadog's.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::sources::{
    Headers,
    signature::{Secret, is_one_of, is_signed},
};

/// Datadog's means are custom headers and basic auth in the URL: `X-Webhook-Token: <secret>`, or
/// the secret as the password. Customers with a proxy may sign the body:
/// `X-Datadog-Signature: hex(HMAC-SHA256(secret, body))`. At least one proof is needed, and each
/// that is there must be right.
pub fn is_authentic(secrets: &[Secret], headers: &Headers, body: &[u8]) -> bool {
    let proofs = [
        headers.get("x-webhook-token").map(|token| is_one_of(secrets, token)),
        headers.get("x-datadog-signature").map(|signature| is_signed(secrets, signature, body)),
        basic_password(headers).map(|password| is_one_of(secrets, &password)),
    ];
    proofs.iter().flatten().count() > 0 && proofs.into_iter().flatten().all(|valid| valid)
}

fn basic_password(headers: &Headers) -> Option<Vec<u8>> {
    let (scheme, encoded) = headers.get("authorization")?.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    // Malformed credentials are a wrong proof, not an absent one.
    let credentials = BASE64_STANDARD.decode(encoded.trim_ascii()).unwrap_or_default();
    let colon = credentials.iter().position(|byte| *byte == b':');
    Some(colon.map_or_else(Vec::new, |colon| credentials[colon + 1..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_proof_is_accepted_and_a_wrong_one_beside_it_is_not() {
        let secrets = [Secret::new("old".to_owned()).unwrap(), Secret::new("new".to_owned()).unwrap()];
        let body = br#"{"title":"t"}"#;
        let signature = secrets[1].sign(body);
        let basic = |credentials: &str| format!("Basic {}", BASE64_STANDARD.encode(credentials));
        let authentic = |fields: &[(&str, &str)]| is_authentic(&secrets, &fields.iter().copied().collect(), body);
        assert!(authentic(&[("x-webhook-token", "old")]));
        assert!(authentic(&[("authorization", &basic("any:new"))]));
        assert!(!authentic(&[("authorization", &basic("any:ne:w"))]));
        assert!(authentic(&[("x-datadog-signature", &signature)]));
        assert!(authentic(&[("x-webhook-token", "new"), ("authorization", "Bearer of-a-proxy")]));
        assert!(!authentic(&[("x-webhook-token", "new"), ("x-datadog-signature", "00")]));
        for fields in [
            vec![],
            vec![("x-webhook-token", "")],
            vec![("authorization", "Basic ???")],
            vec![("authorization", "Basic")],
        ] {
            assert!(!authentic(&fields), "{fields:?}");
        }
    }
}
