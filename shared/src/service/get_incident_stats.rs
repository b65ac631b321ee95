//! Statistics of incidents.

use std::time::Duration;

use crate::{
    config::InvalidVariable,
    deadline::Deadline,
    domain::time::Time,
    listing::segments::{
        rows::Series,
        statistics::{
            Statistics, StatisticsError, StatisticsQuery,
            incidents::{IncidentFigures, incident_statistics},
            intervals::TooManyIntervals,
        },
        view::Needs,
    },
    store::{
        Tables,
        segments::{ListError, Segments},
    },
};

/// Statistics could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StatsError {
    /// They are like lists: from the same segments.
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    TooManyIntervals(#[from] TooManyIntervals),
}

/// Separates what may be asked again from what may not.
pub(super) fn answered<T>(found: Result<T, StatisticsError>) -> Result<Result<T, TooManyIntervals>, Needs> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(StatisticsError::TooManyIntervals(error)) => Ok(Err(error)),
        Err(StatisticsError::Needs(needs)) => Err(needs),
    }
}

/// The use case.
#[derive(Debug)]
pub struct GetIncidentStats {
    segments: Segments,
    budget: Duration,
}

impl GetIncidentStats {
    /// `budget` is how long statistics may read.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn new(tables: &Tables, budget: Duration) -> Result<Self, InvalidVariable> {
        Ok(Self { segments: tables.segments()?, budget })
    }

    /// Opens the connection while a function starts.
    pub async fn warm(&self) {
        self.segments.warm().await;
    }

    /// The figures of the incidents that match, as they are now.
    ///
    /// # Errors
    /// [`StatsError`]
    pub async fn get(
        &self,
        query: &StatisticsQuery,
        now: Time,
        deadline: Deadline,
    ) -> Result<Statistics<IncidentFigures>, StatsError> {
        let ask = || |view: &_| answered(incident_statistics(view, query, now));
        let deadline = deadline.within(self.budget);
        Ok(self.segments.answer(Series::Incidents, now, deadline, ask).await??)
    }
}
