//! Reads the rules of grouping and ownership. `infra/rules.yaml` is built into the functions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

const BUILT_IN: &str = include_str!("../../infra/rules.yaml");

/// The longest window is a day.
const MAX_WINDOW_MINUTES: u32 = 24 * 60;

/// Two services of one cascade may be this many dependencies apart.
const CASCADE_HOPS: usize = 2;

/// The validated rules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    windows: Windows,
    cascade: Cascade,
    default_environment: String,
    #[serde(default)]
    owners: BTreeMap<String, String>,
    #[serde(default)]
    dependencies: BTreeMap<String, BTreeSet<String>>,
}

/// How far apart the alerts of one incident may be, in minutes of the sources' clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// For alerts with the same grouping key of the source.
    pub source_key_minutes: u32,
    /// For alerts of one service in one environment.
    pub service_minutes: u32,
    /// For alerts of one environment.
    pub cascade_minutes: u32,
}

/// Which alerts join an incident although neither their grouping key nor their service is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cascade {
    /// Alerts of the same environment.
    Environment,
    /// Alerts of the same environment whose service is near a service of the incident, as
    /// [`Rules::are_near`] says.
    Dependencies,
    Off,
}

/// Why the rules are invalid.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRules {
    #[error("could not read the rules: {0}")]
    Unreadable(#[from] serde_norway::Error),
    #[error("windows.{0} must be from 1 to {MAX_WINDOW_MINUTES}")]
    Window(&'static str),
    /// Alerts carry names in lower case, so another name would never match.
    #[error("the name {0:?} is empty or not in lower case")]
    Name(String),
}

impl Rules {
    /// Reads the rules that were built into this binary.
    ///
    /// # Errors
    /// [`InvalidRules`]. A test checks that the file in the repository is valid.
    pub fn built_in() -> Result<Self, InvalidRules> {
        Self::parse(BUILT_IN)
    }

    /// Reads and validates rules.
    ///
    /// # Errors
    /// [`InvalidRules`] for the first fault.
    pub fn parse(yaml: &str) -> Result<Self, InvalidRules> {
        let rules: Self = serde_norway::from_str(yaml)?;
        let Windows { source_key_minutes, service_minutes, cascade_minutes } = rules.windows;
        for (name, minutes) in [
            ("source_key_minutes", source_key_minutes),
            ("service_minutes", service_minutes),
            ("cascade_minutes", cascade_minutes),
        ] {
            if !(1..=MAX_WINDOW_MINUTES).contains(&minutes) {
                return Err(InvalidRules::Window(name));
            }
        }
        let owners = rules.owners.iter().flat_map(|(service, team)| [service, team]);
        let dependencies = rules.dependencies.iter().flat_map(|(service, needed)| needed.iter().chain([service]));
        let mut names = owners.chain(dependencies).chain([&rules.default_environment]);
        if let Some(name) = names.find(|name| name.trim().is_empty() || name.trim().to_lowercase() != **name) {
            return Err(InvalidRules::Name(name.clone()));
        }
        drop(names);
        Ok(rules)
    }

    /// How far apart the alerts of one incident may be.
    #[must_use]
    pub const fn windows(&self) -> Windows {
        self.windows
    }

    /// Which alerts form a cascade.
    #[must_use]
    pub const fn cascade(&self) -> Cascade {
        self.cascade
    }

    /// The environment of alerts that do not name one.
    #[must_use]
    pub fn default_environment(&self) -> &str {
        &self.default_environment
    }

    /// The team that owns a service. `None` if the rules name no owner.
    #[must_use]
    pub fn owner(&self, service: &str) -> Option<&str> {
        self.owners.get(service).map(String::as_str)
    }

    /// Every service that the rules name, once each, sorted by name.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        let needed = self.dependencies.values().flatten();
        let all: BTreeSet<&str> =
            self.owners.keys().chain(self.dependencies.keys()).chain(needed).map(String::as_str).collect();
        all.into_iter()
    }

    /// Whether two services are the same or at most two dependencies apart, in either direction.
    #[must_use]
    pub fn are_near(&self, one: &str, other: &str) -> bool {
        let mut reached = BTreeSet::from([one]);
        for _ in 0..CASCADE_HOPS {
            let next: Vec<&str> = self
                .dependencies
                .iter()
                .flat_map(|(service, needed)| needed.iter().map(move |needed| (service.as_str(), needed.as_str())))
                .filter_map(|(service, needed)| match (reached.contains(service), reached.contains(needed)) {
                    (true, false) => Some(needed),
                    (false, true) => Some(service),
                    _ => None,
                })
                .collect();
            reached.extend(next);
        }
        reached.contains(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "
windows: {source_key_minutes: 30, service_minutes: 30, cascade_minutes: 5}
cascade: dependencies
default_environment: production
owners: {checkout: payments}
dependencies: {web: [checkout], checkout: [ledger], ledger: [postgres]}
";

    #[test]
    fn the_built_in_rules_are_valid() {
        let rules = Rules::built_in().unwrap();
        assert_eq!(rules.windows(), Windows { source_key_minutes: 30, service_minutes: 30, cascade_minutes: 5 });
        assert_eq!((rules.cascade(), rules.default_environment()), (Cascade::Environment, "production"));
    }

    #[test]
    fn services_are_near_within_two_hops_either_way() {
        let rules = Rules::parse(VALID).unwrap();
        for (one, other, near) in [
            ("web", "web", true),
            ("web", "ledger", true),
            ("ledger", "web", true),
            ("web", "postgres", false),
            ("web", "x", false),
        ] {
            assert_eq!(rules.are_near(one, other), near, "{one} {other}");
        }
        assert_eq!(rules.services().collect::<Vec<_>>(), ["checkout", "ledger", "postgres", "web"]);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (from, to) in [
            ("service_minutes: 30", "service_minutes: 0"),
            ("cascade_minutes: 5", "cascade_minutes: 1441"),
            ("cascade: dependencies", "cascade: sometimes"),
            ("default_environment: production", "default_environment: ''"),
            ("{checkout: payments}", "{Checkout: payments}"),
            ("owners:", "owner:"),
        ] {
            assert!(Rules::parse(&VALID.replace(from, to)).is_err(), "{to}");
        }
    }
}
