//! The Lambda authorizer of the API: identifies the caller by bearer token. Simple responses, payload 2.0.

use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    credentials::CredentialStore,
    function::{Error, EventFunction},
    http::principal,
    service::authorize::authorize,
};

/// What API Gateway asks. Only the identity is looked at.
#[derive(Debug, Deserialize)]
pub struct AuthorizerRequest {
    /// The values of the identity sources: the `Authorization` header.
    #[serde(rename = "identitySource", default)]
    identity_source: Option<Vec<String>>,
}

/// The function.
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

    async fn handle(&self, event: LambdaEvent<AuthorizerRequest>) -> Value {
        let identity = event.payload.identity_source.unwrap_or_default();
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
