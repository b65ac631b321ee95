//! Measures what lists and statistics cost as the history grows.

mod columns;
mod history;
mod queries;
mod storm;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use local::{Stack, Wire};
use shared::{
    aws::Aws,
    deadline::Deadline,
    listing::{
        page::ListQuery,
        segments::{
            query::Start,
            rows::Series,
            statistics::{StatisticsError, StatisticsQuery, alerts::alert_statistics, incidents::incident_statistics},
            view::{Needs, View},
        },
    },
    service::{
        list_alerts::{AlertsQuery, ListAlerts},
        list_incidents::ListIncidents,
    },
    store::{
        Tables,
        segments::{ListError, Purpose, Segments},
    },
};

use crate::{
    meter::{Counts, Meter},
    report::{Failure, figure, table},
};
use history::end;
use queries::{Named, Question};

/// The sizes of the histories, and how often to read.
#[derive(Debug, Args)]
pub struct Options {
    /// The number of alerts in each history. It has a tenth as many incidents
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    alerts: Vec<usize>,
    /// The number of reads of each page
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Histories of which only the columns are measured, without tables: 10,000,000 alerts take 5 minutes and 6 GB
    #[arg(long, value_delimiter = ',')]
    columns: Vec<usize>,
}

/// The requests, units and bytes of one question.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    requests: u64,
    read_units: f64,
    write_units: f64,
    bytes: u64,
}

/// New processes that know nothing yet.
struct Readers {
    alerts: ListAlerts,
    incidents: ListIncidents,
    statistics: Segments,
    meter: Arc<Meter>,
}

/// Runs the benchmark and prints its tables.
///
/// # Errors
/// If the stack does not start or a list fails.
pub async fn run(options: &Options) -> Result<(), Failure> {
    for alerts in &options.columns {
        columns::run(*alerts, options.rounds)?;
    }
    if !options.columns.is_empty() {
        return Ok(());
    }
    for alerts in &options.alerts {
        measure(*alerts, options.rounds).await?;
    }
    Ok(())
}

async fn measure(alerts: usize, rounds: usize) -> Result<(), Failure> {
    let stack = Stack::start(local::Options::default()).await?;
    let filling = Instant::now();
    history::fill(&stack, alerts).await?;
    println(&format!("\n# {alerts} alerts, {} incidents over 400 days", alerts / 10));
    println(&format!("\nTables filled in {} s.", filling.elapsed().as_secs()));
    let meter = Arc::new(Meter::default());
    let Wire(through) = meter.wire();
    let aws = through(stack.aws().clone());
    backlog(&stack, &aws, &meter).await?;
    let mut rows = Vec::new();
    for named in queries::all() {
        let readers = Readers::new(&stack, &aws, &meter)?;
        let cold = readers.measure(&named, 0, 1).await?;
        rows.push(row(&named.name, "first, cold", &cold));
        let places: &[(&str, u64)] = match named.question {
            Question::List(_) => &[("first", 0), ("50 %", 50), ("90 %", 90)],
            Question::Statistics(_) => &[("all", 0)],
        };
        for (place, share) in places {
            let offset = cold.total * share / 100;
            rows.push(row(&named.name, place, &readers.measure(&named, offset, rounds).await?));
        }
    }
    table("Sealed", &HEAD, &rows);
    storm::run(&stack, &aws, &meter, rounds).await?;
    stack.stop().await;
    Ok(())
}

/// Seals a whole history that nobody sealed yet: first as lists do, then the rest.
async fn backlog(stack: &Stack, aws: &Aws, meter: &Arc<Meter>) -> Result<(), Failure> {
    let readers = Readers::new(stack, aws, meter)?;
    let named = queries::all().remove(0);
    let (before, start, mut attempts) = (meter.counts(), Instant::now(), 0);
    loop {
        attempts += 1;
        match readers.ask(&named, 0).await {
            Ok(_) => break,
            Err(ListError::OutOfTime) if attempts < 1_000 => crate::report::progress("attempts", attempts, 1_000),
            Err(error) => return Err(error.into()),
        }
    }
    let spent = |name: &str, attempts: usize, before: &Counts, took: Duration| {
        let cost = cost(&(meter.counts() - before));
        let Cost { requests, read_units, write_units, .. } = cost;
        let seconds = format!("{:.1}", took.as_secs_f64());
        vec![
            name.to_owned(),
            attempts.to_string(),
            requests.to_string(),
            figure(read_units),
            figure(write_units),
            seconds,
        ]
    };
    let mut rows = vec![spent("the first list, which seals", attempts, &before, start.elapsed())];
    let (before, start) = (meter.counts(), Instant::now());
    let tables = Tables::new(stack.environment("SealSegments"), aws);
    tables.segments()?.seal(Purpose::All, end(), Deadline::after(Duration::from_mins(30))).await?;
    rows.push(spent("seal-segments, the rest", 1, &before, start.elapsed()));
    table("A backlog: nothing is sealed", &["", "attempts", "requests", "read units", "write units", "s"], &rows);
    Ok(())
}

/// What some rounds of a question cost.
struct Measured {
    total: u64,
    cost: Cost,
    p50: Duration,
    p95: Duration,
}

impl Readers {
    fn new(stack: &Stack, aws: &Aws, meter: &Arc<Meter>) -> Result<Self, Failure> {
        let (alerts, incidents) = (stack.environment("ListAlerts"), stack.environment("ListIncidents"));
        Ok(Self {
            alerts: ListAlerts::new(&Tables::new(alerts, aws), alerts.list_budget()?)?,
            incidents: ListIncidents::new(&Tables::new(incidents, aws), incidents.list_budget()?)?,
            statistics: Tables::new(alerts, aws).segments()?,
            meter: Arc::clone(meter),
        })
    }

    /// Asks once. Returns how many rows there are.
    async fn ask(&self, named: &Named, offset: u64) -> Result<u64, ListError> {
        let deadline = Deadline::after(Duration::from_secs(10));
        match &named.question {
            Question::List(query) => {
                let query = shared::listing::segments::query::Query { start: Start::Offset(offset), ..query.clone() };
                let asked = ListQuery { query, list: String::new() };
                match named.series {
                    Series::Alerts => {
                        let asked = AlertsQuery { asked, incidents: Vec::new() };
                        Ok(self.alerts.list(&asked, end(), deadline).await?.total)
                    }
                    Series::Incidents => Ok(self.incidents.list(&asked, end(), deadline).await?.total),
                }
            }
            Question::Statistics(query) => {
                let ask = || |view: &View| statistics(view, query);
                self.statistics.answer(named.series, end(), deadline, ask).await
            }
        }
    }

    async fn measure(&self, named: &Named, offset: u64, rounds: usize) -> Result<Measured, ListError> {
        let (mut times, mut costs, mut total) = (Vec::with_capacity(rounds), Cost::default(), 0);
        for _ in 0..rounds.max(1) {
            let (before, start) = (self.meter.counts(), Instant::now());
            total = self.ask(named, offset).await?;
            times.push(start.elapsed());
            costs = cost(&(self.meter.counts() - &before));
        }
        let (p50, p95) = percentiles(times);
        Ok(Measured { total, cost: costs, p50, p95 })
    }
}

/// How many rows the statistics have.
fn statistics(view: &View, query: &StatisticsQuery) -> Result<u64, Needs> {
    let needs = |error| match error {
        StatisticsError::Needs(needs) => needs,
        StatisticsError::TooManyIntervals(_) => Needs(Vec::new()),
    };
    match view.series() {
        Series::Alerts => alert_statistics(view, query, end()).map(|found| found.all.total.alerts).map_err(needs),
        Series::Incidents => incident_statistics(view, query, end()).map(|found| found.all.total.opened).map_err(needs),
    }
}

fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    (at(50), at(95))
}

fn cost(counts: &Counts) -> Cost {
    let units = counts.units_of("");
    Cost {
        requests: counts.operations.values().map(|calls| calls.calls).sum(),
        read_units: units.read,
        write_units: units.write,
        bytes: counts.operations.values().map(|calls| calls.received_bytes).sum(),
    }
}

const HEAD: [&str; 8] = ["question", "page", "total", "requests", "read units", "KB", "p50 ms", "p95 ms"];

fn row(name: &str, page: &str, measured: &Measured) -> Vec<String> {
    let millis = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    let Cost { requests, read_units, bytes, .. } = measured.cost;
    let (total, kilobytes) = (measured.total.to_string(), (bytes / 1000).to_string());
    let (p50, p95) = (millis(measured.p50), millis(measured.p95));
    vec![name.to_owned(), page.to_owned(), total, requests.to_string(), figure(read_units), kilobytes, p50, p95]
}

#[expect(clippy::print_stdout, reason = "what a benchmark is for")]
fn println(line: &str) {
    println!("{line}");
}
