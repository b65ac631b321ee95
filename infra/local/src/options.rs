//! How to run a stack.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};

use shared::aws::Aws;

/// How to run a stack.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port of the API on the loopback interface. 0 takes any free port.
    pub port: u16,
    /// The directory of the tables and of the messages in the queues. `None` keeps them in memory.
    pub data: Option<PathBuf>,
    /// Whether to fill empty tables with demo data.
    pub demo: bool,
    /// The parameters of the template that have other values than their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Replaces the visibility timeouts of the template. Rounded down to seconds, at least 1: with
    /// 0, SQS would deliver a message again while it is being processed.
    pub visibility_timeout: Option<Duration>,
    /// How much longer than its `Timeout` each call of a function may take. 0 is what Lambda does.
    pub patience: Duration,
    /// The address in place of SNS, which has its certificates and takes its confirmations. `None` runs a stand-in.
    pub sns: Option<String>,
    /// Between the functions and the services.
    pub wire: Option<Wire>,
}

/// Wraps the clients of the functions, to meter or disturb what they send and receive.
#[derive(Clone)]
pub struct Wire(pub Arc<dyn Fn(Aws) -> Aws + Send + Sync>);

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wire")
    }
}
