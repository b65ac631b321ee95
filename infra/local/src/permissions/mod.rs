//! Enforces the policy of a function on each request that it makes, like IAM.

mod request;

use std::{
    collections::BTreeSet,
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
use serde_json::json;
use shared::aws::Aws;

use crate::template::Permission;

/// The permissions of a function, and which of them it has used.
#[derive(Debug, Default)]
pub struct Permissions {
    function: String,
    granted: BTreeSet<Permission>,
    used: Mutex<BTreeSet<Permission>>,
}

impl Permissions {
    /// The permissions of a function, none of them used yet.
    #[must_use]
    pub fn new(function: &str, granted: BTreeSet<Permission>) -> Arc<Self> {
        Arc::new(Self { function: function.to_owned(), granted, used: Mutex::default() })
    }

    /// Clients for this function. They answer `AccessDeniedException` to requests that are not
    /// permitted.
    #[must_use]
    pub fn guard(self: &Arc<Self>, aws: Aws) -> Aws {
        aws.map(|_, config| {
            let Some(inner) = config.http_client() else { return config };
            let guard = Guard { inner, permissions: Arc::clone(self) };
            config.into_builder().http_client(SharedHttpClient::new(guard)).build()
        })
    }

    /// The permissions that the function has not used so far.
    #[must_use]
    pub fn unused(&self) -> Vec<Permission> {
        self.granted.difference(&self.used()).cloned().collect()
    }

    fn used(&self) -> std::sync::MutexGuard<'_, BTreeSet<Permission>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first permission that a request needs and the function does not have.
    fn denied(&self, request: &HttpRequest) -> Option<Permission> {
        let needed = request::permissions(request.headers().get("x-amz-target"), request.body().bytes());
        let denied = needed.iter().find(|permission| !self.granted.contains(permission)).cloned();
        if denied.is_none() {
            self.used().extend(needed);
        }
        denied
    }
}

/// An HTTP client that refuses requests without permission.
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
                tracing::error!(function, %permission, "denied: the policy in template.yaml does not allow this");
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
