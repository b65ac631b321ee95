//! The Lambda authorizer of the API. It identifies the caller by the bearer token, and answers in
//! the simple format of payload version 2.0.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    credentials::CredentialStore,
    deadline::Deadline,
    function::{Error, EventFunction},
    http::principal,
    service::authorize::authorize,
};

/// The request of API Gateway. Only the identity is read.
#[derive(Debug, Deserialize)]
pub struct AuthorizerRequest {
    /// The template names one identity source: the `Authorization` header.
    #[serde(rename = "identitySource", default)]
    identity_source: Option<Vec<String>>,
}

/// The state that the function keeps between calls.
#[derive(Debug)]
pub struct Function {
    credentials: CredentialStore,
}

impl EventFunction for Function {
    type Event = AuthorizerRequest;
    type Answer = Value;

    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        Ok(Self { credentials: CredentialStore::start(environment, aws, clock::now()).await? })
    }

    async fn answer(&self, event: AuthorizerRequest, _deadline: Deadline) -> Value {
        let identity = event.identity_source.unwrap_or_default();
        let principal = match identity.first() {
            Some(authorization) => authorize(&self.credentials, authorization, clock::now()).await,
            None => None,
        };
        match principal {
            Some(principal) => json!({"isAuthorized": true, "context": principal::context(&principal)}),
            None => json!({"isAuthorized": false}),
        }
    }
}
