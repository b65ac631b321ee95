//! Seals rows: what changed goes from the change log into segments. Writers never wait for it, and any number may do it at
//! the same time: each step ends with a change of the root, which only one of them can make.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use tracing::{info, warn};

use super::{
    Failure, ListError, Segments,
    cache::{Cache, is_too_old},
    manifest::{BaseEntry, BucketEntry, Manifest, PatchEntry, Upkeep},
    parts::{NewPart, PartRef},
    root::{MANIFEST, Root, RootRead, RootState, Swap},
    source::{Moments, NextIds, Wanted},
};
use crate::{
    deadline::Deadline,
    domain::{id::Generation, time::Time},
    listing::segments::{
        bucket::{Bucket, Changes as Unsealed, PatchState},
        parts::Part,
        rows::{Number, Row, RowId, Series},
        segment::Segment,
        view::Need,
    },
    packing::deflate_json,
    store::{StoreError, changes::MAX_LATE_MS},
};

/// How many rows a step takes at most.
pub const MAX_STEP_ROWS: usize = 16_384;

/// How many rows it takes at least, however often time runs out.
const MIN_STEP_ROWS: usize = 256;

/// A list seals rows first if more than this wait for it.
pub const MAX_UNSEALED_ROWS: usize = 4_096;

/// So many rows are worth a step.
const DUE_ROWS: usize = 128;

/// Fewer rows are sealed after so long.
const DUE_MINUTES: i64 = 30;

/// If nothing changed, the root says so after so long: lists need not look for changes of the days before.
const IDLE_MINUTES: i64 = 6 * 60;

/// How far before the beginning of a new summary the change log is read: an index lacks what was written in the last
/// moments.
const INDEX_LAG_MINUTES: i64 = 15;

/// How long segments are kept. They are written anew before, if they are still used.
const KEPT_DAYS: i64 = 90;

const MINUTES_A_DAY: i64 = 24 * 60;

/// Why rows are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A list needs it.
    Read,
    /// It is time to.
    Schedule,
    /// Everything is to be sealed, even a single row.
    All,
}

/// How far sealing got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// Nothing is left to do for now.
    Done,
    /// Time ran out.
    Further,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There is nothing to do.
    Idle,
    /// It changed the root.
    Advanced,
    /// Somebody else changed the root meanwhile, so nothing changed.
    Lost,
}

/// A root in the making.
struct Draft {
    version: Option<u64>,
    sealed_until: Time,
    manifest: Manifest,
    parts: Vec<NewPart>,
    /// The buckets that are new, by series and generation of their bases and patches, for the cache.
    buckets: Vec<(Series, Generation, Bucket)>,
    expires_at: i64,
    now: Time,
}

impl Segments {
    /// Seals until nothing is left to do, or until the deadline. What is done stays done.
    ///
    /// # Errors
    /// [`ListError::Store`]; and [`ListError::OutOfTime`] if a list needs more.
    pub async fn seal(&self, purpose: Purpose, now: Time, deadline: Deadline) -> Result<Sealed, ListError> {
        loop {
            let step = async {
                let mut cache = self.cache.0.lock().await;
                let step = self.step(&mut cache, purpose, now).await;
                cache.limit_memory();
                step
            };
            let Ok(step) = deadline.bound(step).await else {
                let _ = self
                    .step_rows
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |rows| Some((rows / 2).max(MIN_STEP_ROWS)));
                return if purpose == Purpose::Read { Err(ListError::OutOfTime) } else { Ok(Sealed::Further) };
            };
            match step {
                Ok(Step::Idle) => return Ok(Sealed::Done),
                Ok(Step::Advanced) => {
                    let _ = self
                        .step_rows
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |rows| Some((rows * 2).min(MAX_STEP_ROWS)));
                }
                Ok(Step::Lost) => {}
                Err(Failure::Store(error)) => return Err(error.into()),
                Err(Failure::Damaged(what)) => {
                    warn!(what, "a stored segment is damaged: everything is sealed anew");
                    self.forget(now).await?;
                }
            }
        }
    }

    /// Forgets what is sealed. Everything is sealed anew.
    ///
    /// # Errors
    /// [`ListError::Store`]
    pub async fn forget(&self, now: Time) -> Result<(), ListError> {
        let version = self.roots.read(RootRead::Latest).await?.version();
        self.begin(version, now).await?;
        Ok(())
    }

    /// Begins a new summary. Changes are in the change log from now on.
    async fn begin(&self, version: Option<u64>, now: Time) -> Result<Step, StoreError> {
        info!("all alerts and incidents are summarised anew");
        let draft = Draft::new(version, now.plus_minutes(-INDEX_LAG_MINUTES), Manifest::unsealed(), now);
        let mut cache = Cache::default();
        self.write(draft, &mut cache).await
    }

    async fn step(&self, cache: &mut Cache, purpose: Purpose, now: Time) -> Result<Step, Failure> {
        let root = match self.roots.read(RootRead::Latest).await? {
            RootState::Found(root) if !is_too_old(&root, now) => root,
            other => return Ok(self.begin(other.version(), now).await?),
        };
        if now < root.sealed_until {
            warn!(sealed_until = %root.sealed_until, "the clock of this process is minutes behind: others seal");
            return Ok(Step::Idle);
        }
        let manifest = self.adopt(cache, root.clone()).await?;
        for series in [Series::Alerts, Series::Incidents] {
            if let Some(reached_ms) = manifest.of(series).reached_ms {
                return self.summarise(cache, (&root, &manifest), (series, reached_ms), now).await;
            }
        }
        let step = self.take_changes(cache, (&root, &manifest), purpose, now).await?;
        if step != Step::Idle || purpose == Purpose::Read {
            return Ok(step);
        }
        self.keep_up(cache, (&root, &manifest), now).await
    }

    /// Summarises the next rows of a series, in the order of creation.
    async fn summarise(
        &self,
        cache: &mut Cache,
        (root, manifest): (&Root, &Manifest),
        (series, reached_ms): (Series, i64),
        now: Time,
    ) -> Result<Step, Failure> {
        let at = Moments { since: root.sealed_until.plus_minutes(INDEX_LAG_MINUTES), now };
        let NextIds { ids, are_last } = self.next_ids(series, RowId::new(reached_ms, u128::MAX), at).await?;
        let wanted: Vec<Wanted> = ids.iter().map(|id| Wanted { id: *id, version: 0, at: Time::EARLIEST }).collect();
        let found = self.source.rows(series, &wanted, now).await?;
        let rows: Vec<Row> = found.into_iter().filter_map(|found| Some(found.row?.row)).collect();
        let mut draft = Draft::new(Some(root.version), root.sealed_until, manifest.clone(), now);
        draft.append(series, rows);
        draft.manifest.of_mut(series).reached_ms = ids.last().filter(|_| !are_last).map(|id| id.created_ms());
        info!(%series, rows = ids.len(), are_last, "summarised");
        Ok(self.write(draft, cache).await?)
    }

    /// The next ids of a series. A millisecond is never cut in two, so that buckets do not overlap.
    async fn next_ids(&self, series: Series, after: RowId, at: Moments) -> Result<NextIds, StoreError> {
        let mut most = self.step_rows.load(Ordering::Relaxed);
        loop {
            let mut next = self.source.ids_after(series, after, most, at).await?;
            let last = next.ids.last().map_or(0, |id| id.created_ms());
            if next.are_last {
                return Ok(next);
            }
            next.ids.retain(|id| id.created_ms() < last);
            if !next.ids.is_empty() {
                return Ok(next);
            }
            most *= 2;
        }
    }

    /// Takes over what changed, as far as no earlier change can appear any more.
    async fn take_changes(
        &self,
        cache: &mut Cache,
        (root, manifest): (&Root, &Manifest),
        purpose: Purpose,
        now: Time,
    ) -> Result<Step, Failure> {
        let until = now.plus_millis(-MAX_LATE_MS);
        if until <= root.sealed_until {
            return Ok(Step::Idle);
        }
        let changes = self.log.between(root.sealed_until, until, self.step_rows.load(Ordering::Relaxed)).await?;
        let mut wanted: BTreeMap<Series, BTreeMap<RowId, Wanted>> = BTreeMap::new();
        for change in &changes.entries {
            for row in &change.rows {
                let new = Wanted { id: row.id, version: row.version, at: change.at() };
                let known = wanted.entry(row.series).or_default().entry(row.id).or_insert(new);
                *known = Wanted { version: known.version.max(new.version), at: known.at.max(new.at), ..new };
            }
        }
        let rows: usize = wanted.values().map(BTreeMap::len).sum();
        let is_older = |minutes| root.sealed_until.plus_minutes(minutes) <= changes.until;
        let is_due = match (rows, purpose) {
            (0, _) => is_older(IDLE_MINUTES),
            (_, Purpose::Schedule) => rows >= DUE_ROWS || is_older(DUE_MINUTES),
            (_, Purpose::Read | Purpose::All) => true,
        };
        if !is_due {
            return Ok(Step::Idle);
        }
        let mut draft = Draft::new(Some(root.version), changes.until, manifest.clone(), now);
        for (series, wanted) in wanted {
            let wanted: Vec<Wanted> = wanted.into_values().collect();
            let found = self.source.rows(series, &wanted, now).await?;
            if found.iter().any(|found| !found.is_settled) {
                warn!(%series, "rows do not show changes of minutes ago: they are sealed later");
                return Ok(Step::Idle);
            }
            let mut unsealed = Unsealed::default();
            for found in found {
                match found.row {
                    Some(found) => unsealed.rows.push(found.row),
                    None => unsealed.gone.push(found.id),
                }
            }
            self.take_series(cache, &mut draft, series, unsealed).await?;
        }
        info!(rows, until = %changes.until, "sealed");
        Ok(self.write(draft, cache).await?)
    }

    /// Puts changed rows of a series into the patches of their buckets, or into a new bucket at the end.
    async fn take_series(
        &self,
        cache: &mut Cache,
        draft: &mut Draft,
        series: Series,
        unsealed: Unsealed,
    ) -> Result<(), Failure> {
        let mut by_bucket: BTreeMap<usize, Unsealed> = BTreeMap::new();
        let mut new = Vec::new();
        let sealed = draft.manifest.of(series);
        let closed_until = sealed.closed_until();
        for row in unsealed.rows {
            match sealed.bucket_of(row.id) {
                Some(place) if closed_until.is_none_or(|closed| row.id.created_ms() <= closed) => {
                    by_bucket.entry(place).or_default().rows.push(row);
                }
                _ => new.push(row),
            }
        }
        for id in unsealed.gone {
            if let Some(place) = sealed.bucket_of(id) {
                by_bucket.entry(place).or_default().gone.push(id);
            }
        }
        let places: BTreeSet<usize> = by_bucket.keys().copied().collect();
        self.load_whole(cache, series, &places).await?;
        for (place, changes) in by_bucket {
            let patched = cache.view(series).buckets().get(place).and_then(|bucket| bucket.patched(&changes));
            let patched = patched.ok_or_else(|| Failure::Damaged(format!("{series}, bucket {place}")))?;
            draft.patch(series, place, patched);
        }
        draft.append(series, new);
        Ok(())
    }

    /// Makes few large buckets of many small ones, and writes anew what has changed much or would expire.
    async fn keep_up(
        &self,
        cache: &mut Cache,
        (root, manifest): (&Root, &Manifest),
        now: Time,
    ) -> Result<Step, Failure> {
        for series in [Series::Alerts, Series::Incidents] {
            let Some(upkeep) = manifest.of(series).upkeep(now) else { continue };
            let mut draft = Draft::new(Some(root.version), root.sealed_until, manifest.clone(), now);
            match upkeep {
                Upkeep::Drop(place) => draft.replace(series, (place, 1), Vec::new()),
                Upkeep::Merge { first, count } => {
                    let places: BTreeSet<usize> = (first..first + count).collect();
                    self.load_whole(cache, series, &places).await?;
                    let buckets = cache.view(series).buckets().get(first..first + count).unwrap_or_default();
                    let rows: Option<Vec<Vec<Row>>> = buckets.iter().map(Bucket::rows).collect();
                    let rows = rows.ok_or_else(|| Failure::Damaged(format!("{series}, bucket {first}")))?.concat();
                    draft.replace(series, (first, count), rows);
                }
            }
            info!(%series, ?upkeep, "buckets are written anew");
            return Ok(self.write(draft, cache).await?);
        }
        Ok(Step::Idle)
    }

    /// Brings all parts of some buckets into memory.
    async fn load_whole(&self, cache: &mut Cache, series: Series, places: &BTreeSet<usize>) -> Result<(), Failure> {
        let buckets = cache.view(series).buckets();
        let needs = places.iter().filter_map(|place| Some((*place, buckets.get(*place)?)));
        let needs: Vec<Need> = needs
            .flat_map(|(bucket, known)| known.missing().into_iter().map(move |missing| Need { bucket, missing }))
            .collect();
        self.load(cache, series, &needs).await
    }

    /// Writes the parts of a draft, and then makes it the root.
    async fn write(&self, mut draft: Draft, cache: &mut Cache) -> Result<Step, StoreError> {
        let manifest = deflate_json(&draft.manifest).map_err(|_| StoreError::of_attribute("Put manifest", MANIFEST))?;
        let manifest = NewPart { owner: draft.new_id(), name: MANIFEST.to_owned(), bytes: manifest };
        let part = PartRef { owner: manifest.owner, name: MANIFEST.to_owned(), chunks: manifest.chunks() };
        draft.parts.push(manifest);
        self.parts.write(&draft.parts, draft.expires_at).await?;
        // A version never comes again, even if somebody deletes all rows of the table.
        let version = draft.version.map_or_else(|| fastrand::u64(1..1 << 48), |version| version + 1);
        let root = Root { version, sealed_until: draft.sealed_until, manifest: part };
        if self.roots.swap(draft.version, &root).await? == Swap::Lost {
            return Ok(Step::Lost);
        }
        cache.adopt(root, Arc::new(draft.manifest));
        for (series, id, bucket) in draft.buckets {
            cache.keep(series, id, bucket);
        }
        Ok(Step::Advanced)
    }
}

impl Draft {
    fn new(version: Option<u64>, sealed_until: Time, manifest: Manifest, now: Time) -> Self {
        let expires_at = now.plus_minutes(KEPT_DAYS * MINUTES_A_DAY).as_seconds();
        Self { version, sealed_until, manifest, parts: Vec::new(), buckets: Vec::new(), expires_at, now }
    }

    fn new_id(&self) -> Generation {
        Generation::new(self.now, fastrand::u128(..))
    }

    /// Appends a bucket of rows, none of which is in another bucket.
    fn append(&mut self, series: Series, rows: Vec<Row>) {
        let Some(first) = rows.iter().map(|row| row.id.created_ms()).min() else { return };
        let from_ms = if self.manifest.of(series).buckets.is_empty() { 0 } else { first };
        let entry = self.base(series, from_ms, rows);
        self.manifest.of_mut(series).buckets.extend(entry);
    }

    /// Puts a bucket with changes in the place of what it was.
    fn patch(&mut self, series: Series, place: usize, bucket: Bucket) {
        let PatchState::Loaded(patch) = &bucket.patch else { return };
        let rows = patch.segment.len().max(patch.hidden.len());
        let Some(entry) = self.manifest.of(series).buckets.get(place) else { return };
        if entry.is_large_patch(rows) || bucket.header.rows == 0 {
            return self.replace(series, (place, 1), bucket.rows().unwrap_or_default());
        }
        let (id, bytes) = (self.new_id(), patch.encode().unwrap_or_default());
        let part = NewPart { owner: id, name: PatchEntry::NAME.to_owned(), bytes };
        let patch = PatchEntry { id, rows, chunks: part.chunks(), expires_at: self.expires_at };
        self.parts.push(part);
        if let Some(entry) = self.manifest.of_mut(series).buckets.get_mut(place) {
            entry.header = bucket.header.clone();
            entry.patch = Some(patch);
            self.buckets.push((series, entry.base.id, bucket));
        }
    }

    /// Puts one bucket of rows in the place of some neighbours, or none if no row is left.
    fn replace(&mut self, series: Series, (first, count): (usize, usize), rows: Vec<Row>) {
        let expires = |row: &Row| row.number(Number::ExpiresAt).is_some_and(|at| at <= self.now.as_seconds());
        let rows: Vec<Row> = rows.into_iter().filter(|row| !expires(row)).collect();
        let from_ms = self.manifest.of(series).buckets.get(first).map_or(0, |entry| entry.from_ms);
        let entry = if rows.is_empty() { None } else { self.base(series, from_ms, rows) };
        let buckets = &mut self.manifest.of_mut(series).buckets;
        buckets.splice(first..first + count, entry);
        // The first bucket begins at the beginning of time.
        if let Some(bucket) = buckets.first_mut() {
            bucket.from_ms = 0;
        }
    }

    /// A bucket of rows with a base only.
    fn base(&mut self, series: Series, from_ms: i64, rows: Vec<Row>) -> Option<BucketEntry> {
        let bucket = Bucket::of(Segment::of(series, rows));
        let mut base = BaseEntry {
            id: self.new_id(),
            rows: bucket.base.len(),
            chunks: BTreeMap::new(),
            expires_at: self.expires_at,
        };
        for part in Part::all(series, base.rows) {
            let part = NewPart { owner: base.id, name: part.to_string(), bytes: bucket.base.encode(part)? };
            if part.chunks() > 1 {
                base.chunks.insert(part.name.clone(), part.chunks());
            }
            self.parts.push(part);
        }
        let entry = BucketEntry { from_ms, header: bucket.header.clone(), base, patch: None };
        self.buckets.push((series, entry.base.id, bucket));
        Some(entry)
    }
}
