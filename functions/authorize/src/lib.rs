//! The Lambda authorizer of the API: who calls, by bearer token. Simple responses, payload 2.0.

use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    clock,
    config::Environment,
    http::principal,
    service::{
        authorize::authorize,
        credentials::{CredentialStore, CredentialsError},
    },
};

/// What API Gateway asks; of it, only the identity is looked at.
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

impl Function {
    /// Fetches the tokens.
    ///
    /// # Errors
    /// [`CredentialsError`]
    pub async fn start(environment: &Environment, aws: &Aws) -> Result<Self, CredentialsError> {
        Ok(Self { credentials: CredentialStore::start(environment, aws, clock::now()).await? })
    }

    /// Answers API Gateway.
    pub async fn handle(&self, event: LambdaEvent<AuthorizerRequest>) -> Value {
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
