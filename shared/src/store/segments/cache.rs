//! What a process knows of the rows: the sealed buckets as far as it read them, and the rows that changed since.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    mem,
    sync::Arc,
};

use ulid::Ulid;

use super::{
    Failure, Segments,
    manifest::{BucketEntry, Manifest},
    parts::PartRef,
    root::{Root, RootRead, RootState},
    seal::MAX_UNSEALED_ROWS,
    source::{Found, FoundRow, Record, Wanted},
};
use crate::{
    domain::{id::Generation, time::Time},
    listing::segments::{
        bucket::{Bucket, Changes as Unsealed, Missing, Patch, PatchState},
        rows::{RowId, Series},
        view::{Need, View},
    },
    packing::inflate_json,
    store::changes::{Changes, KEPT_DAYS, MAX_LATE_MS},
};

/// A process keeps at most so many bytes of columns. Beyond that it forgets them, and the next list reads what it needs.
const MAX_MEMORY_BYTES: usize = 192 * 1024 * 1024;

/// How many entries of a partition of the change log are read before other partitions catch up.
const MAX_ENTRIES: usize = 20_000;

const MINUTES_A_DAY: i64 = 24 * 60;

/// What a process knows.
#[derive(Debug)]
pub struct Cache {
    pub root: Option<Root>,
    pub manifest: Arc<Manifest>,
    /// The entries of the change log that were seen, as far as their time is after `seen_until`.
    seen: HashSet<Ulid>,
    /// Every entry before this time was seen.
    seen_until: Time,
    alerts: SeriesCache,
    incidents: SeriesCache,
}

/// What a process knows of a series.
#[derive(Debug)]
struct SeriesCache {
    view: View,
    /// The rows that changed since they were sealed.
    unsealed: BTreeMap<RowId, UnsealedRow>,
    /// Whether the view is older than `unsealed`.
    is_behind: bool,
}

/// A row that changed since it was sealed.
#[derive(Debug, Clone)]
struct UnsealedRow {
    wanted: Wanted,
    /// As it was read last. `None` if it is not in the table.
    row: Option<FoundRow>,
    is_settled: bool,
}

/// Whether lists can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The view shows every change that was written before.
    Fresh,
    /// Rows must be sealed first.
    Unsealed,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            root: None,
            manifest: Arc::default(),
            seen: HashSet::new(),
            seen_until: Time::EARLIEST,
            alerts: SeriesCache::of(Series::Alerts, Vec::new()),
            incidents: SeriesCache::of(Series::Incidents, Vec::new()),
        }
    }
}

impl SeriesCache {
    fn of(series: Series, buckets: Vec<Bucket>) -> Self {
        Self { view: View::new(series, buckets, Unsealed::default()), unsealed: BTreeMap::new(), is_behind: false }
    }

    fn note(&mut self, wanted: Wanted) {
        let known = UnsealedRow { wanted, row: None, is_settled: false };
        let known = self.unsealed.entry(wanted.id).or_insert(known);
        known.wanted.version = known.wanted.version.max(wanted.version);
        known.wanted.at = known.wanted.at.max(wanted.at);
        known.is_settled = false;
        self.is_behind = true;
    }

    fn take(&mut self, found: Vec<Found>) {
        for Found { id, row, is_settled } in found {
            if let Some(known) = self.unsealed.get_mut(&id) {
                known.row = row;
                known.is_settled = is_settled;
            }
        }
        self.is_behind = true;
    }

    /// Brings the view up to date.
    fn catch_up(&mut self) {
        if !mem::take(&mut self.is_behind) {
            return;
        }
        let mut changes = Unsealed::default();
        for (id, known) in &self.unsealed {
            match &known.row {
                Some(found) => changes.rows.push(found.row.clone()),
                None => changes.gone.push(*id),
            }
        }
        self.view.set_changes(changes);
    }
}

impl Cache {
    /// The view of a series, as of the last refresh.
    pub const fn view(&self, series: Series) -> &View {
        &self.series(series).view
    }

    const fn series(&self, series: Series) -> &SeriesCache {
        match series {
            Series::Alerts => &self.alerts,
            Series::Incidents => &self.incidents,
        }
    }

    const fn series_mut(&mut self, series: Series) -> &mut SeriesCache {
        match series {
            Series::Alerts => &mut self.alerts,
            Series::Incidents => &mut self.incidents,
        }
    }

    /// Takes over another root. Segments that it has in common with the one before stay in memory.
    pub fn adopt(&mut self, root: Root, manifest: Arc<Manifest>) {
        for series in [Series::Alerts, Series::Incidents] {
            let before = &self.manifest.of(series).buckets;
            let known = self.series(series).view.buckets();
            let known: HashMap<Generation, (&BucketEntry, &Bucket)> =
                before.iter().zip(known).map(|(entry, bucket)| (entry.base.id, (entry, bucket))).collect();
            let entries = &manifest.of(series).buckets;
            let buckets =
                entries.iter().map(|entry| bucket(series, entry, known.get(&entry.base.id).copied())).collect();
            let cache = self.series_mut(series);
            cache.view = View::new(series, buckets, Unsealed::default());
            cache.unsealed.retain(|_, row| row.wanted.at >= root.sealed_until);
            cache.is_behind = true;
        }
        // What is sealed needs not be seen.
        self.seen_until = self.seen_until.max(root.sealed_until);
        self.root = Some(root);
        self.manifest = manifest;
    }

    /// Notes entries of the change log.
    fn see(&mut self, changes: Changes, now: Time) {
        let sealed_until = self.root.as_ref().map_or(Time::EARLIEST, |root| root.sealed_until);
        for change in changes.entries {
            let at = change.at();
            if at < sealed_until || !self.seen.insert(change.id) {
                continue;
            }
            for row in change.rows {
                self.series_mut(row.series).note(Wanted { id: row.id, version: row.version, at });
            }
        }
        // Later entries may still appear.
        self.seen_until = self.seen_until.max(changes.until.min(now.plus_millis(-MAX_LATE_MS)));
        let first = Ulid::from_parts(self.seen_until.as_millis().unsigned_abs(), 0);
        self.seen.retain(|id| *id >= first);
    }

    /// Keeps a bucket that was just sealed, so that it need not be read.
    pub fn keep(&mut self, series: Series, base: Generation, bucket: Bucket) {
        let place = self.manifest.of(series).buckets.iter().position(|entry| entry.base.id == base);
        if let Some(known) = place.and_then(|place| self.series_mut(series).view.bucket_mut(place)) {
            *known = bucket;
        }
    }

    /// A row that changed and is not sealed yet, as it was read last.
    pub fn record(&self, series: Series, id: RowId) -> Option<&Record> {
        let known = self.series(series).unsealed.get(&id)?;
        known.row.as_ref().map(|found| &found.record)
    }

    /// How many changed rows could be sealed.
    fn sealable(&self, now: Time) -> usize {
        let until = now.plus_millis(-MAX_LATE_MS);
        let rows = self.alerts.unsealed.values().chain(self.incidents.unsealed.values());
        rows.filter(|row| row.wanted.at < until).count()
    }

    /// Forgets columns if they take too much memory.
    pub fn limit_memory(&mut self) {
        let of_bucket =
            |bucket: &Bucket| bucket.base.memory() + bucket.patch().map_or(0, |patch| patch.segment.memory());
        let all = [&self.alerts, &self.incidents];
        let memory: usize = all.iter().flat_map(|series| series.view.buckets()).map(of_bucket).sum();
        if memory > MAX_MEMORY_BYTES {
            self.forget_columns();
        }
    }

    /// Forgets columns. What changed since they were sealed stays known.
    pub fn forget_columns(&mut self) {
        for series in [Series::Alerts, Series::Incidents] {
            let buckets = self.manifest.of(series).buckets.iter().map(|entry| bucket(series, entry, None)).collect();
            let cache = self.series_mut(series);
            cache.view = View::new(series, buckets, Unsealed::default());
            cache.is_behind = true;
        }
    }
}

/// A sealed bucket, with what is known of its segments.
fn bucket(series: Series, entry: &BucketEntry, known: Option<(&BucketEntry, &Bucket)>) -> Bucket {
    let mut bucket = Bucket::unloaded(series, entry.header.clone(), entry.base.rows, entry.patch.is_some());
    if let Some((before, known)) = known {
        bucket.base = known.base.clone();
        if before.patch == entry.patch {
            bucket.patch = known.patch.clone();
        }
    }
    bucket
}

impl Segments {
    /// Brings what is known up to date.
    pub(super) async fn refresh(&self, cache: &mut Cache, series: Series, now: Time) -> Result<Freshness, Failure> {
        let (root, changes) = if cache.root.is_some() {
            let from = cache.seen_until;
            tokio::try_join!(self.roots.read(RootRead::Recent), async {
                self.log.since(from, now, MAX_ENTRIES).await.map(Some)
            })?
        } else {
            (self.roots.read(RootRead::Recent).await?, None)
        };
        let RootState::Found(mut root) = root else { return Ok(Freshness::Unsealed) };
        if cache.root.as_ref().is_some_and(|known| root.version < known.version) {
            // It was read before the latest was there, or somebody deleted the latest.
            match self.roots.read(RootRead::Latest).await? {
                RootState::Found(latest) => root = latest,
                RootState::Missing | RootState::Unreadable { .. } => return Ok(Freshness::Unsealed),
            }
        }
        if is_too_old(&root, now) {
            return Ok(Freshness::Unsealed);
        }
        let since = cache.root.as_ref().map(|root| root.sealed_until);
        if !self.adopt(cache, root).await?.is_complete() {
            return Ok(Freshness::Unsealed);
        }
        let is_newer = cache.root.as_ref().map(|root| root.sealed_until) >= since;
        let mut until = match changes {
            Some(changes) if is_newer => {
                let until = changes.until;
                cache.see(changes, now);
                until
            }
            _ => Time::EARLIEST,
        };
        // A reading that was cut short goes on where it ended.
        while until <= now {
            let changes = self.log.since(cache.seen_until.max(until), now, MAX_ENTRIES).await?;
            until = changes.until;
            cache.see(changes, now);
            if cache.sealable(now) > MAX_UNSEALED_ROWS {
                return Ok(Freshness::Unsealed);
            }
        }
        if cache.sealable(now) > MAX_UNSEALED_ROWS {
            return Ok(Freshness::Unsealed);
        }
        let unsealed = &cache.series(series).unsealed;
        let wanted: Vec<Wanted> = unsealed.values().filter(|row| !row.is_settled).map(|row| row.wanted).collect();
        if !wanted.is_empty() {
            let found = self.source.rows(series, &wanted, now).await?;
            cache.series_mut(series).take(found);
        }
        cache.series_mut(series).catch_up();
        Ok(Freshness::Fresh)
    }

    /// Takes over a root.
    pub(super) async fn adopt(&self, cache: &mut Cache, root: Root) -> Result<Arc<Manifest>, Failure> {
        let is_known = cache.root.as_ref().is_some_and(|known| known.version == root.version);
        if !is_known {
            let manifest = self.manifest(&root.manifest).await?;
            // If everything is summarised anew, what was sealed before may be missing in it.
            if cache.root.as_ref().is_some_and(|known| root.sealed_until < known.sealed_until) {
                *cache = Cache::default();
            }
            cache.adopt(root, manifest);
        }
        Ok(Arc::clone(&cache.manifest))
    }

    async fn manifest(&self, part: &PartRef) -> Result<Arc<Manifest>, Failure> {
        let bytes = self.parts.read(std::slice::from_ref(part)).await?.remove(part);
        let manifest = bytes.and_then(|bytes| inflate_json(&bytes).ok());
        manifest.map(Arc::new).ok_or_else(|| Failure::Damaged(format!("manifest {}", part.owner)))
    }

    /// Brings into memory what is needed of the buckets of a series.
    pub(super) async fn load(&self, cache: &mut Cache, series: Series, needs: &[Need]) -> Result<(), Failure> {
        let entries = &cache.manifest.of(series).buckets;
        let damaged = |need: &Need| Failure::Damaged(format!("{series}, bucket {}: {:?}", need.bucket, need.missing));
        let part = |need: &Need| {
            let entry = entries.get(need.bucket)?;
            match need.missing {
                Missing::Base(part) => Some(entry.base_part(part)),
                Missing::Patch => entry.patch_part(),
            }
        };
        let parts: Vec<PartRef> =
            needs.iter().map(|need| part(need).ok_or_else(|| damaged(need))).collect::<Result<_, _>>()?;
        let mut read = self.parts.read(&parts).await?;
        let view = &mut cache.series_mut(series).view;
        for (need, part) in needs.iter().zip(&parts) {
            let bytes = read.remove(part).ok_or_else(|| damaged(need))?;
            let bucket = view.bucket_mut(need.bucket).ok_or_else(|| damaged(need))?;
            match need.missing {
                Missing::Base(part) => bucket.base.decode(part, &bytes).map_err(|_| damaged(need))?,
                Missing::Patch => {
                    let patch = Patch::decode(series, &bytes).map_err(|_| damaged(need))?;
                    bucket.patch = PatchState::Loaded(Box::new(patch));
                }
            }
        }
        Ok(())
    }
}

/// Whether entries of the change log that were not sealed may be gone.
pub fn is_too_old(root: &Root, now: Time) -> bool {
    root.sealed_until < now.plus_minutes(-(KEPT_DAYS - 1) * MINUTES_A_DAY)
}
