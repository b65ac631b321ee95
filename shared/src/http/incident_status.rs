//! The body of a change of status.

use serde_json::{Map, Value};

use super::{
    Request,
    problem::{InvalidParameter, Problem},
};
use crate::domain::status::Status;

/// The longest comment, in characters.
pub const MAX_COMMENT: usize = 2000;

/// The status that is asked for, and the comment on it.
///
/// # Errors
/// A 400 [`Problem`]: the body is not a JSON object, or its members are wrong.
pub fn read(request: &Request) -> Result<(Status, Option<String>), Problem> {
    let body: Value = serde_json::from_slice(request.body().as_ref())
        .map_err(|error| Problem::malformed_body(format!("The body must be a JSON object: {error}.")))?;
    let Value::Object(mut members) = body else {
        return Err(Problem::malformed_body("The body must be a JSON object such as {\"status\":\"INVESTIGATING\"}."));
    };
    let mut errors = Vec::new();
    let status = status(&mut members).map_err(|error| errors.push(error)).ok();
    let comment = comment(&mut members).map_err(|error| errors.push(error)).ok();
    errors.extend(members.keys().map(|name| invalid(name, "is not a member of this body")));
    match (status, comment) {
        (Some(status), Some(comment)) if errors.is_empty() => Ok((status, comment)),
        _ => Err(Problem::validation(errors)),
    }
}

fn status(members: &mut Map<String, Value>) -> Result<Status, InvalidParameter> {
    match members.remove("status") {
        Some(Value::String(text)) => text.trim().parse().map_err(|error| invalid("status", error)),
        Some(_) => Err(invalid("status", "must be a text")),
        None => Err(invalid("status", "is missing")),
    }
}

fn comment(members: &mut Map<String, Value>) -> Result<Option<String>, InvalidParameter> {
    match members.remove("comment") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > MAX_COMMENT => {
            Err(invalid("comment", format!("must have at most {MAX_COMMENT} characters")))
        }
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(invalid("comment", "must be a text")),
    }
}

fn invalid(parameter: &str, message: impl std::fmt::Display) -> InvalidParameter {
    InvalidParameter { parameter: parameter.to_owned(), message: message.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(body: &str) -> Result<(Status, Option<String>), Problem> {
        read(&Request::new(body.into()))
    }

    #[test]
    fn a_status_of_any_case_and_an_optional_comment() {
        assert_eq!(change(r#"{"status":"investigating"}"#).unwrap(), (Status::Investigating, None));
        let comment = Some("on it".to_owned());
        assert_eq!(change(r#"{"status":"RESOLVED","comment":" on it "}"#).unwrap(), (Status::Resolved, comment));
        assert_eq!(change(r#"{"status":"CLOSED","comment":null}"#).unwrap(), (Status::Closed, None));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!(r#"{{"status":"OPEN","comment":"{}"}}"#, "ü".repeat(MAX_COMMENT + 1));
        for body in [
            "",
            "OPEN",
            "[]",
            "null",
            r#""OPEN""#,
            "{}",
            r#"{"status":7}"#,
            r#"{"status":"DONE"}"#,
            r#"{"status":"OPEN","by":"me"}"#,
            long.as_str(),
        ] {
            assert!(change(body).is_err(), "{body}");
        }
    }
}
