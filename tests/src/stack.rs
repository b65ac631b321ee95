//! The stack under test: one embedded stack for the whole test process, or a deployed one.

use std::sync::OnceLock;

use tokio::runtime;

/// How to reach a stack.
#[derive(Debug, Clone)]
pub struct Access {
    /// Its address, without a slash at the end.
    pub url: String,
    /// A token that may read.
    pub viewer_token: String,
    /// A token that may also change.
    pub responder_token: String,
    /// What proves Datadog webhooks.
    pub datadog_secret: String,
    /// What signs Sentry webhooks.
    pub sentry_secret: String,
}

impl Access {
    /// An embedded stack: its credentials are fixed.
    pub fn local(url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            viewer_token: "local-viewer".to_owned(),
            responder_token: "local-responder".to_owned(),
            datadog_secret: "local-datadog-secret".to_owned(),
            sentry_secret: "local-sentry-secret".to_owned(),
        }
    }

    /// The deployed stack that the environment names, if it names one.
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

/// By how much the stack is slower than one that tests should wait for: 1 unless the environment says more.
pub(crate) fn deadline_factor() -> u32 {
    static FACTOR: OnceLock<u32> = OnceLock::new();
    *FACTOR.get_or_init(|| {
        let number = |text: String| text.parse().expect("STACK_DEADLINE_FACTOR is a whole number");
        variable("STACK_DEADLINE_FACTOR").map_or(1, number)
    })
}

/// The stack that all tests share: the deployed one, or an embedded one that the first test starts.
pub fn shared_stack() -> &'static Access {
    static SHARED: OnceLock<Access> = OnceLock::new();
    SHARED.get_or_init(|| Access::deployed().unwrap_or_else(start_for_the_process))
}

/// Starts a stack that outlives every test's runtime: it has a thread and a runtime of its own.
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

/// An embedded stack that belongs to one test, which may look inside it and stop it.
pub struct OwnStack {
    stack: local::Stack,
}

impl OwnStack {
    /// Starts a stack, unless the suite runs against a deployed one: then says why `test` does not apply.
    pub async fn start(test: &str, options: local::Options) -> Option<Self> {
        if Access::deployed().is_some() {
            not_applicable(test);
            return None;
        }
        Some(Self { stack: local::Stack::start(options).await.expect("the stack starts") })
    }

    /// Options of an empty stack on any free port.
    pub fn options() -> local::Options {
        empty()
    }

    /// How to reach it.
    pub fn access(&self) -> Access {
        Access::local(self.stack.url())
    }

    /// The stack itself.
    pub fn inside(&self) -> &local::Stack {
        &self.stack
    }

    /// What `!Ref` says of a resource of the template.
    pub fn resource(&self, logical_id: &str) -> &str {
        self.stack.resource(logical_id).unwrap_or_else(|| panic!("template.yaml has no {logical_id}"))
    }

    /// Stops it in an orderly way.
    pub async fn stop(self) {
        self.stack.stop().await;
    }
}

fn empty() -> local::Options {
    local::Options { port: 0, demo: false, ..local::Options::default() }
}

#[expect(clippy::print_stdout, reason = "whoever runs the suite must see what it left out")]
fn not_applicable(test: &str) {
    println!("{test} does not apply to a deployed stack: it looks inside the stack, or stops it");
}

/// A variable of the environment, if it is set to something.
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment in the suite")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
