//! What a function may do: its policy in the template, enforced on each request that it makes, as IAM does.

mod request;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::json;
use shared::aws::Aws;

/// An action on a resource, by its ARN: `dynamodb:Query` on `arn:…/index/by_created`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The action, as policies name it.
    pub action: String,
    /// The ARN.
    pub resource: String,
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} on {}", self.action, self.resource)
    }
}

/// A policy of the template. Wildcards match nothing here, and conditions are refused.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Policy {
    #[serde(rename = "Version")]
    _version: String,
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Effect")]
    _effect: Allow,
    action: OneOrMany,
    resource: OneOrMany,
}

#[derive(Deserialize)]
enum Allow {
    Allow,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Policy {
    /// Each action on each resource that it allows.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> + '_ {
        self.statement.iter().flat_map(|statement| {
            statement.action.all().iter().flat_map(move |action| {
                let on = move |resource: &String| Permission { action: action.clone(), resource: resource.clone() };
                statement.resource.all().iter().map(on)
            })
        })
    }
}

/// What a function may do, and what of that it did.
#[derive(Debug, Default)]
pub struct Permissions {
    function: String,
    granted: BTreeSet<Permission>,
    used: Mutex<BTreeSet<Permission>>,
}

impl Permissions {
    /// Those of a function.
    #[must_use]
    pub fn new(function: &str, granted: BTreeSet<Permission>) -> Arc<Self> {
        Arc::new(Self { function: function.to_owned(), granted, used: Mutex::default() })
    }

    /// The way to the services for this function: what it may not do is answered `AccessDeniedException`.
    #[must_use]
    pub fn guard(self: &Arc<Self>, aws: Aws) -> Aws {
        aws.map(|_, config| {
            let Some(inner) = config.http_client() else { return config };
            let guard = Guard { inner, permissions: Arc::clone(self) };
            config.into_builder().http_client(SharedHttpClient::new(guard)).build()
        })
    }

    /// What it may do and never did.
    #[must_use]
    pub fn unused(&self) -> Vec<Permission> {
        self.granted.difference(&self.used()).cloned().collect()
    }

    fn used(&self) -> std::sync::MutexGuard<'_, BTreeSet<Permission>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first thing that a request asks for and that is not granted.
    fn denied(&self, request: &HttpRequest) -> Option<Permission> {
        let asked = request::permissions(request.headers().get("x-amz-target"), request.body().bytes());
        let denied = asked.iter().find(|permission| !self.granted.contains(permission)).cloned();
        if denied.is_none() {
            self.used().extend(asked);
        }
        denied
    }
}

/// An HTTP client that asks first.
#[derive(Debug)]
struct Guard<Inner> {
    inner: Inner,
    permissions: Arc<Permissions>,
}

impl HttpClient for Guard<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Guard { inner, permissions: Arc::clone(&self.permissions) })
    }
}

impl HttpConnector for Guard<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.permissions.denied(&request) {
            None => self.inner.call(request),
            Some(permission) => {
                let function = &self.permissions.function;
                tracing::error!(function, %permission, "template.yaml does not allow it");
                HttpConnectorFuture::ready(Ok(refusal(function, &permission)))
            }
        }
    }
}

fn refusal(function: &str, Permission { action, resource }: &Permission) -> HttpResponse {
    let message = format!("User: {function} is not authorized to perform: {action} on resource: {resource}");
    let body = json!({ "__type": "AccessDeniedException", "message": message });
    HttpResponse::new(StatusCode::try_from(400).expect("400 is a status"), body.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_iam_understands_is_refused() {
        let statement = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": ["a", "b"] });
        let policy = |statement: &serde_json::Value| {
            serde_json::from_value::<Policy>(json!({ "Version": "2012-10-17", "Statement": [statement] }))
        };
        let all: Vec<String> = policy(&statement).unwrap().permissions().map(|granted| granted.to_string()).collect();
        assert_eq!(all, ["sqs:SendMessage on a", "sqs:SendMessage on b"]);
        for (name, value) in [("Effect", json!("Deny")), ("Condition", json!({})), ("NotAction", json!("x"))] {
            let mut other = statement.clone();
            other[name] = value;
            assert!(policy(&other).is_err(), "{name}");
        }
    }
}
