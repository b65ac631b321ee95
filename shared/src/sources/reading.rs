//! What an authentic webhook says.

use serde_json::Value;

use super::Confirmation;
use crate::domain::event::AlertEvent;

/// What an authentic webhook says.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// Something about a problem.
    Event(Box<AlertEvent>),
    /// Something about several problems.
    Group(Group),
    /// The source asks whether its webhooks are wanted.
    Confirmation(Confirmation),
    /// Nothing that matters here.
    Ignored {
        /// Why it does not matter.
        reason: String,
    },
}

/// A webhook with many events. Each is a delivery of its own, whatever becomes of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The payload without its events.
    pub envelope: Value,
    /// The member of the envelope that lists the events, with the names of the objects around it.
    pub path: &'static [&'static str],
    /// The events, in their order.
    pub elements: Vec<Element>,
    /// How many events the sender left out of the list.
    pub left_out: u64,
}

/// One event of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// The part of the payload that it was read from.
    pub raw: Value,
    /// What it says.
    pub reading: Result<ElementReading, Unreadable>,
}

/// What one event of a group says.
#[derive(Debug, Clone, PartialEq)]
pub enum ElementReading {
    /// Something about a problem.
    Event(Box<AlertEvent>),
    /// Nothing that matters here.
    Ignored {
        /// Why it does not matter.
        reason: String,
    },
}

impl Reading {
    /// Nothing that matters here.
    #[must_use]
    pub fn ignored(reason: &str) -> Self {
        Self::Ignored { reason: reason.to_owned() }
    }
}

impl ElementReading {
    /// Nothing that matters here.
    #[must_use]
    pub fn ignored(reason: &str) -> Self {
        Self::Ignored { reason: reason.to_owned() }
    }
}

impl From<ElementReading> for Reading {
    fn from(reading: ElementReading) -> Self {
        match reading {
            ElementReading::Event(event) => Self::Event(event),
            ElementReading::Ignored { reason } => Self::Ignored { reason },
        }
    }
}

impl Group {
    /// The payload with one of the events alone: what is kept with that event, and reads the same.
    #[must_use]
    pub fn payload_of(&self, element: &Element) -> Value {
        let mut payload = self.envelope.clone();
        let mut place = &mut payload;
        for name in self.path {
            if !place.is_object() {
                *place = Value::Object(serde_json::Map::new());
            }
            place = &mut place[*name];
        }
        *place = Value::Array(vec![element.raw.clone()]);
        payload
    }

    /// Takes the list of events out of a payload. `None` if there is none at the path.
    #[must_use]
    pub fn split(payload: &Value, path: &'static [&'static str]) -> Option<SplitPayload> {
        let mut envelope = payload.clone();
        let (list, parents) = path.split_last()?;
        let mut parent = &mut envelope;
        for name in parents {
            parent = parent.get_mut(*name)?;
        }
        match parent.as_object_mut()?.remove(*list)? {
            Value::Array(elements) => Some(SplitPayload { envelope, elements }),
            _ => None,
        }
    }
}

/// A payload, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitPayload {
    /// The payload without its list of events.
    pub envelope: Value,
    /// The list.
    pub elements: Vec<Value>,
}

/// An authentic payload that cannot be mapped. The text says why, without quoting the payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    /// Why it cannot be read.
    #[must_use]
    pub fn because(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_group_is_taken_apart_and_one_event_put_back() {
        let payload = json!({"type": "batch", "data": {"alerts": [1, 2], "more": true}});
        let SplitPayload { envelope, elements } = Group::split(&payload, &["data", "alerts"]).unwrap();
        assert_eq!((&envelope, elements.len()), (&json!({"type": "batch", "data": {"more": true}}), 2));
        let element = Element { raw: json!(2), reading: Ok(ElementReading::ignored("")) };
        let group = Group { envelope, path: &["data", "alerts"], elements: vec![element.clone()], left_out: 0 };
        assert_eq!(group.payload_of(&element), json!({"type": "batch", "data": {"alerts": [2], "more": true}}));
        assert_eq!(Group::split(&json!({"alerts": {}}), &["alerts"]), None);
        assert_eq!(Group::split(&json!([]), &["alerts"]), None);
    }
}
