//! Reads the bodies of `PATCH /incidents/{id}/status` and `PATCH /alerts/{id}/status`.

use std::str::FromStr;

use serde_json::{Map, Value};
use strum::VariantNames;

use super::{COMMENT, Members, invalid, said};
use crate::{
    domain::{alert_status::AlertStatus, status::Status},
    http::{
        Request,
        parameters::word,
        problem::{InvalidParameter, Problem},
    },
};

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
    let mut members = Members::of(request, r#"{"status":"INVESTIGATING"}"#)?;
    let status = members.take(status);
    let comment = members.take(|members| said(members, COMMENT));
    let (status, comment) = members.finish(status.zip(comment))?;
    Ok(StatusChangeBody { status, comment })
}

/// Reads and validates the body of a change of an alert.
///
/// # Errors
/// A 400 [`Problem`] if the body is not a JSON object, or if a member is wrong or unknown.
pub fn alert(request: &Request) -> Result<AlertResolutionBody, Problem> {
    let mut members = Members::of(request, r#"{"status":"resolved"}"#)?;
    let resolved = members.take(|members| match status(members)? {
        AlertStatus::Resolved => Ok(()),
        AlertStatus::Firing => Err(invalid("status", "must be resolved: only the source says that it fires")),
    });
    let comment = members.take(|members| said(members, COMMENT));
    members.finish(resolved.and(comment)).map(|comment| AlertResolutionBody { comment })
}

fn status<T: FromStr + VariantNames>(members: &mut Map<String, Value>) -> Result<T, InvalidParameter> {
    match members.remove("status") {
        Some(Value::String(text)) => word(text.trim()).map_err(|error| invalid("status", error)),
        Some(_) => Err(invalid("status", "must be a string")),
        None => Err(invalid("status", "is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::MAX_COMMENT_CHARS;

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
