//! Reads the projects of the inventory's folder when their files change, and reports those that it cannot read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{
    inventory_folder::{Found, InventoryFolder, ReadProject, Refused, State},
    issues::{OperationalIssue, OperationalIssues},
};
use crate::{
    clock::Clock,
    model::{Confidence, ProjectName, Severity},
    store::{Store, StoreError, Upload},
    text::{counted, plain},
};

/// Most projects that one step reads, so that a full folder keeps no other loop waiting.
const STEP: usize = 5;
/// A project that cannot be read for longer is reported: until then its files may be written.
const PATIENCE: Duration = Duration::from_mins(1);
/// Most projects that a report names.
const NAMED: usize = 5;
/// The subject of the report.
const SUBJECT: &str = "inventory folder";

/// Reads the folder, and remembers what it has read.
#[derive(Debug)]
pub struct InventoryReader {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    issues: Arc<OperationalIssues>,
    folder: InventoryFolder,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    seen: BTreeMap<String, Seen>,
    /// The projects that are to be read.
    due: BTreeSet<ProjectName>,
    /// Since when the folder itself cannot be read, and why.
    unreadable: Option<(Duration, String)>,
    /// The last report; `None`: not known, after a start.
    #[expect(clippy::option_option, reason = "not known is something else than no report")]
    told: Option<Option<String>>,
}

/// A project at the last look.
#[derive(Clone, Debug)]
struct Seen {
    /// `None`: it had none.
    state: Option<State>,
    standing: Standing,
    /// Since when it cannot be read.
    failing_since: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// Its files changed since the look before, and may still be written.
    Changed,
    /// Its files are to be read: they are the same as at the look before.
    Settled,
    /// It was read.
    Read,
    /// It could not be read.
    Failed(Refused),
}

/// Whether the files of a project have to be the same at two looks before they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Two,
    One,
}

impl InventoryReader {
    /// The reader of a folder.
    pub fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        issues: Arc<OperationalIssues>,
        folder: InventoryFolder,
    ) -> Self {
        Self { store, clock, issues, folder, memory: Mutex::default() }
    }

    /// Reads some of the projects whose files changed, each when they are the same at two looks. Returns whether others are
    /// due now.
    ///
    /// # Errors
    /// The store failed. The next step repeats it.
    pub fn step(&self) -> Result<bool, StoreError> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.due.is_empty() {
            self.look(&mut memory, Looks::Two)?;
        }
        self.read(&mut memory, STEP)?;
        if memory.due.is_empty() {
            self.tell(&mut memory, Looks::Two)?;
        }
        Ok(!memory.due.is_empty())
    }

    /// Reads all projects whose files changed, at once.
    ///
    /// # Errors
    /// The store failed.
    pub fn pass(&self) -> Result<(), StoreError> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(&mut memory, Looks::One)?;
        self.read(&mut memory, usize::MAX)?;
        self.tell(&mut memory, Looks::One)
    }

    fn look(&self, memory: &mut Memory, looks: Looks) -> Result<(), StoreError> {
        let found = match self.folder.look() {
            Ok(found) => found,
            Err(error) => {
                let since = memory.unreadable.take().map_or(self.clock.steady(), |(since, _)| since);
                memory.unreadable = Some((since, error.to_string()));
                return Ok(());
            }
        };
        memory.unreadable = None;
        let stored = self.stored()?;
        let mut before = std::mem::take(&mut memory.seen);
        for Found { name, state } in found {
            let before = before.remove(&name);
            let seen = match state {
                Err(why) => self.failed(None, why, before.as_ref()),
                Ok((project, state)) => {
                    let seen = now(state, before, stored.contains(&name));
                    if seen.is_due(looks) {
                        memory.due.insert(project);
                    }
                    seen
                }
            };
            memory.seen.insert(name, seen);
        }
        Ok(())
    }

    /// The names of the projects that the inventory has.
    fn stored(&self) -> Result<BTreeSet<String>, StoreError> {
        let projects = self.store.inventory_projects()?.into_iter();
        Ok(projects.filter(|project| project.removed_at.is_none()).map(|project| project.name).collect())
    }

    /// Reads so many of the projects that are due.
    fn read(&self, memory: &mut Memory, most: usize) -> Result<(), StoreError> {
        for _ in 0..most {
            let Some(project) = memory.due.pop_first() else { break };
            let read = self.folder.read(&project);
            let Some(seen) = memory.seen.get_mut(project.as_str()) else { continue };
            *seen = match read {
                Ok(read) => {
                    self.store(&project, read)?;
                    Seen { standing: Standing::Read, failing_since: None, ..seen.clone() }
                }
                Err(why) => self.failed(seen.state.clone(), why, Some(&*seen)),
            };
        }
        Ok(())
    }

    fn failed(&self, state: Option<State>, why: Refused, before: Option<&Seen>) -> Seen {
        let since = before.and_then(|seen| seen.failing_since).unwrap_or_else(|| self.clock.steady());
        Seen { state, standing: Standing::Failed(why), failing_since: Some(since) }
    }

    fn store(&self, project: &ProjectName, read: ReadProject) -> Result<(), StoreError> {
        let now = self.clock.now();
        let ReadProject { about, content, written } = read;
        let upload = Upload {
            project,
            kind: about.kind,
            owner: about.owner.as_ref(),
            locked: &content.locked,
            // The store keeps microseconds.
            at: whole_micros(written.map_or(now, |written| written.min(now))),
        };
        let uploaded = self.store.upload(&upload, now)?;
        let (added, gone, skipped) = (uploaded.added.len(), uploaded.gone.len(), content.skipped.len());
        if uploaded.is_new || added + gone > 0 {
            tracing::info!(%project, releases = uploaded.releases, added, gone, skipped, "the inventory has what a project locks");
        }
        Ok(())
    }

    /// Reports the projects that cannot be read, and that they can be read again. A report is not repeated while it says the
    /// same.
    fn tell(&self, memory: &mut Memory, looks: Looks) -> Result<(), StoreError> {
        let now = self.clock.steady();
        let is_old = |since: Duration| looks == Looks::One || now.saturating_sub(since) >= PATIENCE;
        let folder = memory.unreadable.iter().map(|(since, why)| (*since, format!("the folder: {why}")));
        let failing: Vec<_> = folder.chain(memory.seen.iter().filter_map(|(name, seen)| seen.failing(name))).collect();
        let old: Vec<&str> =
            failing.iter().filter(|(since, _)| is_old(*since)).map(|(_, said)| said.as_str()).collect();
        if old.is_empty() {
            let is_waiting = !failing.is_empty() || memory.seen.values().any(|seen| seen.standing != Standing::Read);
            if !is_waiting && memory.told != Some(None) {
                self.issues.resolve_subject(SUBJECT, "all projects of the folder can be read", self.clock.now())?;
                memory.told = Some(None);
            }
            return Ok(());
        }
        let issue = issue(&self.folder, &old);
        if memory.told.as_ref() != Some(&Some(issue.argument.clone())) {
            self.issues.record(&issue, self.clock.now())?;
            memory.told = Some(Some(issue.argument));
        }
        Ok(())
    }
}

/// A project at this look. What the inventory does not have any more is read again.
fn now(state: State, before: Option<Seen>, is_stored: bool) -> Seen {
    let failing_since = before.as_ref().and_then(|seen| seen.failing_since);
    let known = before.filter(|seen| seen.state.as_ref() == Some(&state)).map(|seen| seen.standing);
    let standing = match known {
        None => Standing::Changed,
        Some(Standing::Read) if is_stored => {
            return Seen { state: Some(state), standing: Standing::Read, failing_since: None };
        }
        // What could not be opened may be opened now; what was not understood is the same.
        Some(Standing::Failed(why)) if !matches!(why, Refused::Unreadable(_)) => Standing::Failed(why),
        Some(_) => Standing::Settled,
    };
    Seen { state: Some(state), standing, failing_since }
}

impl Seen {
    fn is_due(&self, looks: Looks) -> bool {
        match self.standing {
            Standing::Settled => true,
            Standing::Changed => looks == Looks::One,
            Standing::Read | Standing::Failed(_) => false,
        }
    }

    /// Since when it cannot be read, and why, with its name.
    fn failing(&self, name: &str) -> Option<(Duration, String)> {
        match &self.standing {
            Standing::Failed(why) => Some((self.failing_since?, format!("{}: {why}", plain(name, 100)))),
            _ => None,
        }
    }
}

fn whole_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

fn issue(folder: &InventoryFolder, failing: &[&str]) -> OperationalIssue {
    let named: Vec<&str> = failing.iter().take(NAMED).copied().collect();
    let more = failing.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    OperationalIssue {
        subject: SUBJECT.to_owned(),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{} of the inventory cannot be read", counted(failing.len(), "project")),
        argument: format!(
            "In {}: {}{more}. provwatch keeps what it knew of them, so that alerts may name wrong projects, or none. Put the \
             files right; `provwatch doctor` checks them.",
            folder.path.display(),
            named.join("; "),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::{
        clock::ManualClock,
        deliver::Subscriptions,
        inventory::Mirrors,
        model::{Alert, AlertStatus},
        store::{AlertFilter, UsesOf, Which},
    };

    struct Lab {
        folder: TempDir,
        clock: Arc<ManualClock>,
        store: Arc<Store>,
        reader: InventoryReader,
    }

    impl Lab {
        fn new() -> Self {
            let store = Arc::new(Store::in_memory().unwrap());
            Self::over(tempfile::tempdir().unwrap(), store)
        }

        fn over(folder: TempDir, store: Arc<Store>) -> Self {
            let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
            let issues = Arc::new(OperationalIssues::new(Arc::clone(&store), Arc::new(Subscriptions::default())));
            let of = InventoryFolder { path: folder.path().to_owned(), mirrors: Mirrors::default() };
            let reader = InventoryReader::new(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, issues, of);
            Self { folder, clock, store, reader }
        }

        fn put(&self, path: &str, text: &str) {
            let path = self.folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            let written: DateTime<Utc> = "2026-06-01T11:00:00Z".parse().unwrap();
            fs::File::options().write(true).open(path).unwrap().set_modified(written.into()).unwrap();
        }

        /// Steps until no project waits, as the daemon does, and again after its interval.
        fn round(&self) {
            while self.reader.step().unwrap() {}
            self.clock.advance(Duration::from_secs(10));
        }

        fn rounds(&self, count: usize) {
            (0..count).for_each(|_| self.round());
        }

        fn releases(&self, project: &str) -> Vec<String> {
            let uses = self.store.uses_of_project(project, Which::Present).unwrap();
            uses.iter().map(|one| one.release.to_string()).collect()
        }

        fn alerts(&self) -> Vec<Alert> {
            self.store.alerts(&AlertFilter::default()).unwrap()
        }
    }

    #[test]
    fn files_are_read_when_they_are_the_same_at_two_looks() {
        let lab = Lab::new();
        lab.put("shop/requirements.txt", "a==1\n");
        lab.round();
        assert_eq!(lab.releases("shop"), [] as [&str; 0], "they may still be written");
        lab.round();
        assert_eq!(lab.releases("shop"), ["pkg:pypi/a@1"]);
        lab.put("shop/requirements.txt", "a==2\nb==1\n");
        lab.rounds(2);
        assert_eq!(lab.releases("shop"), ["pkg:pypi/a@2", "pkg:pypi/b@1"]);
        let uses = lab.store.uses_of(UsesOf::Releases(&["pkg:pypi/a@1".parse().unwrap()]), 9).unwrap();
        assert_eq!((uses.projects, uses.past_projects), (0, 1), "since when, and until when");
        assert!(lab.alerts().is_empty());
    }

    #[test]
    fn a_pass_reads_at_once_and_a_restart_changes_nothing() {
        let lab = Lab::new();
        (0..12).for_each(|number| lab.put(&format!("p{number}/requirements.txt"), "a==1\n"));
        lab.reader.pass().unwrap();
        let before = lab.store.inventory_projects().unwrap();
        assert_eq!(before.len(), 12);
        let Lab { folder, store, .. } = lab;
        let again = Lab::over(folder, store);
        again.clock.advance(Duration::from_hours(1));
        again.reader.pass().unwrap();
        assert_eq!(again.store.inventory_projects().unwrap(), before);
    }

    #[test]
    fn a_project_that_cannot_be_read_keeps_its_content_and_is_reported() {
        let lab = Lab::new();
        lab.put(
            "shop/package-lock.json",
            r#"{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}}}"#,
        );
        lab.put("desk/requirements.txt", "b==1\n");
        lab.rounds(2);
        lab.put("shop/package-lock.json", "{\"lockfileVersion\": 3,");
        lab.rounds(3);
        assert!(lab.alerts().is_empty(), "half a file is no report");
        lab.rounds(7);
        let [alert] = lab.alerts().try_into().unwrap();
        assert_eq!(alert.title, "1 project of the inventory cannot be read");
        assert!(alert.argument.contains("shop: shop/package-lock.json:1:"), "{}", alert.argument);
        assert_eq!(lab.releases("shop"), ["pkg:npm/a@1.0.0"]);
        lab.put("shop/package-lock.json", r#"{"lockfileVersion": 3, "packages": {}}"#);
        lab.rounds(2);
        assert_eq!(lab.alerts()[0].status, AlertStatus::Resolved);
        assert_eq!((lab.releases("shop").len(), lab.releases("desk").len()), (0, 1));
    }

    #[test]
    fn a_report_survives_a_restart_until_the_files_are_right() {
        let lab = Lab::new();
        lab.put("shop/odd", "?\n!\n");
        lab.rounds(10);
        assert_eq!(lab.alerts().len(), 1);
        let Lab { folder, store, .. } = lab;
        let again = Lab::over(folder, store);
        again.rounds(3);
        assert_eq!(again.alerts()[0].status, AlertStatus::Open);
        fs::remove_dir_all(again.folder.path().join("shop")).unwrap();
        again.rounds(2);
        assert_eq!(again.alerts()[0].status, AlertStatus::Resolved);
    }

    #[test]
    fn a_folder_that_is_gone_removes_no_project() {
        let lab = Lab::new();
        lab.put("shop/requirements.txt", "a==1\n");
        lab.rounds(2);
        fs::remove_dir_all(lab.folder.path().join("shop")).unwrap();
        lab.rounds(2);
        assert_eq!(lab.releases("shop").len(), 1);
        fs::remove_dir_all(lab.folder.path()).unwrap();
        lab.rounds(10);
        assert!(lab.alerts()[0].argument.contains("the folder: "), "{:?}", lab.alerts());
    }

    #[test]
    fn a_project_that_was_removed_comes_back_while_its_folder_is_there() {
        let lab = Lab::new();
        lab.put("shop/requirements.txt", "a==1\n");
        lab.rounds(2);
        assert!(lab.store.remove_project("shop", lab.clock.now()).unwrap());
        assert_eq!(lab.releases("shop").len(), 0);
        lab.round();
        assert_eq!(lab.releases("shop").len(), 1);
    }
}
