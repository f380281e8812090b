//! Reads the reports of `[osv] source` into the store, a moment at a time.
//!
//! A source has hundreds of thousands of files, most of them about packages that are not watched. Therefore a step ends
//! after a moment, a file is read only if its state changed, and an unchanged zip file is not even walked through. A
//! report that cannot be read is counted and named; it spoils no other, and what was read of it before stays.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Clock,
    model::MalwareReport,
    osv::{self, Found, NotAReport, SourceError, Step, Walk},
    store::{NewReport, ReadReports, Store, StoreError},
    text::{plain, with_causes},
};

/// The longest time of one step, unless a single file takes longer.
const MOMENT: Duration = Duration::from_millis(50);
/// Most reports that are stored in one transaction.
const BATCH: usize = 200;
/// Most characters of a problem.
const PROBLEM: usize = 300;

/// What the configuration says of the reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSource {
    /// A folder, or a zip file.
    pub path: PathBuf,
    /// The beginnings of the ids that count.
    pub ids: Vec<String>,
    /// How often it is read.
    pub every: Duration,
    /// The age of the newest report from which the source counts as stale.
    pub stale_after: TimeDelta,
}

impl ReportSource {
    /// Its name in the store. Other ids make it another source.
    pub fn name(&self) -> String {
        let path = self.path.display();
        if self.ids == ["MAL-"] { path.to_string() } else { format!("{path} ({})", self.ids.join(", ")) }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingState {
    /// There is more to read.
    More,
    /// It is read to its end, or cannot be read now.
    Rests,
}

/// A walk through the source, and what came of it.
#[derive(Debug)]
struct Reading {
    walk: Walk,
    read: ReadReports,
    batch: Vec<NewReport>,
}

/// Reads the reports.
#[derive(Debug)]
pub struct ReportReader {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    source: ReportSource,
    turn: Mutex<Turn>,
}

/// The walk that is under way, and when the last one began.
#[derive(Debug, Default)]
struct Turn {
    reading: Option<Reading>,
    began_at: Option<Duration>,
}

impl ReportReader {
    /// Reads this source into the store.
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, source: ReportSource) -> Self {
        Self { store, clock, source, turn: Mutex::default() }
    }

    /// Reads for a moment.
    ///
    /// # Errors
    /// The store failed. That the source cannot be read is recorded, and no error.
    pub fn step(&self) -> Result<ReadingState, StoreError> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.steady();
        if turn.reading.is_none() {
            if turn.began_at.is_some_and(|at| now.saturating_sub(at) < self.source.every) {
                return Ok(ReadingState::Rests);
            }
            turn.began_at = Some(now);
            turn.reading = self.begin()?;
        }
        let Some(reading) = &mut turn.reading else { return Ok(ReadingState::Rests) };
        let state = self.go_on(reading)?;
        if state == ReadingState::Rests {
            turn.reading = None;
        }
        Ok(state)
    }

    /// Begins a walk, unless the source has not changed since the last one, or cannot be read.
    fn begin(&self) -> Result<Option<Reading>, StoreError> {
        let name = self.source.name();
        if self.store.forget_reports_but_of(Some(&name))? {
            tracing::info!(source = %name, "[osv] has another source: the reports of the one before are forgotten");
        }
        let state = osv::zip_state(&self.source.path);
        if let Some(state) = state
            && self.store.has_read_reports(&name, state)?
        {
            self.store.reports_unchanged(self.clock.now())?;
            return Ok(None);
        }
        match Walk::begin(&self.source.path, &self.source.ids) {
            Ok(walk) => {
                let read = ReadReports { source: name, state, ..ReadReports::default() };
                Ok(Some(Reading { walk, read, batch: Vec::new() }))
            }
            Err(error) => self.failed(&error).map(|()| None),
        }
    }

    fn failed(&self, error: &SourceError) -> Result<(), StoreError> {
        let why = plain(&with_causes(error), PROBLEM);
        tracing::warn!("the reports of [osv] source are not read: {why}");
        self.store.reports_failed(&self.source.name(), &why, self.clock.now())
    }

    fn go_on(&self, reading: &mut Reading) -> Result<ReadingState, StoreError> {
        let until = self.clock.steady() + MOMENT;
        while self.clock.steady() < until {
            match reading.walk.step() {
                Ok(Step::Report(found)) => self.take(reading, &found)?,
                Ok(Step::Other) => {}
                Ok(Step::End) => {
                    self.store_batch(reading)?;
                    self.store.reports_read(&reading.read, self.clock.now())?;
                    return Ok(ReadingState::Rests);
                }
                Err(error) => {
                    self.store_batch(reading)?;
                    return self.failed(&error).map(|()| ReadingState::Rests);
                }
            }
        }
        self.store_batch(reading)?;
        Ok(ReadingState::More)
    }

    fn take(&self, reading: &mut Reading, found: &Found) -> Result<(), StoreError> {
        reading.read.files += 1;
        if self.store.has_report(&found.id, found.stamp)? {
            return Ok(());
        }
        match reading.walk.read(found).and_then(|bytes| osv::read(&found.id, &bytes)) {
            Ok(report) => {
                let now = self.clock.now();
                reading.read.newest_at = reading.read.newest_at.max(Some(report.modified_at.min(now)));
                reading.batch.push(new_report(report, found.stamp, now));
            }
            Err(why) => reading.refuse(found, &why),
        }
        if reading.batch.len() >= BATCH { self.store_batch(reading) } else { Ok(()) }
    }

    fn store_batch(&self, reading: &mut Reading) -> Result<(), StoreError> {
        let taken = self.store.take_reports(&reading.batch, self.clock.now())?;
        reading.batch.clear();
        if taken.releases > 0 {
            tracing::info!(releases = taken.releases, "reports are about stored releases");
        }
        Ok(())
    }
}

impl Reading {
    fn refuse(&mut self, found: &Found, why: &NotAReport) {
        self.read.unreadable += 1;
        self.read.first_problem.get_or_insert_with(|| plain(&format!("{}: {why}", found.id), PROBLEM));
    }
}

/// A time in the future, or before there was any, is a mistake.
fn new_report(report: osv::Report, stamp: i64, now: DateTime<Utc>) -> NewReport {
    let osv::Report { id, published_at, modified_at, withdrawn_at, aliases, affected } = report;
    let possible = |at: DateTime<Utc>| at.min(now).max(DateTime::UNIX_EPOCH);
    let report = MalwareReport { id, published_at: possible(published_at), withdrawn_at, aliases };
    NewReport { report, stamp, modified_at: possible(modified_at), affected: affected.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use serde_json::json;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        clock::ManualClock,
        osv::tests::zips::{Entry, zip},
        store::ReportFeed,
    };

    struct Lab {
        folder: TempDir,
        clock: Arc<ManualClock>,
        store: Arc<Store>,
        reader: ReportReader,
    }

    impl Lab {
        fn new(name: &str) -> Self {
            let (folder, clock) =
                (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z")));
            let store = Arc::new(Store::in_memory().unwrap());
            let source = source(&folder.path().join(name), &["MAL-"]);
            let reader = ReportReader::new(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, source);
            Self { folder, clock, store, reader }
        }

        /// Another process, with another configuration.
        fn configured(&self, name: &str, ids: &[&str]) -> ReportReader {
            let source = source(&self.folder.path().join(name), ids);
            ReportReader::new(Arc::clone(&self.store), Arc::clone(&self.clock) as Arc<dyn Clock>, source)
        }

        fn put(&self, id: &str, content: &str) {
            let folder = self.folder.path().join("osv/npm");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("{id}.json")), content).unwrap();
        }

        /// Goes on until the source is read, an hour later.
        fn read(&self) -> ReportFeed {
            while self.reader.step().unwrap() == ReadingState::More {}
            self.clock.advance(Duration::from_hours(1));
            self.store.report_feed().unwrap().unwrap()
        }

        fn ids(&self, package: &str) -> Vec<String> {
            let reports = self.store.reports_of_package(&package.parse().unwrap()).unwrap();
            reports.into_iter().map(|(report, _)| report.id).collect()
        }
    }

    fn source(path: &Path, ids: &[&str]) -> ReportSource {
        ReportSource {
            path: path.to_owned(),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            every: Duration::from_hours(1),
            stale_after: TimeDelta::days(3),
        }
    }

    fn report(id: &str, modified: &str) -> String {
        json!({"id": id, "modified": modified, "affected": [{"package": {"ecosystem": "npm", "name": "a"}}]})
            .to_string()
    }

    const MAY: &str = "2026-05-01T00:00:00Z";

    #[test]
    fn a_folder_is_read_once_and_then_what_changed_in_it() {
        let lab = Lab::new("osv");
        lab.put("MAL-2026-1", &report("MAL-2026-1", MAY));
        lab.put("MAL-2026-2", "not JSON");
        let feed = lab.read();
        assert_eq!(
            (feed.files, feed.unreadable, feed.newest_at.unwrap().to_rfc3339().as_str()),
            (2, 1, "2026-05-01T00:00:00+00:00")
        );
        assert!(feed.first_problem.unwrap().starts_with("MAL-2026-2: not a report in the form of OSV"));
        assert_eq!(lab.ids("pkg:npm/a"), ["MAL-2026-1"]);

        lab.put("MAL-2026-2", &report("MAL-2026-2", "2026-05-03T00:00:00Z"));
        assert_eq!(lab.reader.step().unwrap(), ReadingState::Rests, "it begins");
        let feed = lab.store.report_feed().unwrap().unwrap();
        assert_eq!((feed.unreadable, feed.first_problem), (0, None));
        assert_eq!(lab.ids("pkg:npm/a"), ["MAL-2026-1", "MAL-2026-2"]);

        // It is not due again, and a file that broke keeps what was read of it.
        lab.put("MAL-2026-1", "[]");
        lab.reader.step().unwrap();
        assert_eq!(lab.store.report_feed().unwrap().unwrap().unreadable, 0);
        lab.clock.advance(Duration::from_hours(1));
        assert_eq!(lab.read().unreadable, 1);
        assert_eq!(lab.ids("pkg:npm/a"), ["MAL-2026-1", "MAL-2026-2"]);
    }

    #[test]
    fn an_unchanged_zip_file_is_not_walked_through() {
        let lab = Lab::new("all.zip");
        let write = |bytes: &[u8]| fs::write(lab.folder.path().join("all.zip"), bytes).unwrap();
        write(&zip(&[Entry::deflated("MAL-2026-1.json", report("MAL-2026-1", MAY).as_bytes())], false, b""));
        assert_eq!(lab.read().files, 1);
        let state = fs::metadata(lab.folder.path().join("all.zip")).unwrap().modified().unwrap();
        // Its content would not be a zip file any more; its size and its time are those of before.
        let length = fs::metadata(lab.folder.path().join("all.zip")).unwrap().len();
        write(&vec![0; usize::try_from(length).unwrap()]);
        let file = fs::File::options().write(true).open(lab.folder.path().join("all.zip")).unwrap();
        file.set_modified(state).unwrap();
        let feed = lab.read();
        assert_eq!((feed.files, feed.last_error), (1, None));
        write(b"PK");
        let feed = lab.read();
        assert!(feed.last_error.unwrap().contains("it has no directory"));
        assert_eq!(lab.ids("pkg:npm/a"), ["MAL-2026-1"], "what was read before stays");
    }

    #[test]
    fn a_source_that_is_not_there_is_an_error_until_it_is() {
        let lab = Lab::new("osv");
        let feed = lab.read();
        assert!(feed.read_at.is_none() && feed.last_error.unwrap().contains("reading the reports in"));
        lab.put("MAL-2026-1", &report("MAL-2026-1", MAY));
        let feed = lab.read();
        assert_eq!((feed.files, feed.last_error), (1, None));
    }

    #[test]
    fn other_ids_are_another_source() {
        let lab = Lab::new("osv");
        lab.put("MAL-2026-1", &report("MAL-2026-1", MAY));
        lab.put("GHSA-1", &report("GHSA-1", MAY));
        lab.read();
        assert_eq!(lab.ids("pkg:npm/a"), ["MAL-2026-1"]);
        let both = lab.configured("osv", &["MAL-", "GHSA-"]);
        while both.step().unwrap() == ReadingState::More {}
        assert_eq!(lab.ids("pkg:npm/a"), ["GHSA-1", "MAL-2026-1"]);
        assert!(lab.store.report_feed().unwrap().unwrap().source.ends_with("osv (MAL-, GHSA-)"));
    }

    #[test]
    fn times_that_cannot_be_are_corrected() {
        let lab = Lab::new("osv");
        lab.put("MAL-2026-1", &report("MAL-2026-1", "2027-01-01T00:00:00Z"));
        lab.put("MAL-2026-2", &report("MAL-2026-2", "1066-10-14T00:00:00Z"));
        let feed = lab.read();
        let reports = lab.store.reports_of_package(&"pkg:npm/a".parse().unwrap()).unwrap();
        let times: Vec<String> = reports.iter().map(|(report, _)| report.published_at.to_rfc3339()).collect();
        assert_eq!(times, ["1970-01-01T00:00:00+00:00", "2026-06-01T12:00:00+00:00"]);
        assert_eq!(feed.newest_at.unwrap().to_rfc3339(), "2026-06-01T12:00:00+00:00");
    }
}
