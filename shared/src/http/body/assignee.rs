//! Reads the body of `PUT /incidents/{id}/assignee`.

use serde_json::Value;

use super::{Members, invalid};
use crate::{
    domain::assignee::Assignee,
    http::{Request, problem::Problem},
};

const MEMBER: &str = "assignee";

/// Reads and validates the body: a name, or `None` if nobody shall work on the incident.
///
/// # Errors
/// A 400 [`Problem`] if the body is not a JSON object, or if a member is wrong, missing or unknown.
pub fn of(request: &Request) -> Result<Option<Assignee>, Problem> {
    let mut members = Members::of(request, r#"{"assignee":"alice"}"#)?;
    let assignee = members.take(|members| match members.remove(MEMBER) {
        Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Assignee::read(&name).map(Some).map_err(|error| invalid(MEMBER, error)),
        Some(_) => Err(invalid(MEMBER, "must be a string or null")),
        None => Err(invalid(MEMBER, "is missing")),
    });
    members.finish(assignee)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignee_is_a_name_or_null() {
        let read = |body: &str| of(&Request::new(body.into()));
        assert_eq!(read(r#"{"assignee":"Ada"}"#).unwrap().unwrap().as_str(), "Ada");
        assert_eq!(read(r#"{"assignee":null}"#).unwrap(), None);
        for body in ["", "{}", r#"{"assignee":""}"#, r#"{"assignee":["Ada"]}"#, r#"{"assignee":null,"assignee":"Ada"}"#]
        {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
