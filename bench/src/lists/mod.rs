//! Measures what lists cost as the history grows.

mod history;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use local::{Stack, Wire};
use shared::{
    deadline::Deadline,
    domain::{
        delivery::{Content, Delivery, DeliveryId, PackedBody},
        event::{AlertEvent, StatedSeverity, Transition},
        severity::Severity,
        source::Source,
        status::Status,
        time::Time,
    },
    listing::{
        alerts::AlertFilter,
        facets::Facet,
        incidents::{IncidentFilter, IncidentOrder},
        page::{PageRequest, Start},
        plan::Range,
    },
    service::{
        group_alerts::GroupAlerts,
        list_alerts::ListAlerts,
        list_incidents::{IncidentQuery, ListIncidents},
    },
    store::{Tables, lists::ListError},
};
use strum::VariantArray;

use crate::{
    meter::{Counts, Meter},
    report::{Failure, figure, table},
};
use history::{RARE, end, storm};

/// The sizes of the histories, and how often to read.
#[derive(Debug, Args)]
pub struct Options {
    /// The number of alerts in each history. It has a tenth as many incidents
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    alerts: Vec<usize>,
    /// The number of reads of each page after the counts are cached
    #[arg(long, default_value_t = 20)]
    rounds: usize,
}

/// A list to read.
enum Query {
    Alerts(AlertFilter),
    Incidents(IncidentQuery),
}

/// The requests, units and bytes of one list.
#[derive(Clone, Copy, Default)]
struct Cost {
    requests: u64,
    read_units: f64,
    write_units: f64,
    bytes: u64,
}

struct Lists {
    alerts: ListAlerts,
    incidents: ListIncidents,
    meter: Arc<Meter>,
}

/// The figures of each page of each query. The values are in the order of the sizes of the
/// histories.
type Figures = BTreeMap<(usize, String, &'static str), Vec<(Cost, Duration, Duration)>>;

/// Runs the benchmark and prints its tables.
///
/// # Errors
/// If the stack does not start or a list fails.
pub async fn run(options: &Options) -> Result<(), Failure> {
    let mut figures = Figures::new();
    for alerts in &options.alerts {
        let stack = Stack::start(local::Options::default()).await?;
        let filling = Instant::now();
        history::fill(&stack, *alerts).await?;
        let filled = filling.elapsed().as_secs();
        let meter = Arc::new(Meter::default());
        let Wire(through) = meter.wire();
        let aws = through(stack.aws().clone());
        let (alerts_environment, incidents_environment) =
            (stack.environment("ListAlerts"), stack.environment("ListIncidents"));
        let lists = Lists {
            alerts: ListAlerts::new(&Tables::new(alerts_environment, &aws), alerts_environment.list_budget()?)?,
            incidents: ListIncidents::new(
                &Tables::new(incidents_environment, &aws),
                incidents_environment.list_budget()?,
            )?,
            meter,
        };
        let title = format!("## {alerts} alerts, {} incidents over 400 days (filled in {filled} s)", alerts / 10);
        let mut rows = Vec::new();
        for (number, (name, query)) in queries().into_iter().enumerate() {
            let (attempts, cold, took, total) = lists.cold(&query).await?;
            rows.push(row(&name, "first, cold", total, &[attempts.to_string()], cold, (took, took)));
            for (place, share) in [("first", 0), ("50 %", 50), ("90 %", 90)] {
                let (cost, p50, p95) = lists.warm(&query, total * share / 100, options.rounds).await?;
                rows.push(row(&name, place, total, &[], cost, (p50, p95)));
                figures.entry((number, name.clone(), place)).or_default().push((cost, p50, p95));
            }
        }
        table(&title, &HEAD, &rows);
        writes(&stack, &lists.meter).await?;
        stack.stop().await;
    }
    growth(&options.alerts, &figures);
    Ok(())
}

/// How long one write may take.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

const HEAD: [&str; 10] =
    ["list", "page", "total", "attempts", "requests", "read units", "write units", "KB", "p50 ms", "p95 ms"];

fn row(
    name: &str,
    page: &str,
    total: u64,
    attempts: &[String],
    cost: Cost,
    (p50, p95): (Duration, Duration),
) -> Vec<String> {
    let millis = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    let attempts = attempts.first().cloned().unwrap_or_default();
    let Cost { requests, read_units, write_units, bytes } = cost;
    let kilobytes = (bytes / 1000).to_string();
    let requests = requests.to_string();
    let (read_units, write_units) = (figure(read_units), figure(write_units));
    vec![
        name.to_owned(),
        page.to_owned(),
        total.to_string(),
        attempts,
        requests,
        read_units,
        write_units,
        kilobytes,
        millis(p50),
        millis(p95),
    ]
}

/// Prints how much each figure grew from the smallest history to the largest.
fn growth(sizes: &[usize], figures: &Figures) {
    let (Some(small), Some(large)) = (sizes.first(), sizes.last()) else { return };
    let mut rows = Vec::new();
    for ((_, name, page), costs) in figures {
        let (Some(first), Some(last)) = (costs.first(), costs.last()) else { continue };
        let ratio =
            |before: f64, after: f64| if before == 0.0 { "-".to_owned() } else { format!("{:.2}", after / before) };
        rows.push(vec![
            name.clone(),
            (*page).to_owned(),
            ratio(requests(first.0), requests(last.0)),
            ratio(first.0.read_units, last.0.read_units),
            ratio(first.1.as_secs_f64(), last.1.as_secs_f64()),
            ratio(first.2.as_secs_f64(), last.2.as_secs_f64()),
        ]);
    }
    let title = format!("## {large} alerts compared with {small} alerts, counts cached");
    table(&title, &["list", "page", "requests", "read units", "p50", "p95"], &rows);
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn requests(cost: Cost) -> f64 {
    cost.requests as f64
}

impl Lists {
    async fn list(&self, query: &Query, offset: u64, now: Time) -> Result<u64, ListError> {
        let request = PageRequest { limit: 50, start: Start::Offset(offset), ascending: false };
        match query {
            Query::Alerts(filter) => Ok(self.alerts.list(filter, &request, "", now).await?.total),
            Query::Incidents(query) => Ok(self.incidents.list(query, &request, "", now).await?.page.total),
        }
    }

    /// Reads the first page, again until it is counted in time.
    async fn cold(&self, query: &Query) -> Result<(u32, Cost, Duration, u64), ListError> {
        let (before, start) = (self.meter.counts(), Instant::now());
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.list(query, 0, end()).await {
                Ok(total) => return Ok((attempts, cost(&(self.meter.counts() - &before)), start.elapsed(), total)),
                Err(ListError::OutOfTime) if attempts < 100 => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn warm(&self, query: &Query, offset: u64, rounds: usize) -> Result<(Cost, Duration, Duration), ListError> {
        let mut times = Vec::with_capacity(rounds);
        let mut costs = Cost::default();
        for _ in 0..rounds.max(1) {
            let (before, start) = (self.meter.counts(), Instant::now());
            self.list(query, offset, end()).await?;
            times.push(start.elapsed());
            costs = cost(&(self.meter.counts() - &before));
        }
        times.sort();
        let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
        Ok((costs, at(50), at(95)))
    }
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

fn queries() -> Vec<(String, Query)> {
    let words = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let narrow =
        Range { from: Some(end().plus_minutes(-200 * 24 * 60)), to: Some(end().plus_minutes(-197 * 24 * 60 + 17)) };
    let alerts = [
        ("no filter", AlertFilter::default()),
        ("severity", AlertFilter { severities: vec![Severity::Critical], ..Default::default() }),
        ("service", AlertFilter { services: words(&["service-07"]), ..Default::default() }),
        (
            "severity, source, environment",
            AlertFilter {
                severities: vec![Severity::Critical, Severity::Error],
                sources: vec![Source::named("datadog")],
                environments: words(&["production"]),
                ..Default::default()
            },
        ),
        ("3 days", AlertFilter { created: narrow, ..Default::default() }),
        (
            "a storm",
            AlertFilter { created: Range { from: Some(storm().0), to: Some(storm().1) }, ..Default::default() },
        ),
        (
            "a storm, severity",
            AlertFilter {
                severities: vec![Severity::Critical],
                created: Range { from: Some(storm().0), to: Some(storm().1) },
                ..Default::default()
            },
        ),
        ("rare environment", AlertFilter { environments: words(&[RARE]), ..Default::default() }),
        (
            "200 values",
            AlertFilter {
                services: (0..100).map(|number| format!("service-{number:02}")).collect(),
                environments: (0..99).map(|number| format!("e-{number}")).chain(words(&["production"])).collect(),
                ..Default::default()
            },
        ),
        ("nothing", AlertFilter { environments: words(&["nowhere"]), ..Default::default() }),
    ];
    let created = IncidentOrder::Created;
    let incidents = [
        ("no filter", IncidentFilter::default(), created, &[] as &[Facet]),
        ("no filter, 5 facets", IncidentFilter::default(), created, Facet::VARIANTS),
        ("no filter, by change", IncidentFilter::default(), IncidentOrder::Updated, &[]),
        ("status", IncidentFilter { statuses: vec![Status::Closed], ..Default::default() }, created, &[]),
        (
            "severity, source, team",
            IncidentFilter {
                severities: vec![Severity::Critical, Severity::Error],
                sources: vec![Source::named("datadog")],
                teams: words(&["team-3", "team-4"]),
                ..Default::default()
            },
            created,
            &[],
        ),
        ("3 days", IncidentFilter { created: narrow, ..Default::default() }, created, &[]),
        ("rare service", IncidentFilter { services: words(&[RARE]), ..Default::default() }, created, &[]),
        ("nothing", IncidentFilter { services: words(&["nowhere"]), ..Default::default() }, created, &[]),
    ];
    let alerts = alerts.into_iter().map(|(name, filter)| (format!("alerts: {name}"), Query::Alerts(filter)));
    let incidents = incidents.into_iter().map(|(name, filter, order, facets)| {
        (format!("incidents: {name}"), Query::Incidents(IncidentQuery { filter, order, facets: facets.to_vec() }))
    });
    alerts.chain(incidents).collect()
}

/// Measures what deliveries write. Only a change of an old row invalidates cached counts.
async fn writes(stack: &Stack, meter: &Arc<Meter>) -> Result<(), Failure> {
    let Wire(through) = meter.wire();
    let grouper = GroupAlerts::new(&Tables::new(stack.environment("GroupAlerts"), &through(stack.aws().clone())), 5)?;
    let mut rows = Vec::new();
    let steps = [
        ("a new alert opens an incident", 1, Transition::Firing, 0),
        ("another joins it", 2, Transition::Firing, 1),
        ("it is reported again", 2, Transition::Firing, 2),
        ("it is resolved", 2, Transition::Resolved, 3),
        ("the first is resolved 3 hours later", 1, Transition::Resolved, 180),
    ];
    for (number, (name, problem, transition, minutes)) in steps.into_iter().enumerate() {
        let at = end().plus_minutes(minutes);
        let before = meter.counts();
        grouper.group(&delivery(number, problem, transition, at), at, Deadline::after(WRITE_TIMEOUT)).await?;
        let since = meter.counts() - &before;
        let requests: u64 = since.operations.values().map(|calls| calls.calls).sum();
        let counts = since.units_of("CountsTable").write;
        rows.push(vec![name.to_owned(), requests.to_string(), figure(since.units_of("").write), figure(counts)]);
    }
    table("Writes", &["delivery", "requests", "write units", "of these for invalidation"], &rows);
    Ok(())
}

fn delivery(number: usize, problem: u8, transition: Transition, at: Time) -> Delivery {
    let event = AlertEvent {
        title: "Checkout is slow".to_owned(),
        severity: Some(StatedSeverity { value: Severity::Error, matched: String::new(), confidence: 1.0 }),
        service: Some("checkout".to_owned()),
        environment: Some("elsewhere".to_owned()),
        ..AlertEvent::bare(Source::named("datadog"), &format!("monitor:new-{problem}"), transition, at)
    };
    Delivery {
        delivery_id: DeliveryId::new(format!("datadog-1-new-{number}")),
        source: Source::named("datadog"),
        received_at: at,
        content: Content::Event(Box::new(event)),
        content_hash: "0".repeat(16),
        body: PackedBody { gzip: vec![0; 600], length: 1500, truncated: false },
        headers: std::collections::BTreeMap::new(),
        redrive_of: None,
    }
}
