//! Statistics of alerts, and the noisiest problems.

use std::{collections::HashMap, time::Duration};

use super::get_incident_stats::{StatsError, answered};
use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::{alert::Alert, id::AlertId, time::Time},
    listing::segments::{
        rows::Series,
        statistics::{
            Statistics, StatisticsQuery,
            alerts::{AlertFigures, alert_statistics},
            problems::{NoisyProblem, acknowledged, noisiest_problems},
        },
    },
    store::{
        Tables,
        alerts::{Alerts, Consistency},
        segments::{ListError, Segments},
    },
};

/// The statistics of alerts that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertStatsQuery {
    pub statistics: StatisticsQuery,
    /// How many of the noisiest problems.
    pub problems: usize,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertStats {
    pub statistics: Statistics<AlertFigures>,
    /// The noisiest first.
    pub problems: Vec<ProblemStats>,
}

/// A problem and its newest alert.
#[derive(Debug, Clone, PartialEq)]
pub struct ProblemStats {
    pub figures: NoisyProblem,
    pub latest: Alert,
}

/// The use case.
#[derive(Debug)]
pub struct GetAlertStats {
    alerts: Alerts,
    segments: Segments,
    budget: Duration,
}

impl GetAlertStats {
    /// `budget` is how long statistics may read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, budget: Duration) -> Result<Self, InvalidVariable> {
        Ok(Self { alerts: tables.alerts()?, segments: tables.segments()?, budget })
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        self.segments.warm().await;
    }

    /// The figures of the alerts that match, as they are now.
    ///
    /// # Errors
    /// [`StatsError`]
    pub async fn get(&self, query: &AlertStatsQuery, now: Time, deadline: Deadline) -> Result<AlertStats, StatsError> {
        let deadline = deadline.within(self.budget);
        let ask = || |view: &_| answered(alert_statistics(view, &query.statistics, now));
        let statistics = self.segments.answer(Series::Alerts, now, deadline, ask).await??;
        let problems =
            if query.problems == 0 { Vec::new() } else { self.noisiest_problems(query, now, deadline).await? };
        Ok(AlertStats { statistics, problems })
    }

    async fn noisiest_problems(
        &self,
        AlertStatsQuery { statistics, problems }: &AlertStatsQuery,
        now: Time,
        deadline: Deadline,
    ) -> Result<Vec<ProblemStats>, ListError> {
        let ask = || |view: &_| acknowledged(view, now);
        let acknowledged = self.segments.answer(Series::Incidents, now, deadline, ask).await?;
        let ask = || |view: &_| noisiest_problems(view, &statistics.filter, &acknowledged, *problems, now);
        let problems = self.segments.answer(Series::Alerts, now, deadline, ask).await?;
        let ids: Vec<AlertId> = problems.iter().map(|problem| problem.latest.into()).collect();
        let alerts = deadline.bound(self.alerts.get_many(&ids, Consistency::Eventual, now)).await??;
        let mut alerts: HashMap<AlertId, Alert> = alerts.into_iter().map(|alert| (alert.id, alert)).collect();
        let with_latest = |figures: NoisyProblem| {
            let latest = alerts.remove(&figures.latest.into())?;
            Some(ProblemStats { figures, latest })
        };
        Ok(problems.into_iter().filter_map(with_latest).collect())
    }
}
