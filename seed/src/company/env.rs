//! Production or staging: the demo company has no other environment.

/// The environment in which a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Env {
    Production,
    Staging,
}

impl Env {
    /// The value of Datadog's tag `env`, and Sentry's environment.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
        }
    }

    /// The label `cluster` of Prometheus.
    pub const fn cluster(self) -> &'static str {
        match self {
            Self::Production => "prod-eu1",
            Self::Staging => "staging-eu1",
        }
    }
}
