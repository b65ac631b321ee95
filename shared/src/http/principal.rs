//! Who calls: what the authorizer found out, which API Gateway passes on.

use lambda_http::{RequestExt, request::RequestContext};
use serde_json::{Value, json};

use super::{Request, problem::Problem};
use crate::{credentials::Role, service::authorize::Principal};

/// The context that the authorizer gives to API Gateway.
#[must_use]
pub fn context(principal: &Principal) -> Value {
    json!({"name": principal.name, "role": principal.role})
}

/// Who calls; whoever has a token may read.
///
/// # Errors
/// A 401 [`Problem`] if no authorizer stands before the route: then nobody is let in.
pub fn viewer(request: &Request) -> Result<Principal, Problem> {
    let context = request.request_context_ref();
    let Some(RequestContext::ApiGatewayV2(context)) = context else { return Err(unknown()) };
    let fields = context.authorizer.as_ref().map(|authorizer| &authorizer.fields).ok_or_else(unknown)?;
    let name = fields.get("name").and_then(Value::as_str).ok_or_else(unknown)?;
    let role = fields.get("role").cloned().and_then(|role| serde_json::from_value(role).ok()).ok_or_else(unknown)?;
    Ok(Principal { name: name.to_owned(), role })
}

/// Who calls, if they may change things.
///
/// # Errors
/// A 401 or 403 [`Problem`]
pub fn responder(request: &Request) -> Result<Principal, Problem> {
    let principal = viewer(request)?;
    match principal.role {
        Role::Responder => Ok(principal),
        Role::Viewer => Err(Problem::forbidden("This needs a token with the role responder.")),
    }
}

fn unknown() -> Problem {
    Problem::unauthenticated("The request does not come with a known token.")
}
