//! What proves that a webhook is PagerDuty's.

use super::super::{
    Request,
    signature::{Secret, is_mac_of},
};

/// `X-PagerDuty-Signature: v1=<hex>,v1=<hex>`: a signature for each secret that is active at
/// PagerDuty, over the raw body. One that fits is enough; what is not `v1=` is passed over.
pub fn is_authentic(secrets: &[Secret], request: &Request<'_>) -> bool {
    let signatures = request.headers.get("x-pagerduty-signature").unwrap_or_default();
    let macs = signatures.split(|byte| *byte == b',').filter_map(|part| part.trim_ascii().strip_prefix(b"v1="));
    let macs = macs.filter_map(|mac| hex::decode(mac).ok());
    macs.fold(false, |found, mac| is_mac_of(secrets, &mac, &[request.body]) | found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::time::Time, sources::Headers};

    #[test]
    fn one_of_several_signatures_fits_one_of_several_secrets() {
        let secrets = ["old", "new"].map(|text| Secret::new(text.to_owned()).unwrap());
        let body = br#"{"event":{}}"#;
        let right = secrets[0].sign(body);
        let wrong = Secret::new("other".to_owned()).unwrap().sign(body);
        let authentic = |value: &str| {
            let headers: Headers = [("X-PagerDuty-Signature", value)].into_iter().collect();
            is_authentic(&secrets, &Request::new(&headers, body, Time::EARLIEST))
        };
        for value in [format!("v1={right}"), format!("v1={wrong}, v1={right}"), format!("v0=x,,v1={right}")] {
            assert!(authentic(&value), "{value}");
        }
        for value in [right.clone(), format!("v2={right}"), format!("v1={wrong}"), "v1=".to_owned(), String::new()] {
            assert!(!authentic(&value), "{value}");
        }
    }
}
