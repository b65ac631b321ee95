//! Past incidents that are like one: the same services, the same problems, the same words.
//!
//! What they have in common also says why they are listed. How long they took and how they ended may help with this one.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{
        alert::Alert,
        id::{AlertId, IncidentId},
        incident::Incident,
        time::Time,
    },
    listing::segments::{
        filters::Filter,
        order::Order,
        query::{Query, Start},
        rows::{Field, Row, RowId, Series},
        search::query_words,
    },
    store::{
        Tables,
        alerts::Alerts,
        incidents::{Consistency, Incidents},
        segments::{ListError, Segments},
    },
};

/// How many incidents are listed.
pub const MAX_SIMILAR: usize = 10;

/// How many incidents with a common service, and alerts with a common problem, are looked at: the newest.
const MAX_CANDIDATES: usize = 200;

/// How many alerts of the incident say what its problems are: the newest.
const MAX_ALERTS: usize = 100;

/// What the same problems, services and words count: a problem that comes again says most.
const PROBLEMS: f64 = 3.0;
const SERVICES: f64 = 2.0;
const WORDS: f64 = 1.0;

/// Less is no likeness: one common word, or one of many services.
const MIN_SCORE: f64 = 0.75;

/// Words that say nothing by themselves.
const MIN_WORD_CHARS: usize = 3;

/// An incident that is like another, and what they have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarIncident {
    pub incident: Incident,
    /// From 0 to 6: the higher, the more alike.
    pub score: f64,
    pub services: Vec<String>,
    /// The titles of common problems.
    pub problems: Vec<String>,
    /// Common words of the titles.
    pub words: Vec<String>,
}

/// The use case.
#[derive(Debug)]
pub struct ListSimilarIncidents {
    incidents: Incidents,
    alerts: Alerts,
    segments: Segments,
    budget: Duration,
}

/// What an incident is like.
#[derive(Debug, Default)]
struct Features {
    services: BTreeSet<String>,
    /// Titles by problem.
    problems: BTreeMap<String, String>,
    words: BTreeSet<String>,
}

impl ListSimilarIncidents {
    /// `budget` is how long a list may read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, budget: Duration) -> Result<Self, InvalidVariable> {
        Ok(Self { incidents: tables.incidents()?, alerts: tables.alerts()?, segments: tables.segments()?, budget })
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        self.segments.warm().await;
    }

    /// The incidents that are most alike, up to [`MAX_SIMILAR`], the most alike first. `None` if there is no such incident.
    /// About 300 read units.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list(
        &self,
        id: IncidentId,
        now: Time,
        deadline: Deadline,
    ) -> Result<Option<Vec<SimilarIncident>>, ListError> {
        let deadline = deadline.within(self.budget);
        let Some(incident) = deadline.bound(self.incidents.get(id, now)).await?? else { return Ok(None) };
        let alerts = deadline.bound(self.alerts.latest_of_incident(id, MAX_ALERTS, now)).await??;
        let mut features = Features::of(&incident);
        for alert in &alerts {
            features.note(alert);
        }
        let mut problems = self.of_problems(&features, now, deadline).await?;
        problems.remove(&id);
        let mut ids: BTreeSet<IncidentId> = problems.keys().copied().collect();
        let services: Vec<&String> = features.services.iter().collect();
        if !services.is_empty() {
            let filter = Filter::default().any_of(Field::Service, &services);
            ids.extend(self.newest(Series::Incidents, filter, now, deadline).await?.into_iter().map(IncidentId::from));
        }
        if !features.words.is_empty() {
            let words: Vec<String> = features.words.iter().cloned().collect();
            let filter = Filter::default().words(&query_words(&words.join(" ")));
            ids.extend(self.newest(Series::Incidents, filter, now, deadline).await?.into_iter().map(IncidentId::from));
        }
        let ids: Vec<IncidentId> =
            ids.into_iter().filter(|other| *other != id).rev().take(2 * MAX_CANDIDATES).collect();
        let found = deadline.bound(self.incidents.get_many(&ids, Consistency::Eventual, now)).await??;
        let mut similar: Vec<SimilarIncident> = found
            .into_iter()
            .filter(|other| other.merged_into.is_none())
            .filter_map(|other| {
                let others = problems.remove(&other.id).unwrap_or_default();
                features.compare(other, others)
            })
            .collect();
        similar.sort_by(|one, other| other.score.total_cmp(&one.score).then(other.incident.id.cmp(&one.incident.id)));
        similar.truncate(MAX_SIMILAR);
        Ok(Some(similar))
    }

    /// The incidents of the newest alerts with one of these problems, and which problems those are.
    async fn of_problems(
        &self,
        features: &Features,
        now: Time,
        deadline: Deadline,
    ) -> Result<HashMap<IncidentId, BTreeSet<String>>, ListError> {
        let mut found: HashMap<IncidentId, BTreeSet<String>> = HashMap::new();
        let problems: Vec<&String> = features.problems.keys().collect();
        if problems.is_empty() {
            return Ok(found);
        }
        let filter = Filter::default().any_of(Field::Problem, &problems);
        let ids = self.newest(Series::Alerts, filter, now, deadline).await?;
        let ids: Vec<AlertId> = ids.into_iter().map(AlertId::from).collect();
        for alert in deadline.bound(self.alerts.get_many(&ids, Consistency::Eventual, now)).await?? {
            if let Some(incident_id) = alert.state.incident_id {
                found.entry(incident_id).or_default().insert(problem_of(&alert));
            }
        }
        Ok(found)
    }

    async fn newest(
        &self,
        series: Series,
        filter: Filter,
        now: Time,
        deadline: Deadline,
    ) -> Result<Vec<RowId>, ListError> {
        let query = Query {
            filter,
            order: Order::NEWEST_FIRST,
            start: Start::Offset(0),
            limit: MAX_CANDIDATES,
            facets: Vec::new(),
        };
        Ok(self.segments.list(series, &query, now, deadline).await?.0.ids)
    }
}

impl Features {
    fn of(incident: &Incident) -> Self {
        Self {
            services: incident.services.iter().cloned().collect(),
            problems: BTreeMap::new(),
            words: words_of(&incident.title),
        }
    }

    fn note(&mut self, alert: &Alert) {
        self.problems.insert(problem_of(alert), alert.report.title.value.clone());
    }

    /// What another incident has in common with it. `None` if that is too little.
    fn compare(&self, other: Incident, problems: BTreeSet<String>) -> Option<SimilarIncident> {
        let services: BTreeSet<String> = other.services.iter().cloned().collect();
        let words = words_of(&other.title);
        let common: BTreeMap<&String, &String> =
            self.problems.iter().filter(|(problem, _)| problems.contains(*problem)).collect();
        let score = PROBLEMS * share(common.len(), self.problems.len())
            + SERVICES * likeness(&self.services, &services)
            + WORDS * likeness(&self.words, &words);
        let titles: BTreeSet<&String> = common.into_values().collect();
        (score >= MIN_SCORE).then(|| SimilarIncident {
            score: (score * 100.0).round() / 100.0,
            services: self.services.intersection(&services).cloned().collect(),
            problems: titles.into_iter().cloned().collect(),
            words: self.words.intersection(&words).cloned().collect(),
            incident: other,
        })
    }
}

fn problem_of(alert: &Alert) -> String {
    Row::from(alert).labels(Field::Problem).first().cloned().unwrap_or_default()
}

fn words_of(title: &str) -> BTreeSet<String> {
    let words = query_words(title).into_iter();
    words.filter(|word| word.chars().count() >= MIN_WORD_CHARS && word.chars().any(char::is_alphabetic)).collect()
}

/// How much of two sets they have in common, from 0 to 1.
fn likeness(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    share(one.intersection(other).count(), one.union(other).count())
}

#[expect(clippy::cast_precision_loss, reason = "there are at most some hundreds")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        samples::{alert, at},
        severity::Severity,
    };

    fn incident(number: u64, title: &str, services: &[&str]) -> Incident {
        let (mut alert, _) = alert(number, Severity::Error, "checkout", 0);
        alert.report.title.value = title.to_owned();
        let (mut incident, _) = Incident::open(IncidentId::numbered(at(0), number), &alert, None);
        incident.services = services.iter().map(ToString::to_string).collect();
        incident
    }

    #[test]
    fn what_has_more_in_common_is_more_alike() {
        let (first, _) = alert(1, Severity::Error, "checkout", 0);
        let mut features = Features::of(&incident(1, "Disk of web-1 is full", &["checkout", "cart"]));
        features.note(&first);
        let problem = BTreeSet::from([problem_of(&first)]);
        let compare = |title: &str, services: &[&str], problems: &BTreeSet<String>| {
            features.compare(incident(2, title, services), problems.clone())
        };
        let none = BTreeSet::new();
        let same = compare("Disk of web-2 is full", &["cart", "checkout"], &problem).unwrap();
        assert_eq!((same.services.len(), same.problems.len(), same.score > 5.0), (2, 1, true), "{same:?}");
        assert_eq!(same.words, ["disk", "full", "web"]);
        let services = compare("Latency", &["cart", "checkout"], &none).unwrap();
        let words = compare("Disk of web-9 is full", &["search"], &none).unwrap();
        assert!(same.score > services.score && services.score > words.score, "{services:?} {words:?}");
        assert_eq!(compare("Latency of web", &["search"], &none), None);
        assert_eq!(compare("Latency", &["cart", "a", "b", "c", "d", "e"], &none), None);
    }
}
