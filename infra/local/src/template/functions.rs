//! What the template says of functions: variables, routes, queues and authorizers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use serde::Deserialize;

use super::{ACCOUNT, REGION, Resource, Scope, Template, TemplateError};
use crate::permissions::{Permission, Policy};

/// What `Globals.Function` may say. Of these only `Timeout` means anything in one process.
pub(super) const GLOBALS: [&str; 7] =
    ["Handler", "Runtime", "Architectures", "MemorySize", "Timeout", "Tracing", "LoggingConfig"];

/// What a function may say.
const PROPERTIES: [&str; 7] =
    ["CodeUri", "Environment", "Events", "LoggingConfig", "MemorySize", "Policies", "Timeout"];

/// A function with everything that the template says of it.
#[derive(Debug)]
pub struct FunctionResource {
    /// Its name in the template.
    pub logical_id: String,
    /// How long a call may take. Not enforced: the machines differ; but a function may look at its deadline.
    pub timeout: Duration,
    /// Its environment variables.
    pub environment: HashMap<String, String>,
    /// What it may do.
    pub permissions: BTreeSet<Permission>,
    /// The routes that lead to it.
    pub routes: Vec<Route>,
    /// The queues that are polled for it.
    pub queues: Vec<QueueTrigger>,
}

/// An `HttpApi` event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Route {
    api_id: String,
    /// The method, in capitals.
    pub method: String,
    /// The path, with `{name}` for a segment that varies.
    pub path: String,
    #[serde(default)]
    auth: RouteAuth,
}

impl Route {
    /// The name of its authorizer, unless it has none.
    pub fn authorizer<'a>(&'a self, default: Option<&'a str>) -> Option<&'a str> {
        self.auth.authorizer.as_deref().or(default).filter(|name| *name != "NONE")
    }

    /// The route as API Gateway names it.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteAuth {
    authorizer: Option<String>,
}

/// An `SQS` event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct QueueTrigger {
    /// The ARN of the queue.
    pub queue: String,
    /// How many messages a call may bring.
    #[serde(default = "ten")]
    pub batch_size: i32,
    #[serde(default)]
    function_response_types: Vec<String>,
    #[serde(default)]
    scaling_config: ScalingConfig,
}

/// What Lambda takes for a batch when nothing is said.
fn ten() -> i32 {
    10
}

impl QueueTrigger {
    /// Whether the function says which messages failed; otherwise a batch succeeds or fails as a whole.
    #[must_use]
    pub fn reports_failures(&self) -> bool {
        self.function_response_types.iter().any(|kind| kind == "ReportBatchItemFailures")
    }

    /// How many calls may run at once, if that is limited.
    #[must_use]
    pub fn maximum_concurrency(&self) -> Option<usize> {
        self.scaling_config.maximum_concurrency
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScalingConfig {
    maximum_concurrency: Option<usize>,
}

#[derive(Deserialize)]
#[serde(tag = "Type", content = "Properties", deny_unknown_fields)]
enum Event {
    HttpApi(Route),
    #[serde(rename = "SQS")]
    Sqs(QueueTrigger),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Variables {
    variables: HashMap<String, String>,
}

impl FunctionResource {
    /// Reads a function. Whatever its events and variables refer to has to run already.
    ///
    /// # Errors
    /// When something in it is not known.
    pub fn read(resource: &Resource, template: &Template, scope: &Scope) -> Result<Self, TemplateError> {
        resource.only(&PROPERTIES)?;
        let policies: Vec<Policy> = resource.read("Policies", scope)?.unwrap_or_default();
        let mut function = Self {
            logical_id: resource.logical_id.clone(),
            timeout: Duration::from_secs(resource.read("Timeout", scope)?.unwrap_or(template.default_timeout)),
            environment: resource.read::<Variables>("Environment", scope)?.unwrap_or_default().variables,
            permissions: policies.iter().flat_map(Policy::permissions).collect(),
            routes: Vec::new(),
            queues: Vec::new(),
        };
        let events: BTreeMap<String, Event> = resource.read("Events", scope)?.unwrap_or_default();
        for event in events.into_values() {
            match event {
                Event::HttpApi(route) => function.routes.push(route),
                Event::Sqs(trigger) => function.queues.push(trigger),
            }
        }
        Ok(function)
    }

    /// The ARN of the function with this name, running or not.
    #[must_use]
    pub fn arn(logical_id: &str) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{logical_id}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Kind, tests::running};

    fn function(logical_id: &str) -> FunctionResource {
        let (template, scope) = running();
        let resource = template.resources(Kind::Function).find(|f| f.logical_id == logical_id).unwrap();
        FunctionResource::read(resource, &template, &scope).unwrap()
    }

    #[test]
    fn a_function_has_its_own_variables_and_routes() {
        let webhook = function("ReceiveWebhook");
        let variables = [("QUEUE_URL", "ref:AlertsQueue"), ("SECRET_ARN", "ref:Secret"), ("STACK_NAME", "local")];
        assert_eq!(webhook.environment, variables.map(|(n, v)| (n.to_owned(), v.to_owned())).into());
        assert_eq!(webhook.timeout, Duration::from_secs(10));
        assert_eq!(webhook.routes[0].key(), "POST /webhooks/{source}");
        assert_eq!(webhook.routes[0].authorizer(Some("BearerToken")), None);

        let list = function("ListIncidents");
        assert_eq!(list.routes[0].authorizer(Some("BearerToken")), Some("BearerToken"));
    }

    #[test]
    fn the_worker_has_its_queue() {
        let worker = function("GroupAlerts");
        assert_eq!(worker.timeout, Duration::from_secs(30));
        let trigger = &worker.queues[0];
        assert_eq!((trigger.queue.as_str(), trigger.batch_size), ("arn:AlertsQueue", 10));
        assert!(trigger.reports_failures());
        assert_eq!(trigger.maximum_concurrency(), Some(10));
    }

    #[test]
    fn every_function_can_be_read() {
        let (template, scope) = running();
        for resource in template.resources(Kind::Function) {
            let function = FunctionResource::read(resource, &template, &scope).unwrap();
            for permission in function.permissions {
                assert!(!permission.to_string().contains('*'), "{}: {permission}", function.logical_id);
            }
        }
    }

    #[test]
    fn an_event_setting_that_is_not_known_is_refused() {
        let text = "
            Resources:
              F:
                Type: AWS::Serverless::Function
                Properties:
                  Events:
                    Alerts: {Type: SQS, Properties: {Queue: q, MaximumBatchingWindowInSeconds: 5}}";
        let template = Template::parse(text).unwrap();
        let scope = Scope::new(&template.parameters);
        let resource = template.resources(Kind::Function).next().unwrap();
        let error = FunctionResource::read(resource, &template, &scope).unwrap_err().to_string();
        assert!(error.contains("MaximumBatchingWindowInSeconds"), "{error}");
    }
}
