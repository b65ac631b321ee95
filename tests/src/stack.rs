//! The stack under test: one embedded stack for all tests of the process, or a deployed one.

use std::{panic::Location, sync::OnceLock, time::Duration};

use tokio::runtime;

/// The address and the credentials of a stack.
#[derive(Debug, Clone)]
pub struct Access {
    /// The address without a slash at the end.
    pub url: String,
    /// A viewer's token: it may read.
    pub viewer_token: String,
    /// A responder's token: it may also change.
    pub responder_token: String,
    /// The shared secret of Datadog.
    pub datadog_secret: String,
    /// The secret that signs webhooks of Sentry.
    pub sentry_secret: String,
}

impl Access {
    /// The secret of a source of which the suite has no field: `STACK_ALERTMANAGER_SECRET` of a
    /// deployed stack, else the local one.
    pub fn secret_of(source: &str) -> String {
        let local = match source {
            "alertmanager" => local::secrets::ALERTMANAGER,
            "generic" => local::secrets::GENERIC_TOKEN,
            "grafana" => local::secrets::GRAFANA,
            "pagerduty" => local::secrets::PAGERDUTY,
            "pagerduty-events" => local::secrets::PAGERDUTY_EVENTS,
            other => panic!("the suite knows no secret of the source {other}"),
        };
        let name = format!("STACK_{}_SECRET", source.to_uppercase().replace('-', "_"));
        variable(&name).unwrap_or_else(|| local.to_owned())
    }

    /// An embedded stack. Its credentials are fixed.
    pub fn local(url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            viewer_token: "local-viewer".to_owned(),
            responder_token: "local-responder".to_owned(),
            datadog_secret: "local-datadog-secret".to_owned(),
            sentry_secret: "local-sentry-secret".to_owned(),
        }
    }

    /// The deployed stack that the environment variables name, if any.
    fn deployed() -> Option<Self> {
        let url = variable("STACK_URL")?;
        let needed = |name: &str| variable(name).unwrap_or_else(|| panic!("STACK_URL is set, so {name} must be"));
        Some(Self {
            url: url.trim_end_matches('/').to_owned(),
            viewer_token: needed("STACK_VIEWER_TOKEN"),
            responder_token: needed("STACK_RESPONDER_TOKEN"),
            datadog_secret: needed("STACK_DATADOG_SECRET"),
            sentry_secret: needed("STACK_SENTRY_SECRET"),
        })
    }
}

/// The factor by which tests wait longer: `STACK_DEADLINE_FACTOR`, 1 by default.
pub(crate) fn timeout_factor() -> u32 {
    static FACTOR: OnceLock<u32> = OnceLock::new();
    *FACTOR.get_or_init(|| {
        let number = |text: String| text.parse().expect("STACK_DEADLINE_FACTOR must be a whole number");
        variable("STACK_DEADLINE_FACTOR").map_or(1, number)
    })
}

/// The stack that all tests share: the deployed one, or an embedded one that the first test starts.
pub fn shared_stack() -> &'static Access {
    static SHARED: OnceLock<Access> = OnceLock::new();
    SHARED.get_or_init(|| Access::deployed().unwrap_or_else(start_for_the_process))
}

/// Starts a stack on its own thread and runtime: the runtime of a test ends with the test.
fn start_for_the_process() -> Access {
    let (ready, started) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
        runtime.block_on(async {
            let stack = local::Stack::start(empty()).await.expect("the stack starts");
            ready.send(Access::local(stack.url())).expect("a test waits for the stack");
            std::future::pending::<()>().await;
        });
    });
    started.recv().expect("the stack started")
}

/// An embedded stack for one test, which may read its tables, break its requests or stop it.
pub struct TestStack {
    stack: local::Stack,
}

impl TestStack {
    /// Starts a stack. Against a deployed stack it returns `None` and prints where the test is that
    /// does not apply.
    #[track_caller]
    pub fn start(options: local::Options) -> impl Future<Output = Option<Self>> {
        let test = Location::caller();
        async move {
            if Access::deployed().is_some() {
                print_not_applicable(test);
                return None;
            }
            Some(Self { stack: local::Stack::start(options).await.expect("the stack starts") })
        }
    }

    /// Options of an empty stack on a free port.
    pub fn options() -> local::Options {
        empty()
    }

    /// Its address and credentials.
    pub fn access(&self) -> Access {
        Access::local(self.stack.url())
    }

    /// The embedded stack.
    pub fn local(&self) -> &local::Stack {
        &self.stack
    }

    /// The `!Ref` of a resource of the template.
    pub fn resource(&self, logical_id: &str) -> &str {
        self.stack.resource(logical_id).unwrap_or_else(|| panic!("template.yaml has no {logical_id}"))
    }

    /// Stops it after its queue is empty.
    pub async fn stop(self) {
        self.stack.stop().await;
    }
}

/// An unoptimized build on a busy machine is slower than a function at Lambda.
const PATIENCE: Duration = Duration::from_secs(90);

fn empty() -> local::Options {
    local::Options { port: 0, demo: false, patience: PATIENCE, ..local::Options::default() }
}

#[expect(clippy::print_stdout, reason = "people who run the suite must see which tests did not run")]
fn print_not_applicable(test: &Location<'_>) {
    println!("{test} does not apply to a deployed stack: the test needs a stack of its own");
}

/// An environment variable, if it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "the suite reads the environment only here")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
