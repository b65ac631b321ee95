//! The whole stack: everything that the template declares, running.

use std::{
    collections::{BTreeMap, HashMap},
    fmt, io,
    net::Ipv4Addr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use seed::SeedError;
use shared::{aws::Aws, config::Environment};
use tokio::net::TcpListener;

use crate::{
    demo,
    dynamodb::{DynamoDb, DynamoDbError},
    functions::{self, FunctionError},
    gateway::{Gateway, RouteError},
    lambda::{Function, InFlight},
    permissions::{Permission, Permissions},
    poller::Pollers,
    sqs::{QueueError, Queues},
    template::{FunctionResource, Kind, Scope, Template, TemplateError},
    wiring,
};

/// How long a stop waits for what has begun.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a stop works on what is left in the queue: it lives in memory only. Who is in a hurry asks twice.
const DRAINING: Duration = Duration::from_mins(1);

/// The function whose environment names every table: demo data is written in its place.
const WORKER: &str = "GroupAlerts";

/// How a stack is run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port of the API on the loopback interface; 0 for any that is free.
    pub port: u16,
    /// Where tables are kept; in memory if nowhere.
    pub data: Option<PathBuf>,
    /// Whether empty tables are filled with demo data.
    pub demo: bool,
    /// How long a message that failed stays hidden, instead of what the template says. In whole seconds, and
    /// one at least: with none, a message would be delivered again while it is still tried.
    pub visibility_timeout: Option<Duration>,
    /// What stands between the functions and the services; nothing if not set.
    pub wire: Option<Wire>,
}

/// Makes of the way in which services are reached another, that meters or disturbs what functions send and get.
#[derive(Clone)]
pub struct Wire(pub Arc<dyn Fn(Aws) -> Aws + Send + Sync>);

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wire")
    }
}

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is not to be had.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The template says something that cannot be run.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The tables cannot be made or opened.
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    /// A queue cannot be made.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The secret cannot be made.
    #[error("the secret {0} cannot be made: {1}")]
    Secret(String, String),
    /// A function does not start.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// The routes contradict each other.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// Something is needed that the template does not declare, or that does not run.
    #[error("template.yaml: {at} needs {name}, which does not run")]
    Dangling {
        /// Who needs it.
        at: String,
        /// What is needed.
        name: String,
    },
    /// There is no demo data.
    #[error("no demo data: {0}")]
    Demo(#[from] SeedError),
}

/// A running stack. Any number of them run side by side, each with its own services and port.
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
}

impl Stack {
    /// Runs `template.yaml`.
    ///
    /// # Errors
    /// When the port is taken, the data directory cannot be used, or the template says something that is not known.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let unheard = |source| StartError::Listen { port: options.port, source };
        // First, so that a port in use is told at once. Whoever connects meanwhile waits.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(unheard)?;
        let url = format!("http://{}", listener.local_addr().map_err(unheard)?);

        let template = Template::of_workspace()?;
        let mut scope = Scope::new(&template.parameters);
        for api in template.resources(Kind::HttpApi) {
            scope.runs(&api.logical_id, &api.logical_id, &[("ApiEndpoint", &url)]);
        }
        for function in template.resources(Kind::Function) {
            let id = &function.logical_id;
            scope.runs(id, id, &[("Arn", &FunctionResource::arn(id))]);
        }
        let dynamodb = wiring::start_tables(&template, &mut scope, &options).await?;
        let queues = Queues::default();
        let known = queues.known();
        let elsewhere = wiring::embedded(queues);
        let aws = Aws::at(dynamodb.config(), elsewhere.clone(), elsewhere);
        wiring::start_queues(&template, &mut scope, &aws, &known, options.visibility_timeout).await?;
        wiring::start_secrets(&template, &mut scope, &aws).await?;

        let over_wire = options.wire.as_ref().map_or_else(|| aws.clone(), |Wire(through)| through(aws.clone()));
        let in_flight = InFlight::default();
        let mut environments = HashMap::new();
        let mut permissions = BTreeMap::new();
        let mut running = BTreeMap::new();
        for resource in template.resources(Kind::Function) {
            let resource = FunctionResource::read(resource, &template, &scope)?;
            let environment = Environment::of(resource.environment.clone());
            let allowed = Permissions::new(&resource.logical_id, resource.permissions.clone());
            let guarded = allowed.guard(over_wire.clone());
            permissions.insert(resource.logical_id.clone(), allowed);
            let handler = functions::start(&resource.logical_id, &environment, &guarded).await?;
            environments.insert(resource.logical_id.clone(), environment);
            let function = Arc::new(Function::new(&resource, handler, Arc::clone(&in_flight)));
            running.insert(resource.logical_id.clone(), (resource, function));
        }
        let routes = wiring::routes(&template, &scope, &running)?;
        let sources = wiring::sources(&template, &scope, &running, &aws, &known)?;
        if options.demo {
            let missing = || StartError::Dangling { at: "the demo data".to_owned(), name: WORKER.to_owned() };
            demo::fill(&aws, environments.get(WORKER).ok_or_else(missing)?).await?;
        }

        Ok(Self {
            gateway: Gateway::start(listener, routes).map_err(unheard)?,
            pollers: Pollers::start(sources),
            url,
            aws,
            scope,
            environments,
            permissions,
            in_flight,
            dynamodb,
        })
    }

    /// Where the API is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Clients of the services, past any [`Wire`].
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// What `!Ref` says of a resource: the name of a table, the URL of a queue, the ARN of a secret.
    #[must_use]
    pub fn resource(&self, logical_id: &str) -> Option<&str> {
        self.scope.reference(logical_id)
    }

    /// The functions of the template.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.permissions.keys().map(String::as_str)
    }

    /// The variables of a function.
    ///
    /// # Panics
    /// When the template has no such function.
    #[must_use]
    pub fn environment(&self, function: &str) -> &Environment {
        let environment = self.environments.get(function);
        environment.unwrap_or_else(|| panic!("template.yaml has no function {function}"))
    }

    /// What each function may do and has not done so far.
    pub fn unused_permissions(&self) -> impl Iterator<Item = (&str, Permission)> {
        let unused = self.permissions.iter().map(|(function, allowed)| (function.as_str(), allowed.unused()));
        unused.flat_map(|(function, unused)| unused.into_iter().map(move |one| (function, one)))
    }

    /// Takes no more requests, finishes those that have begun, groups what is left in the queue, and stops.
    pub async fn stop(self) {
        let Self { gateway, pollers, in_flight, dynamodb, .. } = self;
        gateway.stop(PATIENCE).await;
        // Calls whose clients went away, and which may still send a message.
        if tokio::time::timeout(PATIENCE, in_flight.write()).await.is_err() {
            tracing::warn!("a function still runs; it is cut");
        }
        pollers.drain(DRAINING).await;
        dynamodb.stop(PATIENCE).await;
    }
}
