//! Measures columns without tables: what is read of them, what they take in memory, and how long an answer takes.
//!
//! Read units follow from the sizes of the parts: half a unit per 4 KB of an item.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use shared::listing::segments::{
    bucket::{Bucket, Changes, Missing},
    parts::Part,
    query::{Listing, Query, Start},
    rows::{Row, Series},
    segment::Segment,
    view::{Need, Needs, View},
};

use super::{
    history::{self, end},
    percentiles,
    queries::{self, Named, Question},
    statistics,
};
use crate::report::{Failure, figure, per, progress, table};

/// As many rows as a full bucket has.
const BUCKET_ROWS: usize = 65_536;

/// `BatchGetItem` takes at most 100 keys (Amazon DynamoDB API Reference).
const MAX_KEYS: usize = 100;

/// What is stored of a series: the bytes of each part, by bucket.
struct Stored {
    series: Series,
    buckets: Vec<Bucket>,
    parts: Vec<HashMap<Part, Vec<u8>>>,
}

/// Answers from a view, or says what it needs.
type Asked<'query> = dyn FnMut(&View) -> Result<u64, Needs> + 'query;

/// How much of the store was read to answer.
#[derive(Default)]
struct Read {
    requests: usize,
    bytes: usize,
    blocks: usize,
}

impl Stored {
    const fn new(series: Series) -> Self {
        Self { series, buckets: Vec::new(), parts: Vec::new() }
    }

    fn add(&mut self, rows: &[Row]) {
        for rows in rows.chunks(BUCKET_ROWS) {
            let bucket = Bucket::of(Segment::of(self.series, rows.iter().cloned()));
            let parts = Part::all(self.series, bucket.base.len()).into_iter();
            self.parts.push(parts.filter_map(|part| Some((part, bucket.base.encode(part)?))).collect());
            self.buckets.push(Bucket::unloaded(self.series, bucket.header.clone(), bucket.base.len(), false));
        }
    }

    /// A view of which nothing is in memory.
    fn view(&self) -> View {
        View::new(self.series, self.buckets.clone(), Changes::default())
    }

    fn load(&self, view: &mut View, needs: &[Need], read: &mut Read) -> Result<(), Failure> {
        for need in needs {
            let Missing::Base(part) = need.missing else { return Err("there are no patches".into()) };
            let bytes = self.parts.get(need.bucket).and_then(|parts| parts.get(&part)).ok_or("a part is missing")?;
            let bucket = view.bucket_mut(need.bucket).ok_or("a bucket is missing")?;
            bucket.base.decode(part, bytes)?;
            read.bytes += bytes.len();
            read.blocks += bytes.len().div_ceil(4096);
        }
        read.requests += needs.len().div_ceil(MAX_KEYS);
        Ok(())
    }
}

pub fn run(alerts: usize, rounds: usize) -> Result<(), Failure> {
    let mut stored = [Stored::new(Series::Alerts), Stored::new(Series::Incidents)];
    let mut incidents = Vec::new();
    for (done, (rows, more)) in history::parts(alerts, BUCKET_ROWS).enumerate() {
        stored[0].add(&rows);
        incidents.extend(more);
        progress("columns", ((done + 1) * BUCKET_ROWS).min(alerts), alerts);
    }
    incidents.sort_by_key(|row| row.id);
    stored[1].add(&incidents);
    let mut rows = Vec::new();
    for named in queries::all() {
        let series = stored.iter().find(|stored| stored.series == named.series).ok_or("no such series")?;
        rows.extend(measure(series, &named, rounds)?);
    }
    let sizes = stored.iter().map(|stored| {
        let bytes = |is: &dyn Fn(&Part) -> bool| -> usize {
            stored.parts.iter().flatten().filter(|(part, _)| is(part)).map(|(_, bytes)| bytes.len()).sum()
        };
        let megabytes = |bytes: usize| format!("{} MB", figure(per(bytes as u64, 1_000_000)));
        vec![
            stored.series.to_string(),
            stored.buckets.iter().map(|bucket| bucket.header.rows).sum::<usize>().to_string(),
            stored.buckets.len().to_string(),
            megabytes(bytes(&|part| *part == Part::Filters)),
            megabytes(bytes(&|part| *part == Part::Created)),
            megabytes(bytes(&|part| *part == Part::Words)),
            megabytes(bytes(&|part| *part == Part::Problems)),
            megabytes(bytes(&|part| matches!(part, Part::Number(_)))),
            megabytes(bytes(&|part| matches!(part, Part::Ids(_)))),
        ]
    });
    let head = ["series", "rows", "buckets", "filters", "created_at", "words", "problems", "numbers", "ids"];
    table(&format!("Columns of {alerts} alerts"), &head, &sizes.collect::<Vec<_>>());
    let head =
        ["question", "page", "total", "requests", "read units", "KB", "memory MB", "cold ms", "p50 ms", "p95 ms"];
    table("Answers from columns", &head, &rows);
    Ok(())
}

fn measure(stored: &Stored, named: &Named, rounds: usize) -> Result<Vec<Vec<String>>, Failure> {
    let mut view = stored.view();
    let mut read = Read::default();
    let start = Instant::now();
    let total = ask(stored, &mut view, named, 0, &mut read)?;
    let cold = start.elapsed();
    let places: &[(&str, u64)] = if matches!(named.question, Question::List(_)) {
        &[("first", 0), ("50 %", 50), ("90 %", 90)]
    } else {
        &[("all", 0)]
    };
    let mut rows = Vec::new();
    for (place, share) in places {
        let offset = total * share / 100;
        let mut read = if *share == 0 { std::mem::take(&mut read) } else { Read::default() };
        let mut times = Vec::new();
        for round in 0..=rounds {
            let start = Instant::now();
            ask(stored, &mut view, named, offset, &mut read)?;
            if round > 0 {
                times.push(start.elapsed());
            }
        }
        let (p50, p95) = percentiles(times);
        let memory: usize = view.buckets().iter().map(|bucket| bucket.base.memory()).sum();
        let millis = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
        rows.push(vec![
            named.name.clone(),
            (*place).to_owned(),
            total.to_string(),
            read.requests.to_string(),
            figure(per(read.blocks as u64, 2)),
            (read.bytes / 1000).to_string(),
            (memory / 1_000_000).to_string(),
            if *share == 0 { millis(cold) } else { String::new() },
            millis(p50),
            millis(p95),
        ]);
    }
    Ok(rows)
}

/// Asks until nothing more is needed. Returns how many rows there are.
fn ask(stored: &Stored, view: &mut View, named: &Named, offset: u64, read: &mut Read) -> Result<u64, Failure> {
    let mut question: Box<Asked<'_>> = match &named.question {
        Question::List(query) => {
            let query = Query { start: Start::Offset(offset), ..query.clone() };
            let mut listing = Listing::new(query, end());
            Box::new(move |view| listing.step(view).map(|listed| listed.total))
        }
        Question::Statistics(query) => Box::new(move |view| statistics(view, query)),
    };
    loop {
        let needs = match question(view) {
            Ok(total) => return Ok(total),
            Err(Needs(needs)) => needs,
        };
        stored.load(view, &needs, read)?;
    }
}
