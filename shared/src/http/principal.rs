//! The caller's identity. The authorizer finds it, and API Gateway passes it on to the functions.

use lambda_http::{RequestExt, request::RequestContext};
use serde_json::{Value, json};

use super::{Request, problem::Problem};
use crate::domain::principal::{Principal, Role};

/// The context that the authorizer returns to API Gateway.
#[must_use]
pub fn context(principal: &Principal) -> Value {
    json!({"name": principal.name, "role": principal.role})
}

/// The caller of a route that every known caller may use.
///
/// # Errors
/// A 401 [`Problem`] if the request carries no identity, since the route has no authorizer.
pub fn viewer(request: &Request) -> Result<Principal, Problem> {
    let context = request.request_context_ref();
    let Some(RequestContext::ApiGatewayV2(context)) = context else { return Err(unknown()) };
    let fields = context.authorizer.as_ref().map(|authorizer| &authorizer.fields).ok_or_else(unknown)?;
    let name = fields.get("name").and_then(Value::as_str).ok_or_else(unknown)?;
    let role = fields.get("role").cloned().and_then(|role| serde_json::from_value(role).ok()).ok_or_else(unknown)?;
    Ok(Principal { name: name.to_owned(), role })
}

/// The caller of a route that only responders may use.
///
/// # Errors
/// A 401 [`Problem`] as for [`viewer`], and a 403 [`Problem`] if the caller is not a responder.
pub fn responder(request: &Request) -> Result<Principal, Problem> {
    let principal = viewer(request)?;
    match principal.role {
        Role::Responder => Ok(principal),
        Role::Viewer => Err(Problem::forbidden("This request needs a token with the role responder.")),
    }
}

fn unknown() -> Problem {
    Problem::unauthenticated("The token is missing or unknown.")
}
