//! Reads the configuration of a function from the environment. No other module does.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

/// How long a call may take if its caller does not say: as long as most functions of
/// `template.yaml`.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Why an environment variable cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVariable {
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    #[error("the environment variable {name} must be a whole number, not {value:?}")]
    NoNumber { name: &'static str, value: String },
}

/// The environment variables of a function, as `template.yaml` sets them.
///
/// The embedded stack runs all functions in one process and gives each its own variables. So
/// functions never read the environment of the process.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Environment")
    }
}

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    /// The environment of this process. A deployed function reads this one.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one reader of the process environment")]
    pub fn process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// An environment with these variables.
    #[must_use]
    pub fn of(variables: HashMap<String, String>) -> Self {
        Self(Arc::new(move |name| variables.get(name).cloned()))
    }

    /// Reads a variable that must be set.
    ///
    /// # Errors
    /// [`InvalidVariable`] if it is absent or empty.
    pub fn required(&self, name: &'static str) -> Result<String, InvalidVariable> {
        (self.0)(name).filter(|value| !value.is_empty()).ok_or(InvalidVariable::Missing(name))
    }

    /// The name of the function at Lambda. `None` elsewhere.
    #[must_use]
    pub fn function_name(&self) -> Option<String> {
        self.required("AWS_LAMBDA_FUNCTION_NAME").ok()
    }

    /// The AWS region that the function runs in.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn region(&self) -> Result<String, InvalidVariable> {
        self.required("AWS_REGION")
    }

    /// The URL of a service that does not run at AWS, such as an emulator. `service` is the name in
    /// the variable. The variables and their order are those of the SDK (AWS SDKs and Tools
    /// Reference Guide, "Service-specific endpoints").
    #[must_use]
    pub fn endpoint_url(&self, service: &str) -> Option<String> {
        let named = [format!("AWS_ENDPOINT_URL_{service}"), "AWS_ENDPOINT_URL".to_owned()];
        named.iter().find_map(|name| (self.0)(name).filter(|url| !url.is_empty()))
    }

    /// The name of the incidents table.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn incidents_table(&self) -> Result<String, InvalidVariable> {
        self.required("INCIDENTS_TABLE")
    }

    /// The name of the alerts table.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn alerts_table(&self) -> Result<String, InvalidVariable> {
        self.required("ALERTS_TABLE")
    }

    /// The name of the claims table.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn claims_table(&self) -> Result<String, InvalidVariable> {
        self.required("CLAIMS_TABLE")
    }

    /// The name of the quarantine table.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn quarantine_table(&self) -> Result<String, InvalidVariable> {
        self.required("QUARANTINE_TABLE")
    }

    /// The name of the counts table.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn counts_table(&self) -> Result<String, InvalidVariable> {
        self.required("COUNTS_TABLE")
    }

    /// How long a list may read before it gives up. The API then answers 503.
    ///
    /// # Errors
    /// [`InvalidVariable`] if `LIST_BUDGET_MS` is absent or not a whole number of milliseconds.
    pub fn list_budget(&self) -> Result<Duration, InvalidVariable> {
        const NAME: &str = "LIST_BUDGET_MS";
        let value = self.required(NAME)?;
        match value.parse() {
            Ok(millis) => Ok(Duration::from_millis(millis)),
            Err(_) => Err(InvalidVariable::NoNumber { name: NAME, value }),
        }
    }

    /// The URL of the queue between `receive-webhook` and `group-alerts`.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn queue_url(&self) -> Result<String, InvalidVariable> {
        self.required("QUEUE_URL")
    }

    /// The ARN of the secret that holds webhook secrets and API tokens.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn secret_arn(&self) -> Result<String, InvalidVariable> {
        self.required("SECRET_ARN")
    }

    /// The name of the stack. It is the dimension of the metrics.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn stack_name(&self) -> Result<String, InvalidVariable> {
        self.required("STACK_NAME")
    }
}
