//! Reads the configuration of a function from the environment. No other module does.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use crate::domain::retention::Retention;

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

/// How tokens of the company's identity provider are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcVariables {
    /// The issuer: the address of the identity provider, as it stands in its tokens.
    pub issuer: String,
    /// The audiences, one of which a token must have.
    pub audiences: Vec<String>,
    /// The claim that gives roles.
    pub role_claim: String,
    /// Its values that make a viewer.
    pub viewer_values: Vec<String>,
    /// Its values that make a responder.
    pub responder_values: Vec<String>,
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

    /// The name of the payloads table.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn payloads_table(&self) -> Result<String, InvalidVariable> {
        self.required("PAYLOADS_TABLE")
    }

    /// The name of the limits table. It exists only if sources have limits.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn limits_table(&self) -> Result<String, InvalidVariable> {
        self.required("LIMITS_TABLE")
    }

    /// The name of the quarantine table.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn quarantine_table(&self) -> Result<String, InvalidVariable> {
        self.required("QUARANTINE_TABLE")
    }

    /// The name of the table of the change log and of the segments of lists.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn segments_table(&self) -> Result<String, InvalidVariable> {
        self.required("SEGMENTS_TABLE")
    }

    /// How long a list may read before it gives up. The API then answers 503.
    ///
    /// # Errors
    /// [`InvalidVariable`] if `LIST_BUDGET_MS` is absent or not a whole number of milliseconds.
    pub fn list_budget(&self) -> Result<Duration, InvalidVariable> {
        self.whole_number("LIST_BUDGET_MS").map(|millis| Duration::from_millis(millis.into()))
    }

    /// How long rows are kept.
    ///
    /// # Errors
    /// [`InvalidVariable`] if `RETENTION_DAYS` or `RAW_RETENTION_DAYS` is absent or not a whole number of days.
    pub fn retention(&self) -> Result<Retention, InvalidVariable> {
        Ok(Retention {
            days: self.whole_number("RETENTION_DAYS")?.into(),
            raw_days: self.whole_number("RAW_RETENTION_DAYS")?.into(),
        })
    }

    fn whole_number(&self, name: &'static str) -> Result<u32, InvalidVariable> {
        let value = self.required(name)?;
        value.parse().map_err(|_| InvalidVariable::NoNumber { name, value })
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

    /// How tokens of an identity provider are accepted. `None` if there is no provider.
    ///
    /// # Errors
    /// [`InvalidVariable`] if there is an issuer without an audience or a claim: a token must never
    /// count for want of a rule.
    pub fn oidc(&self) -> Result<Option<OidcVariables>, InvalidVariable> {
        let Ok(issuer) = self.required("OIDC_ISSUER") else { return Ok(None) };
        let audiences = self.list("OIDC_AUDIENCE");
        if audiences.is_empty() {
            return Err(InvalidVariable::Missing("OIDC_AUDIENCE"));
        }
        Ok(Some(OidcVariables {
            issuer,
            audiences,
            role_claim: self.required("OIDC_ROLE_CLAIM")?,
            viewer_values: self.list("OIDC_VIEWER_VALUES"),
            responder_values: self.list("OIDC_RESPONDER_VALUES"),
        }))
    }

    /// The client of the console at the identity provider. `None` if people sign in to the console with API tokens only.
    #[must_use]
    pub fn oidc_client(&self) -> Option<String> {
        self.required("OIDC_CLIENT_ID").ok()
    }

    /// The address that people use, without a slash at the end. `None` if it is that of the API.
    #[must_use]
    pub fn public_url(&self) -> Option<String> {
        self.required("PUBLIC_URL").ok().map(|url| url.trim_end_matches('/').to_owned())
    }

    /// The texts between commas, without spaces around them.
    fn list(&self, name: &'static str) -> Vec<String> {
        let value = self.required(name).unwrap_or_default();
        value.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// The addresses that webhooks may come from, as the parameter `AllowedAddresses` says. Empty if
    /// they may come from anywhere.
    #[must_use]
    pub fn allowed_addresses(&self) -> String {
        self.required("ALLOWED_ADDRESSES").unwrap_or_default()
    }

    /// How many events a minute sources may send, as the parameter `SourceLimits` says. Empty if they may
    /// send any number.
    #[must_use]
    pub fn source_limits(&self) -> String {
        self.required("SOURCE_LIMITS").unwrap_or_default()
    }

    /// The secrets that a CDN before the API sends with each request. None if there is no CDN.
    #[must_use]
    pub fn edge_secrets(&self) -> Vec<String> {
        let secrets = self.required("EDGE_SECRETS").unwrap_or_default();
        secrets.split(',').filter(|secret| !secret.is_empty()).map(str::to_owned).collect()
    }

    /// The name of the stack. It is the dimension of the metrics.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn stack_name(&self) -> Result<String, InvalidVariable> {
        self.required("STACK_NAME")
    }
}
