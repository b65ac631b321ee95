//! What proves that a webhook is Datadog's.

use crate::sources::{
    Request, proofs,
    signature::{Secret, is_signed},
};

/// Datadog's means are custom headers and basic auth in the URL: `X-Webhook-Token: <secret>`, or
/// the secret as the password. Customers with a proxy may sign the body:
/// `X-Datadog-Signature: hex(HMAC-SHA256(secret, body))`. At least one proof is needed, and each
/// that is there must be right.
pub fn is_authentic(secrets: &[Secret], request: &Request<'_>) -> bool {
    let signature = request.headers.get("x-datadog-signature");
    proofs::are_right(&[
        proofs::webhook_token(secrets, request.headers),
        signature.map(|signature| is_signed(secrets, signature, request.body)),
        proofs::basic_password(secrets, request.headers),
    ])
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};

    use super::*;
    use crate::sources::Headers;

    #[test]
    fn each_proof_is_accepted_and_a_wrong_one_beside_it_is_not() {
        let secrets = [Secret::new("old".to_owned()).unwrap(), Secret::new("new".to_owned()).unwrap()];
        let body = br#"{"title":"t"}"#;
        let signature = secrets[1].sign(body);
        let basic = |credentials: &str| format!("Basic {}", BASE64_STANDARD.encode(credentials));
        let authentic = |fields: &[(&str, &str)]| {
            let headers: Headers = fields.iter().copied().collect();
            is_authentic(&secrets, &Request::new(&headers, body, "2026-11-23T09:30:00Z".parse().unwrap()))
        };
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
