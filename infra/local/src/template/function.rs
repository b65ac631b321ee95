//! A function of the template: its variables, policy, routes and queues.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use serde::{Deserialize, de::IgnoredAny};

use super::{
    document::Template,
    error::TemplateError,
    policy::{NamedPolicy, Permission, Policy},
    resolve::{ACCOUNT, REGION, Scope},
    resource::{Kind, Resource},
};

/// The properties that a function may have.
const PROPERTIES: [&str; 9] = [
    "CodeUri",
    "Environment",
    // The local stack sends no events of EventBridge: a test calls the function.
    "EventInvokeConfig",
    "Events",
    "MemorySize",
    "Policies",
    // The local stack does not limit how many calls run at the same time.
    "ReservedConcurrentExecutions",
    "Role",
    "Timeout",
];

/// A function as the template declares it.
#[derive(Debug)]
pub struct FunctionResource {
    /// The name in the template.
    pub logical_id: String,
    /// A call that takes longer is ended, as at Lambda.
    pub timeout: Duration,
    pub environment: HashMap<String, String>,
    pub permissions: BTreeSet<Permission>,
    pub routes: Vec<Route>,
    pub queues: Vec<QueueTrigger>,
    /// How often a schedule calls it, for each of its schedules.
    pub schedules: Vec<Duration>,
}

/// An `HttpApi` event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Route {
    api_id: String,
    /// In upper case.
    pub method: String,
    /// `{name}` stands for one segment.
    pub path: String,
    #[serde(default)]
    auth: RouteAuth,
}

impl Route {
    /// The name of the route's authorizer. `None` if the route is open.
    pub fn authorizer<'a>(&'a self, default: Option<&'a str>) -> Option<&'a str> {
        self.auth.authorizer.as_deref().or(default).filter(|name| *name != "NONE")
    }

    /// API Gateway's name for the route, such as `GET /incidents/{id}`.
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

/// How a function reports that messages of a batch failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReports {
    /// Its answer names the messages that failed.
    PerMessage,
    /// The batch succeeds if the call does.
    WholeBatch,
}

/// An `SQS` event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct QueueTrigger {
    /// The ARN.
    pub queue: String,
    #[serde(default = "default_enabled")]
    pub enabled: bool,
    #[serde(default = "default_batch_size")]
    pub batch_size: i32,
    #[serde(default)]
    function_response_types: Vec<String>,
    #[serde(default)]
    scaling_config: ScalingConfig,
}

/// Lambda's default.
fn default_batch_size() -> i32 {
    10
}

/// Lambda's default.
fn default_enabled() -> bool {
    true
}

impl QueueTrigger {
    /// How the function reports failures.
    #[must_use]
    pub fn failure_reports(&self) -> FailureReports {
        if self.function_response_types.iter().any(|kind| kind == "ReportBatchItemFailures") {
            FailureReports::PerMessage
        } else {
            FailureReports::WholeBatch
        }
    }

    /// The maximum number of concurrent calls, if the template limits it.
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
    Schedule(Schedule),
    #[serde(rename = "EventBridgeRule")]
    Bridge(IgnoredAny),
}

/// A `Schedule` event.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Schedule {
    schedule: String,
}

impl Schedule {
    /// The time between two calls. Only rates in minutes are known.
    fn interval(&self) -> Option<Duration> {
        let rate = self.schedule.strip_prefix("rate(")?.strip_suffix(')')?;
        let minutes = rate.strip_suffix(" minutes").or(rate.strip_suffix(" minute"))?;
        minutes.parse().ok().filter(|minutes| *minutes > 0).map(Duration::from_mins)
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Variables {
    variables: HashMap<String, Variable>,
}

/// The value of a variable. A parameter of the type `Number` is a number; Lambda gets its text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Variable {
    Text(String),
    Number(i64),
}

impl Variables {
    fn texts(self) -> HashMap<String, String> {
        let text = |variable| match variable {
            Variable::Text(text) => text,
            Variable::Number(number) => number.to_string(),
        };
        self.variables.into_iter().map(|(name, variable)| (name, text(variable))).collect()
    }
}

impl FunctionResource {
    /// Reads a function. The resources that it refers to must run already.
    ///
    /// # Errors
    /// If the function has a property that is not known.
    pub fn read(resource: &Resource, template: &Template, scope: &Scope) -> Result<Self, TemplateError> {
        resource.only(&PROPERTIES)?;
        let mut environment = match &template.environment {
            None => HashMap::new(),
            Some(shared) => resource.read_value::<Variables>("Environment", shared, scope)?.texts(),
        };
        environment.extend(resource.read::<Variables>("Environment", scope)?.unwrap_or_default().texts());
        let mut function = Self {
            logical_id: resource.logical_id.clone(),
            timeout: Duration::from_secs(resource.read("Timeout", scope)?.unwrap_or(template.default_timeout)),
            environment,
            permissions: policies(resource, template, scope)?.iter().flat_map(Policy::permissions).collect(),
            routes: Vec::new(),
            queues: Vec::new(),
            schedules: Vec::new(),
        };
        let events: BTreeMap<String, Event> = resource.read("Events", scope)?.unwrap_or_default();
        for event in events.into_values() {
            match event {
                Event::HttpApi(route) => function.routes.push(route),
                Event::Sqs(trigger) => function.queues.push(trigger),
                Event::Bridge(_) => {}
                Event::Schedule(schedule) => {
                    let interval = schedule.interval().ok_or_else(|| TemplateError::NotSupported {
                        at: function.logical_id.clone(),
                        what: format!("the schedule {}", schedule.schedule),
                    })?;
                    function.schedules.push(interval);
                }
            }
        }
        Ok(function)
    }

    /// The ARN of the function with this name, whether it runs or not.
    #[must_use]
    pub fn arn(logical_id: &str) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{logical_id}")
    }
}

/// The policies of a function: its own, or those of the role that it names. SAM ignores the first if
/// there is a role.
fn policies(function: &Resource, template: &Template, scope: &Scope) -> Result<Vec<Policy>, TemplateError> {
    let own: Option<Vec<Policy>> = function.read("Policies", scope)?;
    let role: Option<String> = function.read("Role", scope)?;
    let not_supported =
        |what: String| TemplateError::NotSupported { at: format!("{}.Role", function.logical_id), what };
    let Some(role) = role else { return Ok(own.unwrap_or_default()) };
    if own.is_some() {
        return Err(not_supported("Policies beside a role".to_owned()));
    }
    let is_it = |candidate: &&Resource| scope.attribute(&format!("{}.Arn", candidate.logical_id)) == Some(&role);
    let declared =
        template.resources(Kind::Role).find(is_it).ok_or_else(|| not_supported(format!("the role {role}")))?;
    // Only Lambda assumes it, and nobody bounds it here.
    declared.only(&["AssumeRolePolicyDocument", "PermissionsBoundary", "Policies"])?;
    let policies: Vec<NamedPolicy> = declared.read("Policies", scope)?.unwrap_or_default();
    Ok(policies.into_iter().map(|policy| policy.policy_document).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::document::tests::{running, running_with};

    fn function(logical_id: &str) -> FunctionResource {
        let (template, scope) = running();
        let resource = template.resources(Kind::Function).find(|f| f.logical_id == logical_id).unwrap();
        FunctionResource::read(resource, &template, &scope).unwrap()
    }

    #[test]
    fn a_function_has_its_own_variables_and_routes() {
        let webhook = function("ReceiveWebhook");
        let variables = [
            ("ALLOWED_ADDRESSES", ""),
            ("EDGE_SECRETS", ""),
            ("LIMITS_TABLE", ""),
            ("QUEUE_URL", "ref:AlertsQueue"),
            ("SECRET_ARN", "ref:Secret"),
            ("SOURCE_LIMITS", ""),
            ("STACK_NAME", "local"),
        ];
        assert_eq!(webhook.environment, variables.map(|(n, v)| (n.to_owned(), v.to_owned())).into());
        assert_eq!(webhook.timeout, Duration::from_secs(10));
        assert!(webhook.routes.iter().any(|route| route.key() == "POST /webhooks/{source}"));
        assert!(webhook.routes.iter().all(|route| route.authorizer(Some("BearerToken")).is_none()));

        assert_eq!(function("GetIncident").environment["RETENTION_DAYS"], "730");

        let list = function("ListIncidents");
        assert_eq!(list.routes[0].authorizer(Some("BearerToken")), Some("BearerToken"));
    }

    #[test]
    fn the_worker_has_its_queue() {
        let worker = function("GroupAlerts");
        assert_eq!(worker.timeout, Duration::from_secs(30));
        let trigger = &worker.queues[0];
        assert_eq!((trigger.queue.as_str(), trigger.batch_size), ("arn:AlertsQueue", 10));
        assert_eq!(trigger.failure_reports(), FailureReports::PerMessage);
        assert_eq!((trigger.maximum_concurrency(), trigger.enabled), (Some(10), true));
    }

    #[test]
    fn the_worker_reads_one_queue_by_its_own_role() {
        let worker = function("GroupAlerts");
        let of_queues: Vec<String> = worker.permissions.iter().map(ToString::to_string).collect();
        let of_queues: Vec<&String> = of_queues.iter().filter(|permission| permission.starts_with("sqs:")).collect();
        let actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
        assert_eq!(of_queues, actions.map(|action| format!("{action} on arn:AlertsQueue")).iter().collect::<Vec<_>>());
    }

    #[test]
    fn paused_grouping_leaves_messages_in_their_queues() {
        let (template, scope) = running_with(&[("Grouping".to_owned(), "paused".to_owned())].into());
        for name in ["GroupAlerts", "QuarantineDeadLetters"] {
            let resource = template.resources(Kind::Function).find(|f| f.logical_id == name).unwrap();
            assert!(!FunctionResource::read(resource, &template, &scope).unwrap().queues[0].enabled, "{name}");
        }
    }

    #[test]
    fn a_schedule_is_a_rate_in_minutes() {
        assert_eq!(function("SealSegments").schedules, [Duration::from_mins(1)]);
        let interval = |text: &str| Schedule { schedule: text.to_owned() }.interval();
        assert_eq!(interval("rate(5 minutes)"), Some(Duration::from_mins(5)));
        for unknown in ["rate(0 minutes)", "rate(1 hour)", "cron(0 12 * * ? *)", ""] {
            assert_eq!(interval(unknown), None, "{unknown}");
        }
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
    fn an_unknown_event_setting_is_refused() {
        let text = "
            Resources:
              F:
                Type: AWS::Serverless::Function
                Properties:
                  Events:
                    Alerts: {Type: SQS, Properties: {Queue: q, MaximumBatchingWindowInSeconds: 5}}";
        let template = Template::parse(text).unwrap();
        let scope = template.scope();
        let resource = template.resources(Kind::Function).next().unwrap();
        let error = FunctionResource::read(resource, &template, &scope).unwrap_err().to_string();
        assert!(error.contains("MaximumBatchingWindowInSeconds"), "{error}");
    }
}
