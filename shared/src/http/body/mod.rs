//! Reads the bodies of changes, one file for each resource.

pub mod assignee;
pub mod comment;
pub mod regroup;
pub mod status;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{
    Request,
    problem::{InvalidParameter, Problem},
};

/// The longest comment that is accepted, in characters.
pub const MAX_COMMENT_CHARS: usize = 2000;

/// The member that holds a comment.
const COMMENT: &str = "comment";

/// The members of a JSON object. One that is repeated is wrong: readers differ on which of them counts.
struct Members {
    members: Map<String, Value>,
    errors: Vec<InvalidParameter>,
}

impl Members {
    /// The members of a body. `example` is a valid one.
    fn of(request: &Request, example: &str) -> Result<Self, Problem> {
        serde_json::from_slice(request.body().as_ref()).map_err(|error| {
            Problem::malformed_body(if error.is_data() {
                format!("The body must be a JSON object such as {example}.")
            } else {
                format!("The body must be a JSON object: {error}.")
            })
        })
    }

    /// Takes a member. `None` if it is wrong.
    fn take<T>(&mut self, read: impl FnOnce(&mut Map<String, Value>) -> Result<T, InvalidParameter>) -> Option<T> {
        read(&mut self.members).map_err(|error| self.errors.push(error)).ok()
    }

    /// Ends reading: what is left is unknown.
    fn finish<T>(mut self, read: Option<T>) -> Result<T, Problem> {
        self.errors.extend(self.members.keys().map(|name| invalid(name, "is not a known member")));
        match read {
            Some(read) if self.errors.is_empty() => Ok(read),
            _ => Err(Problem::validation(self.errors)),
        }
    }
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

/// What a person says, in a member that may be absent.
fn said(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, InvalidParameter> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > MAX_COMMENT_CHARS => {
            Err(invalid(name, format!("must have at most {MAX_COMMENT_CHARS} characters")))
        }
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(invalid(name, "must be a string")),
    }
}

fn invalid(parameter: &str, message: impl fmt::Display) -> InvalidParameter {
    InvalidParameter { parameter: parameter.to_owned(), message: message.to_string() }
}
