//! The actor in a webhook of Sentry: Sentry itself or a person.

use serde::Serialize;

/// The person or program whose action the webhook reports.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Actor<'name> {
    id: ActorId,
    pub name: &'name str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Sentry writes its own id as a string and the id of a person as a number.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum ActorId {
    Text(&'static str),
    Number(u32),
}

impl<'name> Actor<'name> {
    /// Sentry itself.
    pub const SENTRY: Actor<'static> = Actor { id: ActorId::Text("sentry"), name: "Sentry", kind: "application" };

    /// A person. The number follows from the name.
    pub fn person(name: &'name str) -> Self {
        let id = name.bytes().fold(0, |id: u32, byte| (id * 31 + u32::from(byte)) % 900_001);
        Self { id: ActorId::Number(2_100_000 + id), name, kind: "user" }
    }
}
