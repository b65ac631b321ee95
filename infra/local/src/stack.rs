//! The whole stack: everything that the template declares, running.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use shared::{aws::Aws, config::Environment};
use tokio::net::TcpListener;

use crate::{
    demo,
    dynamodb::DynamoDb,
    embedded,
    error::StartError,
    functions,
    gateway::Gateway,
    lambda::{Function, InFlight},
    options::{Options, Wire},
    permissions::Permissions,
    poller::Pollers,
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
    in_flight: InFlight,
    dynamodb: DynamoDb,
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

        let template = Template::of_workspace()?;
        let mut scope = Scope::new(&template.parameters);
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

        let over_wire = options.wire.as_ref().map_or_else(|| aws.clone(), |Wire(through)| through(aws.clone()));
        let in_flight = InFlight::default();
        let mut environments = HashMap::new();
        let mut permissions = BTreeMap::new();
        let mut running = RunningFunctions::new();
        for resource in template.resources(Kind::Function) {
            let resource = FunctionResource::read(resource, &template, &scope)?;
            let environment = Environment::of(resource.environment.clone());
            let allowed = Permissions::new(&resource.logical_id, resource.permissions.clone());
            let guarded = allowed.guard(over_wire.clone());
            permissions.insert(resource.logical_id.clone(), allowed);
            let handler = functions::start(&resource.logical_id, &environment, &guarded).await?;
            environments.insert(resource.logical_id.clone(), environment);
            let function = Arc::new(Function::new(&resource, handler, Arc::clone(&in_flight)));
            running.insert(resource.logical_id.clone(), RunningFunction { resource, function });
        }
        let routes = wiring::routes(&template, &scope, &running)?;
        let sources = wiring::event_sources(&template, &scope, &running, &aws, &known)?;
        if options.demo {
            let missing = || StartError::Dangling { at: "the demo data".to_owned(), name: WORKER.to_owned() };
            demo::fill(&aws, environments.get(WORKER).ok_or_else(missing)?).await?;
        }

        Ok(Self {
            gateway: Gateway::start(listener, routes).map_err(listen_error)?,
            pollers: Pollers::start(sources),
            url,
            aws,
            scope,
            environments,
            permissions,
            in_flight,
            dynamodb,
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

    /// The permissions that each function has and has not used so far.
    pub fn unused_permissions(&self) -> impl Iterator<Item = (&str, Permission)> {
        let unused = self.permissions.iter().map(|(function, allowed)| (function.as_str(), allowed.unused()));
        unused.flat_map(|(function, unused)| unused.into_iter().map(move |one| (function, one)))
    }

    /// Accepts no more requests, finishes those that have begun, empties the queues, and stops.
    pub async fn stop(self) {
        let Self { gateway, pollers, in_flight, dynamodb, journal, .. } = self;
        gateway.stop(STOP_TIMEOUT).await;
        // A call goes on after its client has disconnected, and may still send a message.
        if tokio::time::timeout(STOP_TIMEOUT, in_flight.write()).await.is_err() {
            tracing::warn!("stopping although a function is still running");
        }
        let left = pollers.drain(DRAIN_TIMEOUT).await;
        match journal {
            Some(journal) => {
                if journal.flush().await.is_err() {
                    tracing::warn!("messages may come once more after the next start");
                }
            }
            None if left > 0 => tracing::warn!(left, "messages lost: the queues are in memory only"),
            None => {}
        }
        dynamodb.stop(STOP_TIMEOUT).await;
    }
}
