//! Proofs by which several sources show that they know a secret.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    Headers,
    signature::{Secret, is_one_of},
};

/// Whether a request has at least one proof, and each that it has is right.
pub fn are_right(proofs: &[Option<bool>]) -> bool {
    proofs.iter().flatten().count() > 0 && proofs.iter().flatten().all(|is_right| *is_right)
}

/// The token in `X-Webhook-Token`: whether it is right, if it is there.
pub fn webhook_token(secrets: &[Secret], headers: &Headers) -> Option<bool> {
    headers.get("x-webhook-token").map(|token| is_one_of(secrets, token))
}

/// The password of basic auth: whether it is right, if it is there.
pub fn basic_password(secrets: &[Secret], headers: &Headers) -> Option<bool> {
    let (scheme, encoded) = authorization(headers)?;
    scheme.eq_ignore_ascii_case(b"basic").then(|| is_password(secrets, encoded))
}

/// The secret in `Authorization`, as a token after a scheme or as the password of basic auth:
/// whether it is right, if the header is there.
pub fn authorized(secrets: &[Secret], headers: &Headers, schemes: Schemes) -> Option<bool> {
    let (scheme, credentials) = authorization(headers)?;
    Some(match scheme {
        scheme if scheme.eq_ignore_ascii_case(b"basic") => is_password(secrets, credentials),
        scheme if schemes == Schemes::Any || scheme.eq_ignore_ascii_case(b"bearer") => is_one_of(secrets, credentials),
        _ => false,
    })
}

/// Which schemes may stand before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schemes {
    /// `Bearer`.
    Bearer,
    /// Whatever the customer typed.
    Any,
}

/// The scheme and the credentials. Both are empty if the header has another form: a wrong proof, not
/// an absent one.
fn authorization(headers: &Headers) -> Option<(&[u8], &[u8])> {
    let value = headers.get("authorization")?.trim_ascii();
    let space = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, credentials) = value.split_at(space);
    Some((scheme, credentials.trim_ascii()))
}

fn is_password(secrets: &[Secret], encoded: &[u8]) -> bool {
    let credentials = BASE64_STANDARD.decode(encoded).unwrap_or_default();
    let colon = credentials.iter().position(|byte| *byte == b':');
    // A password may hold colons, a user name none (RFC 7617).
    colon.is_some_and(|colon| is_one_of(secrets, &credentials[colon + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> [Secret; 2] {
        ["old", "new:er"].map(|text| Secret::new(text.to_owned()).unwrap())
    }

    fn authorized_with(value: &str, schemes: Schemes) -> Option<bool> {
        authorized(&secrets(), &[("Authorization", value)].into_iter().collect(), schemes)
    }

    #[test]
    fn a_token_stands_after_its_scheme_and_a_password_after_the_first_colon() {
        let basic = |credentials: &str| format!("bAsIc {}", BASE64_STANDARD.encode(credentials));
        for right in ["Bearer old", "bearer  old ", &basic("any:old"), &basic(":new:er")] {
            assert_eq!(authorized_with(right, Schemes::Bearer), Some(true), "{right}");
        }
        let wrong =
            ["Bearer", "Bearer olds", "old", "", "Token old", "Basic ???", "Basic", &basic("old"), &basic("a:b")];
        for wrong in wrong {
            assert_eq!(authorized_with(wrong, Schemes::Bearer), Some(false), "{wrong}");
        }
        assert_eq!(authorized_with("Token old", Schemes::Any), Some(true));
        assert_eq!(authorized(&secrets(), &Headers::default(), Schemes::Any), None);
        assert_eq!(basic_password(&secrets(), &[("authorization", "Bearer old")].into_iter().collect()), None);
    }

    #[test]
    fn one_proof_is_needed_and_none_may_be_wrong() {
        assert!(are_right(&[None, Some(true)]));
        assert!(!are_right(&[Some(false), Some(true)]));
        assert!(!are_right(&[None, None]));
    }
}
