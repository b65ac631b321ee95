//! The claims of problems and of sources' keys: what is known of them in one row.
//!
//! | row | holds |
//! | --- | --- |
//! | of a problem | its episodes; the deliveries that took effect; the group of its source's key, if no other problem has that key |
//! | of a source's key | its group, if several problems may have the key |
//!
//! A transaction writes 2 units for each row, so a delivery seldom has a row of its own. It has one if
//! the row of its problem names [`MAX_DELIVERIES`] already: then each of the next [`MEMORY_DAYS`] has. That must stand in
//! the row: two workers with different clocks would else disagree about where the same delivery is claimed. So the
//! version of the row of a problem orders all of its deliveries.
//!
//! What a firing delivery said is needed if its alert is split. It stands beside its id if the row stays small, else in a
//! row of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Claims, DELIVERY, EVENT, KNOWN, LEARNED_DAYS, PUT, READ, Snapshot, StoreError, build, changed, free, if_version,
};
use crate::{
    domain::{
        delivery::{DeliveryId, MEMORY_DAYS},
        event::AlertEvent,
        problem::{MAX_LANES, Problem},
        time::{MINUTES_A_DAY, Time},
    },
    grouping::SourceGroup,
    keys,
    packing::pack_json,
    store::{
        item::{Item, number, string},
        packed,
        transaction::{Part, Write},
    },
};

/// How many deliveries the row of a problem names.
pub const MAX_DELIVERIES: usize = 8;

/// How large the packed part of a row may be that also says what deliveries said. With its other attributes it is below 1 KB,
/// which is what a write costs at least.
const MAX_PACKED: usize = 900;

const VERSION: &str = "version";

/// What a row holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Contents {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    /// By environment, if the source's key is another in each. Else there is one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<String, SourceGroup>,
    /// Deliveries of the problem that took effect, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deliveries: Vec<Delivered>,
    /// Until then, each delivery has a row of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows_until: Option<Time>,
}

/// A delivery that took effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Delivered {
    id: DeliveryId,
    at: Time,
    /// What it said, if it fires and has no row of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<AlertEvent>,
}

impl Delivered {
    fn is_forgotten(&self, now: Time) -> bool {
        self.at.plus_minutes(MEMORY_DAYS * MINUTES_A_DAY) <= now
    }
}

/// A row as it was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KnownRow {
    version: u64,
    contents: Contents,
}

impl KnownRow {
    /// Adds what an item says to a snapshot.
    pub(super) fn read(claim: String, item: &Item, snapshot: &mut Snapshot, now: Time) -> Result<(), StoreError> {
        let version = item.get(VERSION).and_then(|version| version.as_n().ok()?.parse().ok());
        let version = version.ok_or_else(|| StoreError::of_attribute(READ, VERSION))?;
        let mut contents: Contents = packed::unpack(READ, KNOWN, item.get(KNOWN))?;
        contents.deliveries.retain(|delivered| !delivered.is_forgotten(now));
        if let Some(problem) = &contents.problem {
            snapshot.problems.insert(claim.clone(), problem.clone());
        }
        for (environment, group) in &contents.groups {
            snapshot.source_groups.insert(keys::source_group(&claim, Some(environment)), group.clone());
        }
        for Delivered { id, event, .. } in &contents.deliveries {
            // A row of its own may say more.
            let known = snapshot.delivered.entry(keys::delivery_claim(id)).or_default();
            if known.is_none() {
                known.clone_from(event);
            }
        }
        snapshot.rows.insert(claim, Self { version, contents });
        Ok(())
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }
}

/// A row in the making, and what gets rows of its own.
struct Draft {
    version: Option<u64>,
    contents: Contents,
    /// What deliveries said, and the row does not.
    events: Vec<(String, Option<AlertEvent>)>,
}

impl Draft {
    fn of(before: &Snapshot, claim: &str) -> Self {
        let row = before.rows.get(claim);
        let contents = row.map(|row| row.contents.clone()).unwrap_or_default();
        Self { version: row.map(|row| row.version), contents, events: Vec::new() }
    }

    fn put_group(&mut self, environment: &str, group: &SourceGroup) {
        let groups = &mut self.contents.groups;
        groups.insert(environment.to_owned(), group.clone());
        if groups.len() > MAX_LANES {
            let last = |group: &SourceGroup| group.incidents.last().map(|known| known.last_at);
            let others = groups.iter().filter(|(name, _)| *name != environment);
            let oldest = others.min_by_key(|(_, group)| last(group)).map(|(name, _)| name.clone());
            oldest.and_then(|name| groups.remove(&name));
        }
    }

    fn deliver(&mut self, claim: &str, event: Option<&AlertEvent>, now: Time) {
        let contents = &mut self.contents;
        let is_full = contents.deliveries.len() >= MAX_DELIVERIES;
        let id = keys::parse_delivery_claim(claim)
            .filter(|_| !is_full && contents.rows_until.is_none_or(|until| until <= now));
        let Some(id) = id else {
            if contents.rows_until.is_none_or(|until| until <= now) {
                contents.rows_until = Some(now.plus_minutes(MEMORY_DAYS * MINUTES_A_DAY));
            }
            self.events.push((claim.to_owned(), event.cloned()));
            return;
        };
        contents.rows_until = None;
        contents.deliveries.push(Delivered { id, at: now, event: event.cloned() });
        let is_small = || pack_json(&self.contents).is_ok_and(|packed| packed.len() <= MAX_PACKED);
        if event.is_some() && !is_small() {
            if let Some(last) = self.contents.deliveries.last_mut() {
                last.event = None;
            }
            self.events.push((claim.to_owned(), event.cloned()));
        }
    }
}

impl Snapshot {
    /// Notes that a delivery takes effect. `problem` is the claim of its problem, if it has one.
    pub fn deliver(&mut self, claim: String, event: Option<AlertEvent>, problem: Option<&str>) {
        if let Some(problem) = problem {
            self.problem_of.insert(claim.clone(), problem.to_owned());
        }
        self.delivered.insert(claim, event);
    }
}

impl Claims {
    /// The writes of what is known of problems and sources' keys, and of deliveries.
    pub(super) fn known_changes(
        &self,
        before: &Snapshot,
        after: &Snapshot,
        now: Time,
    ) -> Result<Vec<Write>, StoreError> {
        let mut drafts: BTreeMap<&str, Draft> = BTreeMap::new();
        let mut writes = Vec::new();
        for (claim, _, problem) in changed(&before.problems, &after.problems) {
            let draft = drafts.entry(claim).or_insert_with(|| Draft::of(before, claim));
            draft.contents.problem = Some(problem.clone());
        }
        for (name, _, group) in changed(&before.source_groups, &after.source_groups) {
            let (claim, environment) =
                keys::parse_source_group(name).ok_or_else(|| StoreError::of_attribute(PUT, "groups"))?;
            drafts.entry(claim).or_insert_with(|| Draft::of(before, claim)).put_group(environment, group);
        }
        let new = after.delivered.iter().filter(|(claim, _)| !before.delivered.contains_key(*claim));
        let new: BTreeMap<&String, &Option<AlertEvent>> = new.collect();
        for (claim, event) in new {
            match after.problem_of.get(claim) {
                Some(problem) => {
                    let draft = drafts.entry(problem).or_insert_with(|| Draft::of(before, problem));
                    draft.deliver(claim, event.as_ref(), now);
                }
                None => writes.push(self.delivery(claim, event.as_ref(), now)?),
            }
        }
        for (claim, Draft { version, contents, events }) in drafts {
            for (claim, event) in events {
                writes.push(self.delivery(&claim, event.as_ref(), now)?);
            }
            let part = if contents.problem.is_some() { Part::Problem } else { Part::Group };
            let item = Item::from([
                (VERSION.to_owned(), number(version.unwrap_or_default() + 1)),
                (KNOWN.to_owned(), packed::pack(PUT, KNOWN, &contents)?),
            ]);
            let put = self.claim(claim, KNOWN, item, now, LEARNED_DAYS);
            writes.push(build(part, if_version(put, version, now))?);
        }
        Ok(writes)
    }

    fn delivery(&self, claim: &str, event: Option<&AlertEvent>, now: Time) -> Result<Write, StoreError> {
        let mut item = Item::from([("delivered_at".to_owned(), string(now.to_string()))]);
        if let Some(event) = event {
            item.insert(EVENT.to_owned(), packed::pack(PUT, EVENT, event)?);
        }
        build(Part::Delivery, free(self.claim(claim, DELIVERY, item, now, MEMORY_DAYS), now))
    }
}
