//! Reads the configuration of a function: the one place that looks at the environment.

use std::{collections::HashMap, sync::Arc, time::Duration};

/// A required variable is not set, or is set to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct MissingVariable(pub &'static str);

/// The variables that `template.yaml` gives to a function.
///
/// The local stack runs every function in one process, each with its own variables; so
/// functions never read the process environment themselves.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    /// The environment of this process: what a deployed function sees.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one reader of the process environment")]
    pub fn process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// Variables that the caller resolved.
    #[must_use]
    pub fn of(variables: HashMap<String, String>) -> Self {
        Self(Arc::new(move |name| variables.get(name).cloned()))
    }

    /// The value of a variable that must be set.
    ///
    /// # Errors
    /// [`MissingVariable`] when it is absent or empty.
    pub fn required(&self, name: &'static str) -> Result<String, MissingVariable> {
        (self.0)(name).filter(|value| !value.is_empty()).ok_or(MissingVariable(name))
    }

    /// The region that the function runs in.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn region(&self) -> Result<String, MissingVariable> {
        self.required("AWS_REGION")
    }

    /// Where a service is reached, unless where AWS has it; named and ranked as the SDK does. Emulators set it.
    #[must_use]
    pub fn endpoint_url(&self, service: &str) -> Option<String> {
        let named = [format!("AWS_ENDPOINT_URL_{service}"), "AWS_ENDPOINT_URL".to_owned()];
        named.iter().find_map(|name| (self.0)(name).filter(|url| !url.is_empty()))
    }

    /// The name of the incidents table.
    ///
    /// # Errors
    /// [`MissingVariable`], as for every name below.
    pub fn incidents_table(&self) -> Result<String, MissingVariable> {
        self.required("INCIDENTS_TABLE")
    }

    /// The name of the alerts table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn alerts_table(&self) -> Result<String, MissingVariable> {
        self.required("ALERTS_TABLE")
    }

    /// The name of the claims table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn claims_table(&self) -> Result<String, MissingVariable> {
        self.required("CLAIMS_TABLE")
    }

    /// The name of the quarantine table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn quarantine_table(&self) -> Result<String, MissingVariable> {
        self.required("QUARANTINE_TABLE")
    }

    /// The name of the counts table.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn counts_table(&self) -> Result<String, MissingVariable> {
        self.required("COUNTS_TABLE")
    }

    /// How long a list may read before it answers that it is not finished.
    ///
    /// # Errors
    /// [`MissingVariable`], also if it is no whole number.
    pub fn list_budget(&self) -> Result<Duration, MissingVariable> {
        const NAME: &str = "LIST_BUDGET_MS";
        self.required(NAME)?.parse().map(Duration::from_millis).map_err(|_| MissingVariable(NAME))
    }

    /// The URL of the queue between `receive-webhook` and `group-alerts`.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn queue_url(&self) -> Result<String, MissingVariable> {
        self.required("QUEUE_URL")
    }

    /// The ARN of the secret that holds webhook secrets and API tokens.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn secret_arn(&self) -> Result<String, MissingVariable> {
        self.required("SECRET_ARN")
    }

    /// The name of the stack: what metrics are told apart by.
    ///
    /// # Errors
    /// [`MissingVariable`]
    pub fn stack_name(&self) -> Result<String, MissingVariable> {
        self.required("STACK_NAME")
    }
}
