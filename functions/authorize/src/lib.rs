//! The Lambda authorizer of the API. It identifies the caller by the bearer token: an API token,
//! or a JWT of the company's identity provider. It answers in the simple format of payload version 2.0.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    function::{Error, EventFunction},
    http::{
        edge::{Edge, FORWARDED_HEADER},
        principal,
    },
    service::authorize::Authorize,
    telemetry::{
        metrics::Metrics,
        refusals::{Reason, Refusals},
    },
};

/// API Gateway does not ask about requests without a token, so there is one reason.
const REFUSED_TOKEN: Reason = Reason { metric: "RefusedToken", text: "the token is not known", source: None };

/// The request of API Gateway. Only the identity and the address are read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizerRequest {
    /// The template names one identity source: the `Authorization` header.
    #[serde(default)]
    identity_source: Option<Vec<String>>,
    /// With names in lower case.
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    request_context: Context,
}

#[derive(Debug, Default, Deserialize)]
struct Context {
    #[serde(default)]
    http: Caller,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Caller {
    source_ip: Option<String>,
}

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    authorize: Authorize,
    edge: Edge,
    refusals: Refusals,
}

impl EventFunction for Function {
    type Event = AuthorizerRequest;
    type Answer = Value;

    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        Ok(Self {
            authorize: Authorize::start(environment, aws, clock::now()).await?,
            edge: Edge::new(environment),
            refusals: Refusals::new(Metrics::new(environment)?),
        })
    }

    async fn answer(&self, event: AuthorizerRequest, _deadline: Deadline) -> Value {
        let AuthorizerRequest { identity_source, headers, request_context } = event;
        let identity = identity_source.unwrap_or_default();
        let now = clock::now();
        let principal = match identity.first() {
            Some(authorization) => self.authorize.identify(authorization, now).await,
            None => None,
        };
        if let Some(principal) = principal {
            return json!({"isAuthorized": true, "context": principal::context(&principal)});
        }
        let forwarded = headers.get(FORWARDED_HEADER).map(String::as_str);
        let from = self.edge.source_address(request_context.http.source_ip.as_deref(), forwarded);
        self.refusals.count(REFUSED_TOKEN, from, now);
        json!({"isAuthorized": false})
    }
}
