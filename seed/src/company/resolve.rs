//! Replaces the names in the files by what they name, so that a wrong name is an error at once.

use std::{collections::BTreeMap, sync::LazyLock};

use super::{
    error::DataError,
    files::Files,
    phrases::Phrases,
    scenario::{Scenario, ScenarioEntry, SignalEntry},
    service::Service,
    signal::{Signal, SignalKind},
    team::Team,
};

/// The demo company. Every name in its files is resolved.
#[derive(Debug)]
pub struct Company {
    pub phrases: &'static Phrases,
    /// Outages that affect half of the company.
    pub major: Vec<Scenario>,
    /// One thing is broken; a few services notice.
    pub partial: Vec<Scenario>,
    /// Small problems that one person looks at.
    pub minor: Vec<Scenario>,
    /// Alerts for which nobody gets up.
    pub noise: Vec<Scenario>,
    /// Outages of the staging environment.
    pub staging: Vec<Scenario>,
}

/// The demo company. Its files are read once.
pub fn company() -> Result<&'static Company, DataError> {
    static COMPANY: LazyLock<Result<Company, DataError>> = LazyLock::new(|| {
        // The company borrows from its files, and both live as long as the program.
        let files: &'static Files = Box::leak(Box::new(Files::parse()?));
        Company::resolve(files)
    });
    COMPANY.as_ref().map_err(Clone::clone)
}

impl Company {
    pub fn scenario(&self, name: &'static str) -> Result<&Scenario, DataError> {
        [&self.major, &self.partial, &self.minor, &self.noise, &self.staging]
            .into_iter()
            .flatten()
            .find(|scenario| scenario.name == name)
            .ok_or(DataError::UnknownScenario { name })
    }

    fn resolve(files: &'static Files) -> Result<Self, DataError> {
        let mut owners = BTreeMap::new();
        for (name, service) in &files.services {
            let unknown = || DataError::UnknownTeam { service: name.clone(), team: service.team.clone() };
            let team = files.teams.get(&service.team).ok_or_else(unknown)?;
            owners.insert(name.as_str(), Owner { service, team });
        }
        let resolve = |entries: &'static [ScenarioEntry]| -> Result<Vec<_>, _> {
            entries.iter().map(|entry| scenario(entry, &owners)).collect()
        };
        Ok(Self {
            phrases: &files.phrases,
            major: resolve(&files.major)?,
            partial: resolve(&files.partial)?,
            minor: resolve(&files.minor)?,
            noise: resolve(&files.noise)?,
            staging: resolve(&files.staging)?,
        })
    }
}

#[derive(Clone, Copy)]
struct Owner {
    service: &'static Service,
    team: &'static Team,
}

type Owners = BTreeMap<&'static str, Owner>;

fn scenario(entry: &'static ScenarioEntry, owners: &Owners) -> Result<Scenario, DataError> {
    let resolve = |named: &SignalEntry| {
        let unknown = || DataError::UnknownSignal { scenario: entry.name.clone(), signal: named.name().to_owned() };
        signal(named, owners).ok_or_else(unknown)
    };
    let waves = entry.waves.iter().map(|wave| wave.iter().map(resolve).collect::<Result<Vec<_>, _>>());
    let waves = waves.collect::<Result<Vec<_>, _>>()?;
    let no_signal = || DataError::NoSignal { scenario: entry.name.clone() };
    Ok(Scenario {
        name: &entry.name,
        lasts_minutes: entry.lasts_minutes,
        comments: &entry.comments,
        first: *waves.first().and_then(|wave| wave.first()).ok_or_else(no_signal)?,
        waves,
    })
}

/// `None` if nothing has this name.
fn signal(entry: &SignalEntry, owners: &Owners) -> Option<Signal> {
    let (service, key) = entry.name().split_once('/')?;
    let Owner { service, team } = *owners.get(service)?;
    let kind = match *entry {
        SignalEntry::Monitor { groups, .. } => SignalKind::Monitor { monitor: service.monitors.get(key)?, groups },
        SignalEntry::Issue { .. } => SignalKind::Issue(service.issues.get(key)?),
        SignalEntry::MetricAlert { .. } => SignalKind::MetricAlert(service.metric_alert_rules.get(key)?),
        SignalEntry::Rule { alerts, .. } => SignalKind::Rule { rule: service.prometheus_rules.get(key)?, alerts },
        SignalEntry::Alarm { .. } => SignalKind::Alarm(service.alarms.get(key)?),
    };
    Some(Signal { service, team, kind })
}

#[cfg(test)]
mod tests;
