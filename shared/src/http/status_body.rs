//! Reads the bodies of `PATCH /incidents/{id}/status` and `PATCH /alerts/{id}/status`.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};
use strum::VariantNames;

use super::{
    Request,
    parameters::word,
    problem::{InvalidParameter, Problem},
};
use crate::domain::{alert_status::AlertStatus, status::Status};

/// The longest comment that is accepted, in characters.
pub const MAX_COMMENT_CHARS: usize = 2000;

/// A valid body of a change of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChangeBody {
    pub status: Status,
    pub comment: Option<String>,
}

/// A valid body of a change of an alert: the only status that people can give one is `resolved`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertResolutionBody {
    pub comment: Option<String>,
}

/// Reads and validates the body of a change of an incident.
///
/// # Errors
/// A 400 [`Problem`] if the body is not a JSON object, or if a member is wrong or unknown.
pub fn incident(request: &Request) -> Result<StatusChangeBody, Problem> {
    let Members { mut members, mut errors } = members(request, "INVESTIGATING")?;
    let status = status(&mut members).map_err(|error| errors.push(error)).ok();
    let comment = comment(&mut members).map_err(|error| errors.push(error)).ok();
    errors.extend(members.keys().map(|name| invalid(name, "is not a known member")));
    match (status, comment) {
        (Some(status), Some(comment)) if errors.is_empty() => Ok(StatusChangeBody { status, comment }),
        _ => Err(Problem::validation(errors)),
    }
}

/// Reads and validates the body of a change of an alert.
///
/// # Errors
/// A 400 [`Problem`] if the body is not a JSON object, or if a member is wrong or unknown.
pub fn alert(request: &Request) -> Result<AlertResolutionBody, Problem> {
    let Members { mut members, mut errors } = members(request, "resolved")?;
    match status(&mut members) {
        Ok(AlertStatus::Resolved) => {}
        Ok(AlertStatus::Firing) => {
            errors.push(invalid("status", "must be resolved: only the source says that it fires"));
        }
        Err(error) => errors.push(error),
    }
    let comment = comment(&mut members).map_err(|error| errors.push(error)).ok();
    errors.extend(members.keys().map(|name| invalid(name, "is not a known member")));
    match comment {
        Some(comment) if errors.is_empty() => Ok(AlertResolutionBody { comment }),
        _ => Err(Problem::validation(errors)),
    }
}

/// The members of a JSON object. One that is repeated is wrong: readers differ on which of them counts.
struct Members {
    members: Map<String, Value>,
    errors: Vec<InvalidParameter>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
                let (mut members, mut errors) = (Map::new(), Vec::new());
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if members.contains_key(&name) {
                        errors.push(invalid(&name, "may be given only once"));
                    }
                    members.insert(name, value);
                }
                Ok(Members { members, errors })
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn members(request: &Request, example: &str) -> Result<Members, Problem> {
    serde_json::from_slice(request.body().as_ref()).map_err(|error| {
        Problem::malformed_body(if error.is_data() {
            format!("The body must be a JSON object such as {{\"status\":\"{example}\"}}.")
        } else {
            format!("The body must be a JSON object: {error}.")
        })
    })
}

fn status<T: FromStr + VariantNames>(members: &mut Map<String, Value>) -> Result<T, InvalidParameter> {
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
        incident(&Request::new(body.into()))
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
    fn people_can_only_resolve_an_alert() {
        let read = |body: &str| alert(&Request::new(body.into()));
        assert_eq!(read(r#"{"status":"Resolved"}"#).unwrap(), AlertResolutionBody { comment: None });
        for body in [r#"{"status":"firing"}"#, "{}", r#"{"status":"resolved","x":1}"#, r#"{"status":"CLOSED"}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_repeated_member_is_refused_by_its_name() {
        let body = r#"{"status":"RESOLVED","comment":"a","status":"RESOLVED","st\u0061tus":"OPEN"}"#;
        let problem = serde_json::to_value(change(body).unwrap_err()).unwrap();
        let named: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().filter_map(|error| error["parameter"].as_str()).collect();
        assert_eq!((&problem["status"], named), (&400.into(), vec!["status", "status"]));
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
