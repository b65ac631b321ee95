//! The whole stack: everything that the template declares, running.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use serde_json::Value as Json;
use shared::{aws::Aws, config::Environment};
use tokio::net::TcpListener;

use crate::{
    demo,
    dynamodb::DynamoDb,
    embedded,
    error::StartError,
    functions,
    gateway::Gateway,
    lambda::{Function, InFlight, InvokeError},
    options::{Options, Wire},
    permissions::Permissions,
    poller::Pollers,
    scheduler::Scheduler,
    sns::Sns,
    sqs::{self, journal::Journal},
    template::{FunctionResource, Kind, Permission, Scope, Template},
    wiring::{self, RunningFunction, RunningFunctions},
};

/// How long a stop waits for requests and calls that have begun.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a stop empties the queues. A second Ctrl-C stops at once.
const DRAIN_TIMEOUT: Duration = Duration::from_mins(1);

/// The function whose environment names every table. The demo data is written with it.
const WORKER: &str = "GroupAlerts";

/// A running stack. Several can run at the same time: each has services and a port of its own.
pub struct Stack {
    url: String,
    aws: Aws,
    scope: Scope,
    environments: HashMap<String, Environment>,
    permissions: BTreeMap<String, Arc<Permissions>>,
    gateway: Gateway,
    pollers: Pollers,
    scheduler: Scheduler,
    in_flight: InFlight,
    functions: BTreeMap<String, RunningFunction>,
    dynamodb: DynamoDb,
    /// Ends with the stack.
    _sns: Option<Sns>,
    /// The messages on disk, if there is a data directory.
    journal: Option<Journal>,
}

impl Stack {
    /// Runs `template.yaml`.
    ///
    /// # Errors
    /// If the port is taken, the data directory cannot be used, or the template has anything that
    /// is not known.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let listen_error = |source| StartError::Listen { port: options.port, source };
        // First, so that a port in use is an error at once. Early clients wait until the start is
        // done.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(listen_error)?;
        let url = format!("http://{}", listener.local_addr().map_err(listen_error)?);

        let template = Template::of_workspace_with(&options.parameters)?;
        let mut scope = template.scope();
        wiring::name_the_rest(&template, &mut scope);
        for api in template.resources(Kind::HttpApi) {
            scope.runs(&api.logical_id, &api.logical_id, &[("ApiEndpoint", &url)]);
        }
        for function in template.resources(Kind::Function) {
            let id = &function.logical_id;
            scope.runs(id, id, &[("Arn", &FunctionResource::arn(id))]);
        }
        let dynamodb = wiring::start_tables(&template, &mut scope, options.data.as_deref()).await?;
        let (queues, journal) = wiring::start_queues(options.data.as_deref())?;
        let known = queues.known();
        let in_process = embedded::config(queues);
        let aws = Aws::at(dynamodb.config(), in_process.clone(), in_process);
        sqs::create_all(&template, &mut scope, &aws.sqs(), &known, options.visibility_timeout).await?;
        wiring::start_secrets(&template, &mut scope, &aws).await?;
        wiring::name_nested_outputs(&template, &mut scope)?;

        let over_wire =
            options.wire.as_ref().map_or_else(|| aws.clone(), |Wire(through)| through(aws.clone())).limited();
        let sns = if options.sns.is_none() { Some(Sns::start().await.map_err(StartError::Sns)?) } else { None };
        let sns_url = options.sns.or_else(|| Some(sns.as_ref()?.url().to_owned()));
        let in_flight = InFlight::default();
        let mut environments = HashMap::new();
        let mut permissions = BTreeMap::new();
        let mut running = RunningFunctions::new();
        for resource in template.resources(Kind::Function) {
            let mut resource = FunctionResource::read(resource, &template, &scope)?;
            resource.timeout += options.patience;
            resource.environment.extend(sns_url.clone().map(|url| ("AWS_ENDPOINT_URL_SNS".to_owned(), url)));
            let environment = Environment::of(resource.environment.clone());
            let allowed = Permissions::new(&resource.logical_id, resource.permissions.clone());
            let guarded = allowed.guard(over_wire.clone());
            permissions.insert(resource.logical_id.clone(), Arc::clone(&allowed));
            let handler = functions::start(&resource.logical_id, &environment, &guarded).await?;
            environments.insert(resource.logical_id.clone(), environment);
            let function = Arc::new(Function::new(&resource, handler, Arc::clone(&in_flight)));
            // Past the wire: it disturbs what functions do, not what Lambda does for them.
            let aws = allowed.guard(aws.clone());
            running.insert(resource.logical_id.clone(), RunningFunction { resource, function, aws });
        }
        let routes = wiring::routes(&template, &scope, &running)?;
        let sources = wiring::event_sources(&template, &scope, &running, &known)?;
        if options.demo {
            let missing = || StartError::Dangling { at: "the demo data".to_owned(), name: WORKER.to_owned() };
            demo::fill(&aws, environments.get(WORKER).ok_or_else(missing)?).await?;
        }

        Ok(Self {
            gateway: Gateway::start(listener, routes).map_err(listen_error)?,
            pollers: Pollers::start(sources),
            scheduler: Scheduler::start(wiring::schedules(&running)),
            url,
            aws,
            scope,
            environments,
            permissions,
            in_flight,
            functions: running,
            dynamodb,
            _sns: sns,
            journal,
        })
    }

    /// The URL of the API, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Clients of the services. They bypass [`Options::wire`] and the policies.
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// What `!Ref` returns for a resource: the name of a table, the URL of a queue, the ARN of a
    /// secret.
    #[must_use]
    pub fn resource(&self, logical_id: &str) -> Option<&str> {
        self.scope.reference(logical_id)
    }

    /// The names of the functions in the template.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.permissions.keys().map(String::as_str)
    }

    /// The environment variables of a function.
    ///
    /// # Panics
    /// If the template has no such function.
    #[must_use]
    pub fn environment(&self, function: &str) -> &Environment {
        let environment = self.environments.get(function);
        environment.unwrap_or_else(|| panic!("template.yaml has no function {function}"))
    }

    /// Calls a function with an event of the service that triggers it, and returns its answer.
    ///
    /// # Errors
    /// If the stack has no such function, or it fails or panics.
    pub async fn invoke(&self, function: &str, event: &Json) -> Result<Json, InvokeError> {
        let running = self.functions.get(function).ok_or_else(|| InvokeError::Unknown(function.to_owned()))?;
        running.function.invoke(event, &format!("{:016x}", fastrand::u64(..))).await
    }

    /// How long a function may take, by the template.
    #[must_use]
    pub fn timeout(&self, function: &str) -> Option<Duration> {
        Some(self.functions.get(function)?.resource.timeout)
    }

    /// The permissions that each function has and has not used so far.
    pub fn unused_permissions(&self) -> impl Iterator<Item = (&str, Permission)> {
        let unused = self.permissions.iter().map(|(function, allowed)| (function.as_str(), allowed.unused()));
        unused.flat_map(|(function, unused)| unused.into_iter().map(move |one| (function, one)))
    }

    /// Calls the functions that have a schedule, besides their schedules, and waits for them.
    pub async fn run_schedules(&self) {
        self.scheduler.run().await;
    }

    /// Accepts no more requests, finishes those that have begun, empties the queues, and stops.
    pub async fn stop(self) {
        let Self { gateway, pollers, scheduler, in_flight, dynamodb, journal, .. } = self;
        scheduler.stop();
        gateway.stop(STOP_TIMEOUT).await;
        // A call goes on after its client has disconnected, and may still send a message.
        if tokio::time::timeout(STOP_TIMEOUT, in_flight.write()).await.is_err() {
            tracing::warn!("stopping although a function is still running");
        }
        let left = pollers.drain(DRAIN_TIMEOUT).await;
        if let Some(journal) = journal {
            if journal.flush().await.is_err() {
                tracing::warn!("messages may come once more after the next start");
            }
        } else if left > 0 {
            tracing::warn!(left, "messages lost: the queues are in memory only");
        }
        dynamodb.stop(STOP_TIMEOUT).await;
    }
}
