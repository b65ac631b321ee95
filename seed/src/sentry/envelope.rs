//! The members that all webhooks of Sentry have.

use serde_json::{Value, json};

use super::actor::Actor;

/// The installation of the integration at the demo company.
const INSTALLATION: &str = "7c1d0f52-3f0e-4c38-9d6b-0a4be1f5c2d7";

/// What every webhook of Sentry has around its data.
pub fn envelope(action: &str, actor: Actor<'_>, data: &Value) -> Value {
    json!({
        "action": action,
        "actor": actor,
        "data": data,
        "installation": { "uuid": INSTALLATION },
    })
}
