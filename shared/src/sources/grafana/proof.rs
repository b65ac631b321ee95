//! What proves that a webhook is Grafana's.

use super::super::{
    Request,
    proofs::{self, Schemes},
    signature::{Secret, is_mac_of},
};

/// How far the time of a signature may be from ours, in minutes.
const MAX_SIGNATURE_AGE_MINUTES: i64 = 5;

/// Grafana 12 and later sign the body: `X-Grafana-Alerting-Signature: hex(HMAC-SHA256(secret, body))`.
/// With a time in `X-Grafana-Alerting-Timestamp`, they sign the time, a colon and the body. All
/// versions send what the customer typed into `Authorization`, under any scheme.
pub fn is_authentic(secrets: &[Secret], request: &Request<'_>) -> bool {
    proofs::are_right(&[
        signature(secrets, request),
        proofs::authorized(secrets, request.headers, Schemes::Any),
        proofs::webhook_token(secrets, request.headers),
    ])
}

fn signature(secrets: &[Secret], request: &Request<'_>) -> Option<bool> {
    let signature = request.headers.get("x-grafana-alerting-signature")?;
    let mac = hex::decode(signature.trim_ascii()).unwrap_or_default();
    let Some(stated) = request.headers.get("x-grafana-alerting-timestamp") else {
        return Some(is_mac_of(secrets, &mac, &[request.body]));
    };
    let seconds = std::str::from_utf8(stated).unwrap_or_default();
    let is_recent = request.is_recent(seconds, MAX_SIGNATURE_AGE_MINUTES);
    Some(is_mac_of(secrets, &mac, &[stated, b":", request.body]) && is_recent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::time::Time, sources::Headers};

    const BODY: &[u8] = br#"{"alerts":[]}"#;

    fn authentic(fields: &[(&str, &str)]) -> bool {
        let secrets = ["old", "new"].map(|text| Secret::new(text.to_owned()).unwrap());
        let headers: Headers = fields.iter().copied().collect();
        let received_at: Time = "2026-11-23T09:30:00.900Z".parse().unwrap();
        is_authentic(&secrets, &Request::new(&headers, BODY, received_at))
    }

    fn sign(text: &[u8]) -> String {
        Secret::new("new".to_owned()).unwrap().sign(text)
    }

    #[test]
    fn the_body_is_signed_and_the_time_with_it_if_it_is_stated() {
        let signature = sign(BODY);
        assert!(authentic(&[("X-Grafana-Alerting-Signature", &signature)]));
        assert!(!authentic(&[("X-Grafana-Alerting-Signature", &format!("sha256={signature}"))]));
        let seconds = "2026-11-23T09:30:00Z".parse::<Time>().unwrap().as_millis() / 1000;
        for (offset, expected) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            let stated = (seconds + offset).to_string();
            let signed = sign(&[stated.as_bytes(), b":", BODY].concat());
            let fields = [("X-Grafana-Alerting-Signature", signed.as_str()), ("X-Grafana-Alerting-Timestamp", &stated)];
            assert_eq!(authentic(&fields), expected, "{offset} s");
            assert!(!authentic(&fields[..1]), "the time cannot be taken away");
            let added = [("X-Grafana-Alerting-Signature", signature.as_str()), fields[1]];
            assert!(!authentic(&added), "the time cannot be added");
        }
    }

    #[test]
    fn a_token_is_a_proof_and_each_proof_must_be_right() {
        assert!(authentic(&[("Authorization", "Bearer old")]) && authentic(&[("Authorization", "Secret new")]));
        assert!(!authentic(&[("Authorization", "Bearer old"), ("X-Grafana-Alerting-Signature", "00")]));
        assert!(!authentic(&[]) && !authentic(&[("X-Grafana-Alerting-Signature", "")]));
    }
}
