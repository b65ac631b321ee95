//! The noisiest problems: which of them fire often, and whether anybody does anything about it.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use super::{
    Chosen,
    alerts::{FIRING_PARTS, Fired, FiringColumns},
};
use crate::{
    domain::{id::IncidentId, time::Time},
    listing::segments::{
        filters::{Condition, Filter},
        parts::Part,
        rows::{Field, Number, RowId},
        view::{Needs, View},
    },
};

/// A problem and its alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoisyProblem {
    /// Its source and dedup key, with a `|` between.
    pub key: String,
    /// How often it was reported.
    pub occurrences: u64,
    /// How many alerts it has.
    pub episodes: u64,
    /// How long it fired in all, in milliseconds. What still fires counts until now.
    pub time_firing: i64,
    /// How many of its alerts are in an incident that a person took on.
    pub acted_on: u64,
    /// Its newest alert.
    pub latest: RowId,
}

/// Incidents that a person took on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acknowledged(HashSet<RowId>);

impl FromIterator<RowId> for Acknowledged {
    fn from_iter<I: IntoIterator<Item = RowId>>(ids: I) -> Self {
        Self(ids.into_iter().collect())
    }
}

/// The incidents of a view that a person took on.
///
/// # Errors
/// [`Needs`]: bring it into memory and ask again.
pub fn acknowledged(view: &View, now: Time) -> Result<Acknowledged, Needs> {
    let acknowledged = Condition::Between { number: Number::AcknowledgedAt, from: Some(i64::MIN), to: None };
    Acknowledged::of(&Chosen::of(view, &Filter::default().and(acknowledged), now, &[Part::Created])?)
}

impl Acknowledged {
    fn of(chosen: &Chosen<'_>) -> Result<Self, Needs> {
        let (mut ids, mut needs) = (HashSet::new(), Vec::new());
        for sheet in &chosen.sheets {
            sheet.rows.for_each(|row| match sheet.segment.id(row) {
                Some(id) => drop(ids.insert(id)),
                None => needs.extend(sheet.need_of_id(row)),
            });
        }
        Needs::check(needs)?;
        Ok(Self(ids))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    occurrences: u64,
    episodes: u64,
    time_firing: i64,
    acted_on: u64,
    /// The time of creation, sheet and row of the newest alert.
    latest: Option<Latest>,
}

#[derive(Debug, Clone, Copy)]
struct Latest {
    created: i64,
    sheet: usize,
    row: usize,
}

/// The problems of a list of alerts that were reported most, most first, then by key.
///
/// # Errors
/// [`Needs`]: bring it into memory and ask again.
pub fn noisiest_problems(
    view: &View,
    filter: &Filter,
    acknowledged: &Acknowledged,
    limit: usize,
    now: Time,
) -> Result<Vec<NoisyProblem>, Needs> {
    let parts = [FIRING_PARTS, &[Part::Created, Part::Problems]].concat();
    let chosen = Chosen::of(view, filter, now, &parts)?;
    let mut problems: HashMap<&str, Sum> = HashMap::new();
    for (place, sheet) in chosen.sheets.iter().enumerate() {
        let segment = sheet.segment;
        let labels = (segment.labels(Field::Problem), segment.labels(Field::IncidentId));
        let (Some(keys), Some(incidents)) = labels else { continue };
        let numbers = (segment.created(), FiringColumns::of(segment, now.as_millis()));
        let (Some(created), Some(columns)) = numbers else { continue };
        let is_acknowledged = |id: &str| id.parse().is_ok_and(|id: IncidentId| acknowledged.0.contains(&id.into()));
        let acted_on = incidents.table(is_acknowledged);
        let mut sums = vec![Sum::default(); keys.code_count()];
        sheet.rows.for_each(|row| {
            let Some(sum) = sums.get_mut(keys.code(row)) else { return };
            let fired = Fired::of(&columns, row);
            sum.episodes += 1;
            sum.occurrences += fired.occurrences;
            sum.time_firing = sum.time_firing.saturating_add(fired.duration);
            sum.acted_on += u64::from(acted_on.get(incidents.code(row)) == Some(&true));
            sum.latest = Some(Latest { created: created.get(row).unwrap_or_default(), sheet: place, row });
        });
        for (code, sum) in sums.iter().enumerate().filter(|(_, sum)| sum.episodes > 0) {
            for key in keys.texts_of(code) {
                problems.entry(key).or_default().merge(sum);
            }
        }
    }
    let mut problems: Vec<(&str, Sum)> = problems.into_iter().collect();
    problems.sort_unstable_by(|(one_key, one), (other_key, other)| {
        let noise = |sum: &Sum| Reverse((sum.occurrences, sum.episodes));
        noise(one).cmp(&noise(other)).then_with(|| one_key.cmp(other_key))
    });
    problems.truncate(limit);
    let (mut found, mut needs) = (Vec::new(), Vec::new());
    for (key, Sum { occurrences, episodes, time_firing, acted_on, latest }) in problems {
        let Some(Latest { sheet, row, .. }) = latest else { continue };
        let sheet = &chosen.sheets[sheet];
        let Some(latest) = sheet.segment.id(row) else {
            needs.extend(sheet.need_of_id(row));
            continue;
        };
        found.push(NoisyProblem { key: key.to_owned(), occurrences, episodes, time_firing, acted_on, latest });
    }
    Needs::check(needs)?;
    Ok(found)
}

impl Sum {
    fn merge(&mut self, other: &Self) {
        self.occurrences += other.occurrences;
        self.episodes += other.episodes;
        self.time_firing = self.time_firing.saturating_add(other.time_firing);
        self.acted_on += other.acted_on;
        let is_newer = other.latest.map(|latest| latest.created) > self.latest.map(|latest| latest.created);
        if is_newer {
            self.latest = other.latest;
        }
    }
}
