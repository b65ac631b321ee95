//! Corrects what grouping learned, when people say that incidents are one, or that one is several.
//!
//! An outage teaches once, some time after it is over. If it has not taught yet, it will teach what people made of it:
//! what they split off is an outage of its own. If it has, the counts of services that broke together are corrected.

use std::collections::BTreeSet;

use crate::{
    config::InvalidVariable,
    domain::{incident::Incident, time::Time},
    grouping::{OpeningLock, opening_lock::MAX_TEACHING_SERVICES},
    keys,
    store::{
        StoreError, Tables,
        claims::{Claims, Snapshot},
        transaction::Write,
    },
};

/// How many services are corrected at once: each is a row to write, and a transaction takes 100.
const MAX_CORRECTED: usize = 30;

/// What is known of the services and environments of some incidents.
struct Known {
    before: Snapshot,
    after: Snapshot,
}

/// Reads and writes what was learned.
#[derive(Debug)]
pub(super) struct CorrectLearning {
    claims: Claims,
}

impl CorrectLearning {
    pub(super) fn new(tables: &Tables) -> Result<Self, InvalidVariable> {
        Ok(Self { claims: tables.claims()? })
    }

    /// The writes if other incidents become part of one.
    pub(super) async fn together(
        &self,
        incident: &Incident,
        others: &[Incident],
        now: Time,
    ) -> Result<Vec<Write>, StoreError> {
        let all = || std::iter::once(incident).chain(others);
        let environments: BTreeSet<&str> = all().map(|incident| incident.environment.as_str()).collect();
        let services: BTreeSet<&str> = all().flat_map(|other| services(other, incident)).take(MAX_CORRECTED).collect();
        let mut known = self.read(&incident.environment, &services, &environments, now).await?;
        known.together(incident, others, &services);
        self.claims.changes(&known.before, &known.after, now)
    }

    /// The writes if alerts leave an incident: it is what is left of it, and another what the alerts make.
    pub(super) async fn apart(
        &self,
        before: &Incident,
        rest: &Incident,
        other: &Incident,
        now: Time,
    ) -> Result<Vec<Write>, StoreError> {
        let environment = before.environment.as_str();
        let (stay, leave): (BTreeSet<&str>, BTreeSet<&str>) =
            (services(rest, before).collect(), services(other, before).collect());
        let corrected: BTreeSet<&str> = leave.iter().chain(&stay).copied().take(MAX_CORRECTED).collect();
        let mut known = self.read(environment, &corrected, &BTreeSet::from([environment]), now).await?;
        known.apart(before, rest, other, &corrected);
        self.claims.changes(&known.before, &known.after, now)
    }

    async fn read(
        &self,
        environment: &str,
        services: &BTreeSet<&str>,
        environments: &BTreeSet<&str>,
        now: Time,
    ) -> Result<Known, StoreError> {
        let groups = services.iter().map(|service| keys::service_group_claim(environment, service));
        let locks = environments.iter().map(|environment| keys::environment_claim(environment));
        let claims: BTreeSet<String> = groups.chain(locks).collect();
        let before = self.claims.read(claims.iter().map(String::as_str).collect(), now).await?;
        Ok(Known { after: before.clone(), before })
    }
}

impl Known {
    /// Other incidents become part of one. Of its services, those are corrected that are named.
    fn together(&mut self, incident: &Incident, others: &[Incident], corrected: &BTreeSet<&str>) {
        let has_taught = std::iter::once(incident).chain(others).any(|other| self.has_taught(other));
        for other in others {
            self.lock(&other.environment, |lock| lock.merge(other.id, incident.id));
        }
        if has_taught {
            self.lock(&incident.environment, |lock| lock.settle(incident.id));
            let mut together: BTreeSet<&str> = services(incident, incident).collect();
            for other in others {
                let more: BTreeSet<&str> = services(other, incident).collect();
                self.broke_together(&incident.environment, &together, &more, corrected);
                together.extend(more);
            }
        }
    }

    /// Alerts left an incident: it is what is left of it, and another what the alerts made.
    fn apart(&mut self, before: &Incident, rest: &Incident, other: &Incident, corrected: &BTreeSet<&str>) {
        let environment = before.environment.as_str();
        let (stay, leave): (BTreeSet<&str>, BTreeSet<&str>) =
            (services(rest, before).collect(), services(other, before).collect());
        let has_taught = self.has_taught(before);
        if other.version == 1 {
            self.lock(environment, |lock| lock.note(other.id));
            if has_taught {
                self.lock(environment, |lock| lock.settle(other.id));
            }
        }
        for service in leave.intersection(corrected) {
            let claim = keys::service_group_claim(environment, service);
            self.after.service_groups.entry(claim).or_default().note(other.id, None);
        }
        if has_taught {
            self.broke_apart(environment, &stay, &leave, corrected);
        } else {
            for id in [before.id, other.id] {
                self.lock(environment, |lock| lock.set_apart(id));
            }
        }
    }

    /// Whether an incident taught what it could. One that is forgotten did so long ago.
    fn has_taught(&self, incident: &Incident) -> bool {
        let lock = self.before.opening_locks.get(&keys::environment_claim(&incident.environment));
        lock.is_none_or(|lock| lock.has_taught(incident.id))
    }

    /// Changes what is known of an environment, if anything is.
    fn lock(&mut self, environment: &str, change: impl FnOnce(&mut OpeningLock)) {
        if let Some(lock) = self.after.opening_locks.get_mut(&keys::environment_claim(environment)) {
            change(lock);
        }
    }

    fn broke_together(
        &mut self,
        environment: &str,
        some: &BTreeSet<&str>,
        others: &BTreeSet<&str>,
        corrected: &BTreeSet<&str>,
    ) {
        for (one, other) in pairs(some, others, corrected) {
            for (service, with) in [(one, other), (other, one)] {
                let claim = keys::service_group_claim(environment, service);
                self.after.service_groups.entry(claim).or_default().broke_with(with);
            }
        }
    }

    fn broke_apart(
        &mut self,
        environment: &str,
        some: &BTreeSet<&str>,
        others: &BTreeSet<&str>,
        corrected: &BTreeSet<&str>,
    ) {
        for (one, other) in pairs(some, others, corrected) {
            for (service, without) in [(one, other), (other, one)] {
                if let Some(group) = self.after.service_groups.get_mut(&keys::service_group_claim(environment, service))
                {
                    group.broke_without(without);
                }
            }
        }
    }
}

/// The services of an incident that teach, if it is of the same environment as another.
fn services<'incident>(incident: &'incident Incident, other: &Incident) -> impl Iterator<Item = &'incident str> {
    let is_there = incident.environment == other.environment;
    let services = incident.services.iter().filter(move |_| is_there);
    services.map(String::as_str).take(MAX_TEACHING_SERVICES)
}

/// The pairs of two services of which each is on one side only.
fn pairs<'name>(
    some: &BTreeSet<&'name str>,
    others: &BTreeSet<&'name str>,
    corrected: &BTreeSet<&'name str>,
) -> Vec<(&'name str, &'name str)> {
    let of_one = some.difference(others).filter(|service| corrected.contains(*service));
    let of_other: Vec<&&str> = others.difference(some).filter(|service| corrected.contains(*service)).collect();
    of_one.flat_map(|one| of_other.iter().map(|other| (*one, **other))).collect()
}

#[cfg(test)]
mod tests;
