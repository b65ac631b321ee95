//! Lists while alerts come in: 100,000 an hour, in batches of 10, some minutes of which cannot be sealed yet.

use std::{sync::Arc, time::Duration};

use local::Stack;
use shared::{
    aws::Aws,
    deadline::Deadline,
    ids::IdGenerator,
    store::{
        Tables,
        segments::{Purpose, Segments},
    },
};

use super::{
    HEAD, Readers,
    history::{alert, end},
    queries, row,
};
use crate::{
    meter::Meter,
    report::{Failure, progress, table},
};

const ALERTS_AN_HOUR: i64 = 100_000;

const BATCH: i64 = 10;

/// How long it lasts before it is measured.
const MINUTES: i64 = 8;

pub async fn run(stack: &Stack, aws: &Aws, meter: &Arc<Meter>, rounds: usize) -> Result<(), Failure> {
    let tables = Tables::new(stack.environment("GroupAlerts"), stack.aws());
    let sealer: Segments = Tables::new(stack.environment("SealSegments"), stack.aws()).segments()?;
    let (mut random, ids) = (fastrand::Rng::with_seed(9), IdGenerator::seeded(9));
    let begin = end().plus_minutes(-MINUTES);
    let batches = ALERTS_AN_HOUR * MINUTES / 60 / BATCH;
    let mut sealed_at = begin;
    for batch in 0..batches {
        let at = begin.plus_millis(batch * MINUTES * 60_000 / batches);
        let alerts = (0..BATCH).map(|_| alert(&mut random, &ids, &[], at));
        let writes = alerts.map(|alert| tables.alerts()?.insertion(&alert, None).map_err(Failure::from));
        tables.commit(writes.collect::<Result<_, Failure>>()?, at).await?;
        if at >= sealed_at.plus_minutes(1) {
            sealed_at = at;
            sealer.seal(Purpose::Schedule, at, Deadline::after(Duration::from_mins(1))).await?;
        }
        progress("storm", usize::try_from(batch + 1)?, usize::try_from(batches)?);
    }
    let readers = Readers::new(stack, aws, meter)?;
    let mut rows = Vec::new();
    for named in queries::all().into_iter().take(4) {
        rows.push(row(&named.name, "first, cold", &Readers::new(stack, aws, meter)?.measure(&named, 0, 1).await?));
        readers.measure(&named, 0, 1).await?;
        rows.push(row(&named.name, "first", &readers.measure(&named, 0, rounds).await?));
    }
    table("While 100,000 alerts an hour come in", &HEAD, &rows);
    Ok(())
}
