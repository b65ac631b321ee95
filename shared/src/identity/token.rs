//! Verifies a JWT (RFC 7519), as RFC 8725 advises.

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::{keys::IssuerKeys, person, roles::RoleRules};
use crate::domain::{principal::Principal, time::Time};

/// API Gateway accepts 10,240 bytes of headers in all (Amazon API Gateway Developer Guide, "Quotas
/// for HTTP APIs").
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How much later than ours the issuer's clock may be. The expiry has no such leeway: API Gateway
/// keeps an answer for 60 seconds, which is leeway enough.
const CLOCK_LEEWAY_SECONDS: i64 = 30;

/// The only algorithms, whatever a token says. There is neither `none` nor HMAC, for which a public
/// key would be the secret.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// The kinds of token that may be shown: an ID token or access token, and an access token of RFC
/// 9068. Other kinds, such as logout tokens, have the same issuer and audience.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// What a token must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The `iss`, letter by letter.
    pub issuer: String,
    /// One of these must be an `aud`.
    pub audiences: Vec<String>,
    /// Who has which role.
    pub roles: RoleRules,
}

/// Why a token does not count. The text never quotes the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    #[error("it is no JWT")]
    Malformed,
    #[error("its algorithm is not accepted")]
    Algorithm,
    #[error("it is of another type, or has an extension that is not understood")]
    Type,
    #[error("the issuer has no such key")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another audience")]
    Audience,
    #[error("it has no expiry, or has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYetValid,
    #[error("it gives no role")]
    Role,
    #[error("it names no person")]
    Person,
}

impl Refusal {
    /// Whether the issuer did sign the token.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Issuer | Self::Audience | Self::Expired | Self::NotYetValid | Self::Role | Self::Person)
    }
}

/// Whether a bearer token has the form of a JWT: three parts. API tokens have no dots.
#[must_use]
pub fn is_jwt(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// The person of a token.
///
/// # Errors
/// [`Refusal`]
pub fn verify(token: &str, keys: &IssuerKeys, rules: &TokenRules, now: Time) -> Result<Principal, Refusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::TooLong);
    }
    let claims = signed_claims(token, keys)?;
    check(&claims, rules, now)?;
    let role = rules.roles.role(&claims).ok_or(Refusal::Role)?;
    let name = person::name(&claims).ok_or(Refusal::Person)?;
    Ok(Principal { name, role })
}

/// The claims, if a key of the issuer signed them. Headers that bring a key of their own or say
/// where to fetch one (`jwk`, `jku`, `x5c`, `x5u`) do not count.
fn signed_claims(token: &str, keys: &IssuerKeys) -> Result<Map<String, Value>, Refusal> {
    let header = decode_header(token).map_err(|error| match error.kind() {
        // A header with an algorithm that the library does not know, such as `none`.
        jsonwebtoken::errors::ErrorKind::Json(_) if is_jwt(token) => Refusal::Algorithm,
        _ => Refusal::Malformed,
    })?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Refusal::Algorithm);
    }
    let is_known_type = header.typ.is_none_or(|kind| TYPES.contains(&kind.to_ascii_lowercase().as_str()));
    // RFC 7515, section 4.1.11: who does not understand a critical extension refuses the token.
    if !is_known_type || header.crit.is_some() {
        return Err(Refusal::Type);
    }
    let key = keys.find(header.kid.as_deref(), header.alg).ok_or(Refusal::UnknownKey)?;

    // The library verifies the signature alone. It would compare times with its own clock.
    let mut signature = Validation::new(header.alg);
    signature.required_spec_claims.clear();
    (signature.validate_exp, signature.validate_nbf, signature.validate_aud) = (false, false, false);
    let decoded = decode(token, key, &signature).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => Refusal::Signature,
        _ => Refusal::Malformed,
    })?;
    Ok(decoded.claims)
}

fn check(claims: &Map<String, Value>, rules: &TokenRules, now: Time) -> Result<(), Refusal> {
    if claims.get("iss").and_then(Value::as_str) != Some(rules.issuer.as_str()) {
        return Err(Refusal::Issuer);
    }
    let is_for_us =
        |value: &Value| value.as_str().is_some_and(|value| rules.audiences.iter().any(|ours| ours == value));
    let is_audience = match claims.get("aud") {
        Some(Value::Array(values)) => values.iter().any(is_for_us),
        Some(value) => is_for_us(value),
        None => false,
    };
    if !is_audience {
        return Err(Refusal::Audience);
    }
    let now = now.as_seconds();
    if claims.get("exp").and_then(seconds).is_none_or(|expiry| expiry <= now) {
        return Err(Refusal::Expired);
    }
    let is_in_future = |name: &str| match claims.get(name) {
        None => false,
        Some(value) => seconds(value).is_none_or(|begin| begin > now.saturating_add(CLOCK_LEEWAY_SECONDS)),
    };
    if is_in_future("nbf") || is_in_future("iat") {
        return Err(Refusal::NotYetValid);
    }
    Ok(())
}

/// A `NumericDate`: seconds since 1970, which may have a fraction.
fn seconds(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the cast of a float saturates")]
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64))
}
