//! Reads the rules of grouping and ownership. `infra/rules.yaml` is built into the functions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

const BUILT_IN: &str = include_str!("../../infra/rules.yaml");

/// The longest span that may be set: two hours.
const MAX_SPAN_MINUTES: u32 = 120;

/// The validated rules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    #[serde(default)]
    grouping: GroupingSettings,
    default_environment: String,
    #[serde(default)]
    owners: BTreeMap<String, String>,
    #[serde(default)]
    dependencies: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    aliases: Aliases,
    /// The services one dependency away from each service, whatever needs what.
    #[serde(skip)]
    neighbours: BTreeMap<String, BTreeSet<String>>,
}

/// Other names that sources use, each with the name that alerts and incidents have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Aliases {
    services: BTreeMap<String, String>,
    environments: BTreeMap<String, String>,
}

/// How alerts are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupingSettings {
    pub mode: GroupingMode,
    pub strictness: Strictness,
    pub span: Span,
}

/// By what alerts of different problems join an incident.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupingMode {
    /// By evidence.
    #[default]
    Evidence,
    /// By nothing: an alert joins only what the source's own key names.
    Off,
}

/// How much must speak for an incident.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// Fewer and larger incidents: more that belongs together is together, and more that does not.
    Lenient,
    #[default]
    Normal,
    /// More and smaller incidents.
    Strict,
}

/// How long after its first problem an incident takes in others without a loss of score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SpanText")]
pub enum Span {
    /// As long as the outages of an environment usually spread: 5 to 9.5 minutes.
    #[default]
    Learned,
    Minutes(u32),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SpanText {
    Minutes(u32),
    Word(String),
}

impl TryFrom<SpanText> for Span {
    type Error = String;

    fn try_from(text: SpanText) -> Result<Self, Self::Error> {
        match text {
            SpanText::Minutes(minutes @ 1..=MAX_SPAN_MINUTES) => Ok(Self::Minutes(minutes)),
            SpanText::Word(word) if word == "learned" => Ok(Self::Learned),
            _ => Err(format!("grouping.span must be learned, or minutes from 1 to {MAX_SPAN_MINUTES}")),
        }
    }
}

/// How two services depend on each other, as the rules declare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// The first needs the second.
    Needs,
    /// The second needs the first.
    NeededBy,
    /// One service is between them, whatever needs what.
    TwoApart,
    /// Both have declared dependencies, and are further apart.
    Far,
    /// The rules declare no dependency of one of them.
    Unknown,
}

/// Why the rules are invalid.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRules {
    #[error("could not read the rules: {0}")]
    Unreadable(#[from] serde_norway::Error),
    /// Alerts carry names in lower case, so another name would never match.
    #[error("the name {0:?} is empty or not in lower case")]
    Name(String),
    /// Alerts never carry an alias, so what is said of it would never hold.
    #[error("{alias:?} is an alias of {name:?}: use that name everywhere else")]
    Alias { alias: String, name: String },
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
        let mut rules: Self = serde_norway::from_str(yaml)?;
        let owners = rules.owners.iter().flat_map(|(service, team)| [service, team]);
        let dependencies = rules.dependencies.iter().flat_map(|(service, needed)| needed.iter().chain([service]));
        let aliases = rules.aliases.services.iter().chain(&rules.aliases.environments);
        let aliases = aliases.flat_map(|(alias, name)| [alias, name]);
        let mut names = owners.chain(dependencies).chain([&rules.default_environment]).chain(aliases);
        if let Some(name) = names.find(|name| name.trim().is_empty() || name.trim().to_lowercase() != **name) {
            return Err(InvalidRules::Name(name.clone()));
        }
        drop(names);
        rules.check_aliases()?;
        for (service, needed) in
            rules.dependencies.iter().flat_map(|(service, all)| all.iter().map(move |one| (service, one)))
        {
            for (one, other) in [(service, needed), (needed, service)] {
                rules.neighbours.entry(one.clone()).or_default().insert(other.clone());
            }
        }
        Ok(rules)
    }

    /// An alias stands nowhere but for its name: not for another alias, and in no other rule.
    fn check_aliases(&self) -> Result<(), InvalidRules> {
        let Aliases { services, environments } = &self.aliases;
        let of_services =
            self.owners.keys().chain(self.dependencies.keys()).chain(self.dependencies.values().flatten());
        let of_services = of_services.chain(services.values()).map(|used| (services, used));
        let of_environments = environments.values().chain([&self.default_environment]).map(|used| (environments, used));
        for (aliases, used) in of_services.chain(of_environments) {
            if let Some(name) = aliases.get(used) {
                return Err(InvalidRules::Alias { alias: used.clone(), name: name.clone() });
            }
        }
        Ok(())
    }

    /// The name that alerts have of a service: what the given name is an alias of, or else itself.
    #[must_use]
    pub fn service_name<'name>(&'name self, service: &'name str) -> &'name str {
        self.aliases.services.get(service).map_or(service, String::as_str)
    }

    /// The name that alerts have of an environment: what the given name is an alias of, or else itself.
    #[must_use]
    pub fn environment_name<'name>(&'name self, environment: &'name str) -> &'name str {
        self.aliases.environments.get(environment).map_or(environment, String::as_str)
    }

    /// How alerts are grouped.
    #[must_use]
    pub const fn grouping(&self) -> GroupingSettings {
        self.grouping
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

    /// Every name of a service in the rules, once each, sorted by name; aliases, too.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        let needed = self.dependencies.values().flatten();
        let aliases = self.aliases.services.iter().flat_map(|(alias, name)| [alias, name]);
        let all = self.owners.keys().chain(self.dependencies.keys()).chain(needed).chain(aliases);
        all.map(String::as_str).collect::<BTreeSet<_>>().into_iter()
    }

    /// How two services depend on each other.
    #[must_use]
    pub fn dependency(&self, one: &str, other: &str) -> Dependency {
        let needs = |one: &str, other: &str| self.dependencies.get(one).is_some_and(|needed| needed.contains(other));
        if needs(one, other) {
            return Dependency::Needs;
        }
        if needs(other, one) {
            return Dependency::NeededBy;
        }
        match (self.neighbours.get(one), self.neighbours.get(other)) {
            (Some(of_one), Some(of_other)) if of_one.is_disjoint(of_other) => Dependency::Far,
            (Some(_), Some(_)) => Dependency::TwoApart,
            _ => Dependency::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "
grouping: {mode: evidence, strictness: strict, span: 8}
default_environment: production
owners: {checkout: payments}
dependencies: {web: [checkout], checkout: [ledger], ledger: [postgres], admin: [ledger]}
aliases: {services: {checkout_api: checkout}, environments: {prod: production, live: production}}
";

    #[test]
    fn the_built_in_rules_are_valid() {
        let rules = Rules::built_in().unwrap();
        assert_eq!((rules.grouping(), rules.default_environment()), (GroupingSettings::default(), "production"));
    }

    #[test]
    fn settings_of_grouping_may_be_left_out() {
        let settings =
            |yaml: &str| Rules::parse(&format!("default_environment: production\n{yaml}")).unwrap().grouping();
        assert_eq!(settings(""), GroupingSettings::default());
        let off = GroupingSettings { mode: GroupingMode::Off, ..GroupingSettings::default() };
        assert_eq!(settings("grouping: {mode: off, span: learned}"), off);
        let GroupingSettings { strictness, span, .. } = Rules::parse(VALID).unwrap().grouping();
        assert_eq!((strictness, span), (Strictness::Strict, Span::Minutes(8)));
    }

    #[test]
    fn services_depend_on_each_other_within_two_hops_either_way() {
        let rules = Rules::parse(VALID).unwrap();
        for (one, other, expected) in [
            ("web", "checkout", Dependency::Needs),
            ("checkout", "web", Dependency::NeededBy),
            ("web", "ledger", Dependency::TwoApart),
            ("ledger", "web", Dependency::TwoApart),
            ("admin", "checkout", Dependency::TwoApart),
            ("web", "postgres", Dependency::Far),
            ("web", "x", Dependency::Unknown),
        ] {
            assert_eq!(rules.dependency(one, other), expected, "{one} {other}");
        }
        let services: Vec<_> = rules.services().collect();
        assert_eq!(services, ["admin", "checkout", "checkout_api", "ledger", "postgres", "web"]);
    }

    #[test]
    fn an_alias_stands_for_its_name() {
        let rules = Rules::parse(VALID).unwrap();
        let environments = ["prod", "live", "production", "staging"].map(|name| rules.environment_name(name));
        assert_eq!(environments, ["production", "production", "production", "staging"]);
        assert_eq!(["checkout_api", "prod"].map(|name| rules.service_name(name)), ["checkout", "prod"]);
        let error = Rules::parse(&VALID.replace("admin: [ledger]", "admin: [checkout_api]")).unwrap_err();
        assert_eq!(error.to_string(), r#""checkout_api" is an alias of "checkout": use that name everywhere else"#);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (from, to) in [
            ("mode: evidence", "mode: sometimes"),
            ("strictness: strict", "strictness: 3"),
            ("span: 8", "span: 0"),
            ("span: 8", "span: 121"),
            ("span: 8", "span: long"),
            ("span: 8", "window: 8"),
            ("default_environment: production", "default_environment: ''"),
            ("{checkout: payments}", "{Checkout: payments}"),
            ("owners:", "owner:"),
            ("{checkout: payments}", "{checkout_api: payments}"),
            ("{web: [", "{checkout_api: [], web: ["),
            ("default_environment: production", "default_environment: prod"),
            ("prod: production", "prod: live"),
            ("prod: production", "prod: prod"),
            ("prod: production", "Prod: production"),
            ("prod: production", "prod: ' '"),
            ("aliases: {", "aliases: {teams: {}, "),
            ("grouping: {", "windows: {cascade_minutes: 5}\ngrouping: {"),
        ] {
            assert!(Rules::parse(VALID).is_ok() && Rules::parse(&VALID.replace(from, to)).is_err(), "{to}");
        }
    }
}
