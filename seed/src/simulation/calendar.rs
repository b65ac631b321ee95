//! Which outages happen when, over the thirty days before now.

use std::ptr;

use jiff::{SignedDuration, Timestamp, Unit};

use super::outage::{Outage, ResponderBehaviour};
use crate::{
    company::{Bounds, Company, DataError, Env, Scenario},
    random::Random,
};

/// How long ago the history begins.
const HISTORY: SignedDuration = SignedDuration::from_mins((30 * 24 - 2) * 60);
/// How long ago the last outage begins that has a day of its own. Later ones are still going on.
const SETTLED: SignedDuration = SignedDuration::from_hours(14);
/// An outage and its relapse are resolved within this time. Two outages of one environment are
/// further apart.
const MAX_OUTAGE: SignedDuration = SignedDuration::from_hours(7);

/// How many minutes pass until somebody acknowledges an incident.
const URGENT: Bounds = Bounds::new(2, 9);
const NORMAL: Bounds = Bounds::new(7, 30);
const LOW: Bounds = Bounds::new(20, 90);

#[derive(Debug)]
pub struct PlannedOutage {
    pub outage: Outage,
    /// The outage comes back soon after it was resolved.
    pub relapses: bool,
}

/// The outages, in order of their start.
pub fn calendar(
    company: &'static Company,
    now: Timestamp,
    random: &mut Random,
) -> Result<Vec<PlannedOutage>, DataError> {
    let mut partial: Vec<_> = company.partial.iter().collect();
    random.rng.shuffle(&mut partial);
    // Some happen twice in a month, and some come back within the hour.
    let (twice, rest) = partial.split_at(partial.len().min(5));
    let relapsing = &rest[..rest.len().min(3)];
    let mut noise: Vec<_> = company.noise.iter().chain(&company.noise).collect();
    random.rng.shuffle(&mut noise);

    let mut production = Vec::new();
    production.extend(partial.iter().chain(twice).map(|scenario| (*scenario, URGENT)));
    production.extend(company.major.iter().map(|scenario| (scenario, URGENT)));
    production.extend(company.minor.iter().map(|scenario| (scenario, NORMAL)));
    production.extend(noise.into_iter().take(8).map(|scenario| (scenario, LOW)));
    let mut production: Vec<_> = production
        .into_iter()
        .map(|(scenario, acknowledged_after_minutes)| PlannedOutage {
            relapses: relapsing.iter().any(|relapsing| ptr::eq(*relapsing, scenario)),
            outage: outage(
                scenario,
                Env::Production,
                now,
                ResponderBehaviour::Resolving { acknowledged_after_minutes },
            ),
        })
        .collect();
    spread(&mut production, now, random);

    let resolving = ResponderBehaviour::Resolving { acknowledged_after_minutes: NORMAL };
    let staging = company.staging.iter().chain(company.staging.iter().take(5));
    let mut staging: Vec<_> = staging
        .map(|scenario| PlannedOutage { relapses: false, outage: outage(scenario, Env::Staging, now, resolving) })
        .collect();
    spread(&mut staging, now, random);

    let mut calendar = production;
    calendar.extend(staging);
    calendar.extend(ongoing(company, twice, now, random)?);
    calendar.sort_by_key(|planned| planned.outage.starts_at);
    Ok(calendar)
}

/// Gives each outage an equal part of the history, in random order. Of three random times of that
/// part it starts at the one at which most people work or shop.
fn spread(outages: &mut [PlannedOutage], now: Timestamp, random: &mut Random) {
    random.rng.shuffle(outages);
    let (mut begin, end) = (now - HISTORY, now - SETTLED);
    let mut left = i32::try_from(outages.len()).unwrap_or(i32::MAX);
    for planned in outages {
        let part = end.duration_since(begin) / left;
        let latest = (part - MAX_OUTAGE).as_secs().max(1);
        let candidates = [(); 3].map(|()| begin + random.seconds(0..=latest));
        let start = candidates.into_iter().max_by_key(|at| busyness(*at)).unwrap_or(begin);
        planned.outage.starts_at = start.round(Unit::Second).unwrap_or(start);
        begin += part;
        left -= 1;
    }
}

/// How busy an hour is, in UTC: deployments by day, customers in the evening.
fn busyness(at: Timestamp) -> u8 {
    match at.as_second().rem_euclid(86_400) / 3600 {
        8..=15 => 3,
        16..=20 => 2,
        6..=7 | 21 => 1,
        _ => 0,
    }
}

/// The outages that are not over yet. Some have happened before: the `familiar` ones.
fn ongoing(
    company: &'static Company,
    familiar: &[&'static Scenario],
    now: Timestamp,
    random: &mut Random,
) -> Result<Vec<PlannedOutage>, DataError> {
    let mut ago = |least, most| now - random.minutes(Bounds::new(least, most));
    let (long, recent, fresh) = (ago(350, 420), ago(100, 125), ago(13, 21));
    let (unseen, staging, load_test) = (ago(205, 240), ago(500, 560), ago(32, 55));
    let (absent, investigating) = (ResponderBehaviour::Absent, ResponderBehaviour::Investigating);
    let fixed = [
        outage(company.scenario("kafka-disk-full")?, Env::Production, unseen, absent),
        outage(company.scenario("full-reindex")?, Env::Staging, staging, investigating),
        outage(company.scenario("load-test")?, Env::Staging, load_test, absent),
    ];
    let familiar = familiar
        .iter()
        .zip([(long, investigating), (recent, investigating), (fresh, absent)])
        .map(|(scenario, (start, behaviour))| outage(scenario, Env::Production, start, behaviour));
    let ongoing = familiar.chain(fixed);
    Ok(ongoing.map(|outage| PlannedOutage { relapses: false, outage }).collect())
}

const fn outage(scenario: &'static Scenario, env: Env, starts_at: Timestamp, behaviour: ResponderBehaviour) -> Outage {
    Outage { scenario, env, starts_at, behaviour, is_relapse: false }
}
