//! Reads the body of `PATCH /incidents/{id}/status`.

use serde_json::{Map, Value};

use super::{
    Request,
    parameters::word,
    problem::{InvalidParameter, Problem},
};
use crate::domain::status::Status;

/// The longest comment that is accepted, in characters.
pub const MAX_COMMENT_CHARS: usize = 2000;

/// A valid body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChangeBody {
    pub status: Status,
    pub comment: Option<String>,
}

/// Reads and validates the body.
///
/// # Errors
/// A 400 [`Problem`] if the body is not a JSON object, or if a member is wrong or unknown.
pub fn read(request: &Request) -> Result<StatusChangeBody, Problem> {
    let body: Value = serde_json::from_slice(request.body().as_ref())
        .map_err(|error| Problem::malformed_body(format!("The body must be a JSON object: {error}.")))?;
    let Value::Object(mut members) = body else {
        return Err(Problem::malformed_body("The body must be a JSON object such as {\"status\":\"INVESTIGATING\"}."));
    };
    let mut errors = Vec::new();
    let status = status(&mut members).map_err(|error| errors.push(error)).ok();
    let comment = comment(&mut members).map_err(|error| errors.push(error)).ok();
    errors.extend(members.keys().map(|name| invalid(name, "is not a known member")));
    match (status, comment) {
        (Some(status), Some(comment)) if errors.is_empty() => Ok(StatusChangeBody { status, comment }),
        _ => Err(Problem::validation(errors)),
    }
}

fn status(members: &mut Map<String, Value>) -> Result<Status, InvalidParameter> {
    match members.remove("status") {
        Some(Value::String(text)) => word(text.trim()).map_err(|error| invalid("status", error)),
        Some(_) => Err(invalid("status", "must be a string")),
        None => Err(invalid("status", "is missing")),
    }
}

fn comment(members: &mut Map<String, Value>) -> Result<Option<String>, InvalidParameter> {
    match members.remove("comment") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > MAX_COMMENT_CHARS => {
            Err(invalid("comment", format!("must have at most {MAX_COMMENT_CHARS} characters")))
        }
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(invalid("comment", "must be a string")),
    }
}

fn invalid(parameter: &str, message: impl std::fmt::Display) -> InvalidParameter {
    InvalidParameter { parameter: parameter.to_owned(), message: message.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(body: &str) -> Result<StatusChangeBody, Problem> {
        read(&Request::new(body.into()))
    }

    #[test]
    fn a_status_of_any_case_and_an_optional_comment() {
        assert_eq!(
            change(r#"{"status":"investigating"}"#).unwrap(),
            StatusChangeBody { status: Status::Investigating, comment: None }
        );
        let comment = Some("on it".to_owned());
        assert_eq!(
            change(r#"{"status":"RESOLVED","comment":" on it "}"#).unwrap(),
            StatusChangeBody { status: Status::Resolved, comment }
        );
        assert_eq!(
            change(r#"{"status":"CLOSED","comment":null}"#).unwrap(),
            StatusChangeBody { status: Status::Closed, comment: None }
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!(r#"{{"status":"OPEN","comment":"{}"}}"#, "ü".repeat(MAX_COMMENT_CHARS + 1));
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
