//! Whom the claims of a token name.

use serde_json::{Map, Value};

use crate::domain::{action::SYSTEM_ACTOR, text::limits};

/// The actor in histories: the e-mail address, else the user name, else the subject.
///
/// Only the subject is certain to name the same person for ever (OpenID Connect Core 1.0, section
/// 5.7), but nobody recognises it in a history. An address that the issuer has not verified does
/// not count: anybody may have entered it.
#[must_use]
pub fn name(claims: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| is_name(text));
    let is_verified = !matches!(claims.get("email_verified"), Some(Value::Bool(false)));
    let is_verified = is_verified && claims.get("email_verified").and_then(Value::as_str) != Some("false");
    let email = text("email").filter(|_| is_verified);
    email.or_else(|| text("preferred_username")).or_else(|| text("sub")).map(str::to_owned)
}

/// As for the names of API tokens. Nobody is named like the product itself in a history.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text != SYSTEM_ACTOR
        && text.trim() == text
        && text.chars().count() <= limits::NAME
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name_of(claims: &Value) -> Option<String> {
        name(claims.as_object().unwrap())
    }

    #[test]
    fn the_first_name_that_people_recognise_counts() {
        let mut claims = json!({"sub": "00u1", "preferred_username": "ada", "email": "ada@example.com"});
        assert_eq!(name_of(&claims).as_deref(), Some("ada@example.com"));
        for unverified in [json!(false), json!("false")] {
            claims["email_verified"] = unverified;
            assert_eq!(name_of(&claims).as_deref(), Some("ada"));
        }
        claims["preferred_username"] = json!("");
        assert_eq!(name_of(&claims).as_deref(), Some("00u1"));
    }

    #[test]
    fn what_is_no_name_is_not_taken() {
        for bad in [
            json!(" ada"),
            json!("a\nb"),
            json!(SYSTEM_ACTOR),
            json!("a".repeat(limits::NAME + 1)),
            json!(1),
            json!(null),
        ] {
            assert_eq!(name_of(&json!({ "email": bad, "sub": "00u1" })).as_deref(), Some("00u1"), "{bad}");
            assert_eq!(name_of(&json!({ "sub": bad })), None, "{bad}");
        }
    }
}
