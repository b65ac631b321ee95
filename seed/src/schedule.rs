//! What goes wrong when, over the thirty days before now.

use jiff::{SignedDuration, Timestamp, Unit};

use crate::{
    company::Stage,
    outage::{Care, Chance, Outage},
    scenarios::{NOISE, REHEARSALS, STORMS, Scenario, TRIFLES, TROUBLES},
};

/// How long ago the history begins.
const HISTORY: SignedDuration = SignedDuration::from_mins((30 * 24 - 2) * 60);
/// How long ago its regular part ends; what came later is still going on, or was over only just now.
const SETTLED: SignedDuration = SignedDuration::from_hours(14);
/// The longest that an outage and its relapse take, until both are resolved. Two outages of one environment are further apart.
const LONGEST: SignedDuration = SignedDuration::from_hours(7);

/// An outage of the calendar.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) outage: Outage,
    /// It comes back soon after it was resolved.
    pub(crate) relapses: bool,
}

/// The calendar, by start.
pub(crate) fn calendar(now: Timestamp, chance: &mut Chance) -> Vec<Planned> {
    let mut production: Vec<Planned> = Vec::new();
    let mut troubles: Vec<_> = TROUBLES.iter().collect();
    chance.0.shuffle(&mut troubles);
    // Some happen twice in a month, and some come back within the hour.
    let (twice, rest) = troubles.split_at(5);
    let (relapsing, _) = rest.split_at(3);
    let later = troubles.iter().chain(twice).map(|scenario| (*scenario, QUICK));
    let once = STORMS.iter().map(|scenario| (scenario, QUICK));
    let small = TRIFLES.iter().map(|scenario| (scenario, UNHURRIED));
    let mut noise: Vec<_> = NOISE.iter().chain(NOISE).collect();
    chance.0.shuffle(&mut noise);
    let noise = noise.into_iter().take(8).map(|scenario| (scenario, LEISURELY));
    production.extend(later.chain(once).chain(small).chain(noise).map(|(scenario, taken_after)| Planned {
        relapses: relapsing.iter().any(|relapsing| std::ptr::eq(*relapsing, scenario)),
        outage: outage(scenario, Stage::Production, now, Care::Over { taken_after }),
    }));
    spread(&mut production, now, chance);

    let rehearsals = REHEARSALS.iter().chain(&REHEARSALS[..5]);
    let mut staging: Vec<_> = rehearsals
        .map(|scenario| Planned {
            relapses: false,
            outage: outage(scenario, Stage::Staging, now, Care::Over { taken_after: UNHURRIED }),
        })
        .collect();
    spread(&mut staging, now, chance);

    let mut calendar = production;
    calendar.extend(staging);
    calendar.extend(going_on(now, twice, chance));
    calendar.sort_by_key(|planned| planned.outage.start);
    calendar
}

/// How many minutes it takes until somebody takes an incident.
const QUICK: (u32, u32) = (2, 9);
const UNHURRIED: (u32, u32) = (7, 30);
const LEISURELY: (u32, u32) = (20, 90);

/// Gives each outage a day of its own, in random order, and a time of that day: of a few at hand, the one
/// at which most people work or shop.
fn spread(outages: &mut [Planned], now: Timestamp, chance: &mut Chance) {
    chance.0.shuffle(outages);
    let (mut begin, end) = (now - HISTORY, now - SETTLED);
    let mut left = i32::try_from(outages.len()).unwrap_or(i32::MAX);
    for planned in outages {
        let room = end.duration_since(begin) / left;
        let latest = (room - LONGEST).as_secs().max(1);
        let candidates = [(); 3].map(|()| begin + chance.seconds(0..=latest));
        let start = candidates.into_iter().max_by_key(|at| busy(*at)).unwrap_or(begin);
        planned.outage.start = start.round(Unit::Second).unwrap_or(start);
        begin += room;
        left -= 1;
    }
}

/// How busy an hour is, in UTC: deployments by day, customers in the evening.
fn busy(at: Timestamp) -> u8 {
    match at.as_second().rem_euclid(86_400) / 3600 {
        8..=15 => 3,
        16..=20 => 2,
        6..=7 | 21 => 1,
        _ => 0,
    }
}

/// What is not over.
fn going_on(now: Timestamp, familiar: &[&'static Scenario], chance: &mut Chance) -> Vec<Planned> {
    let mut ago = |least, most| now - chance.minutes((least, most));
    let (long, recent, fresh) = (ago(350, 420), ago(100, 125), ago(13, 21));
    let (unseen, staging, rehearsal) = (ago(205, 240), ago(500, 560), ago(32, 55));
    [
        (familiar[0], Stage::Production, long, Care::Somebody),
        (&TRIFLES[0], Stage::Production, unseen, Care::Nobody),
        (familiar[1], Stage::Production, recent, Care::Somebody),
        (familiar[2], Stage::Production, fresh, Care::Nobody),
        (&REHEARSALS[3], Stage::Staging, staging, Care::Somebody),
        (&REHEARSALS[0], Stage::Staging, rehearsal, Care::Nobody),
    ]
    .map(|(scenario, stage, start, care)| Planned { relapses: false, outage: outage(scenario, stage, start, care) })
    .into()
}

const fn outage(scenario: &'static Scenario, stage: Stage, start: Timestamp, care: Care) -> Outage {
    Outage { scenario, stage, start, care, relapse: false }
}
