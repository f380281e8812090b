//! Simulates a week of transparency logs, two honest ones and some with one violation each. All of them are slow,
//! silent, broken or corrupted in turn, and entries of a watched identity lie between those of strangers. The process
//! is killed now and then.
//!
//! What an honest log may do has a limit: what its answers spoil lasts for minutes, as an accident does. Silence may
//! last for hours.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    health::Kind,
    http::{Request, Response, Transport, TransportError},
    model::{Alert, AlertKind, Fingerprint, Severity},
    progress::NoProgress,
    store::{AlertFilter, LogEntryFilter, Store},
    tlog::LogViolation,
    upkeep::OnDisk,
};
use tempfile::TempDir;

use crate::lab::{
    Workflow, World,
    follower::CONFIG,
    ledger::{Api, Hosts, Ledger, Misbehaviour, hashedrekord},
    rig::{self, START, folder, verifier, watchlist},
};

/// How often the logs are looked at.
const STEP: Duration = Duration::from_hours(1);
const STEPS_A_DAY: usize = 24;
const DAYS: usize = 7;
/// How many looks long a log does wrong: longer than any accident.
const WRONG: usize = 3;
/// After so many looks entries are judged, and provwatch looks at itself.
const CARE: usize = 12;

/// How a log is answered for, in the place of what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Status(u16),
    Stall,
    /// Every answer takes so many seconds.
    Slow(u64),
    /// A page for people, with status 200.
    Html,
    /// The first half of each answer.
    Cut,
    /// Entries are missing.
    Withheld,
}

/// What an honest log suffers for hours, and what for minutes.
const SILENT: [Trouble; 4] = [Trouble::Status(500), Trouble::Status(503), Trouble::Stall, Trouble::Slow(25)];
const SPOILED: [Trouble; 3] = [Trouble::Html, Trouble::Cut, Trouble::Withheld];

/// Ledgers, and what lies between them and provwatch.
#[derive(Clone)]
struct Between {
    hosts: Hosts,
    clock: Arc<ManualClock>,
    troubles: Arc<Mutex<BTreeMap<String, Trouble>>>,
}

impl fmt::Debug for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Between")
    }
}

impl Transport for Between {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let trouble = self.troubles.lock().unwrap().get(request.url.host_str().unwrap_or_default()).copied();
        Box::pin(async move {
            let failed = |why: &str| Err(TransportError::Failed(why.to_owned()));
            let page = |status| Ok(Response { status, headers: Vec::new(), body: "<html>Be right back</html>".into() });
            match trouble {
                Some(Trouble::Status(status)) => return page(status),
                Some(Trouble::Html) => return page(200),
                Some(Trouble::Stall) => return failed("no answer in time"),
                Some(Trouble::Slow(seconds)) => self.clock.advance(Duration::from_secs(seconds)),
                Some(Trouble::Withheld) if is_of_entries(request.url.path()) => return page(404),
                _ => {}
            }
            let mut answer = self.hosts.exchange(request).await?;
            if trouble == Some(Trouble::Cut) {
                answer.body.truncate(answer.body.len() / 2);
            }
            Ok(answer)
        })
    }
}

fn is_of_entries(path: &str) -> bool {
    path.contains("tile/entries") || path.contains("log/entries")
}

/// A log, and what it does wrong once.
struct Cast {
    ledger: Ledger,
    /// The step in which it begins, and of what it must be accused.
    guilt: Option<(usize, LogViolation)>,
    /// Steps with trouble, and whether that is a spoiled one.
    troubles: BTreeMap<usize, (Trouble, bool)>,
    signed: BTreeSet<u64>,
}

/// A simulated week of logs.
pub struct LogWeek {
    cast: Vec<Cast>,
    between: Between,
    world: World,
    clock: Arc<ManualClock>,
    draw: fastrand::Rng,
    folder: TempDir,
    config: String,
    kills: usize,
}

/// The week, looked back on.
#[derive(Debug, Default)]
pub struct LogReport {
    /// Entries of the watched identity, in all logs.
    pub signed: usize,
    /// Those that nobody was told of.
    pub untold: Vec<String>,
    /// Violations of which no log was accused.
    pub unaccused: Vec<String>,
    /// Accusations of logs that did nothing wrong, or of something that they did not do.
    pub slandered: Vec<String>,
    /// Violations without kept evidence.
    pub unproven: Vec<String>,
    /// Logs that were not read to their end when all was well again.
    pub behind: Vec<String>,
    pub kills: usize,
}

impl LogWeek {
    /// The week that a seed deals.
    pub fn dealt(seed: u64) -> Self {
        fastrand::seed(seed);
        let mut draw = fastrand::Rng::with_seed(seed);
        let casts = [
            ("honest-v2.example", Api::Tiles, None),
            ("honest-v1.example", Api::RekorV1, None),
            ("forking-v2.example", Api::Tiles, Some(LogViolation::Fork)),
            ("forking-v1.example", Api::RekorV1, Some(LogViolation::Fork)),
            ("restored-v2.example", Api::Tiles, Some(LogViolation::Rollback)),
            ("rolled-back-v1.example", Api::RekorV1, Some(LogViolation::Rollback)),
        ];
        let cast: Vec<Cast> = casts.into_iter().map(|(host, api, guilt)| deal(&mut draw, host, api, guilt)).collect();
        let (clock, folder, world) = (Arc::new(ManualClock::at_text(START)), folder(), World::new());
        let ledgers: Vec<Ledger> = cast.iter().map(|one| one.ledger.clone()).collect();
        let mut config = CONFIG.replace("name = \"acme\"", "name = \"acme\"\nreport = \"all\"");
        for ledger in &ledgers {
            let key = folder.path().join(format!("{}.pem", ledger.host()));
            std::fs::write(&key, ledger.public_key_pem()).unwrap();
            config += &ledger.instance(&key, &format!("https://{}/", ledger.host()));
        }
        let hosts = Hosts { ledgers, world: world.clone() };
        let between = Between { hosts, clock: Arc::clone(&clock), troubles: Arc::default() };
        Self { cast, between, world, clock, draw, folder, config, kills: 0 }
    }

    /// Lives through it.
    pub async fn live(mut self) -> LogReport {
        let mut app = self.app();
        app.logs.poll_logs().await.unwrap();
        for step in 0..DAYS * STEPS_A_DAY {
            let spoiled = self.begin(step);
            self.grow();
            self.look(&app).await;
            if step.is_multiple_of(CARE) {
                app.logs.judge_entries().unwrap();
                app.look_after(Kind::Daemon, &OnDisk::default(), &[]).unwrap();
            }
            if spoiled {
                // What is spoiled is whole again before it is more than an accident.
                self.clock.advance(Duration::from_mins(6));
                self.mend(step);
                self.look(&app).await;
            }
            if self.draw.usize(..15) == 0 {
                self.kills += 1;
                drop(app);
                app = self.app();
            }
            self.clock.advance(STEP);
        }
        self.between.troubles.lock().unwrap().clear();
        for _ in 0..3 {
            self.clock.advance(STEP);
            self.look(&app).await;
        }
        self.report(&app)
    }

    /// Another process over the same store.
    fn app(&self) -> App {
        let config = rig::config(&self.config);
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let parts = Parts {
            store: Arc::new(Store::open(&self.folder.path().join("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = []"),
            http: client_over(&config, Arc::new(self.between.clone()), Arc::clone(&clock)).unwrap(),
            verifier: verifier(self.world.lab()),
            clock,
            progress: Arc::new(NoProgress),
        };
        assemble(&config, parts).unwrap()
    }

    async fn look(&self, app: &App) {
        app.logs.poll_logs().await.unwrap();
    }

    /// Lets everybody do what was dealt for this step; whether anything is spoiled.
    fn begin(&self, step: usize) -> bool {
        let mut troubles = self.between.troubles.lock().unwrap();
        troubles.clear();
        for one in &self.cast {
            if let Some((trouble, _)) = one.troubles.get(&step) {
                troubles.insert(one.ledger.host().to_owned(), *trouble);
            }
            match one.guilt {
                Some((from, violation)) if from == step => one.ledger.misbehave(wrong(&one.ledger, violation)),
                Some((from, _)) if from + WRONG == step => one.ledger.behave(),
                _ => {}
            }
        }
        self.cast.iter().any(|one| one.troubles.get(&step).is_some_and(|(_, is_spoiled)| *is_spoiled))
    }

    fn mend(&self, step: usize) {
        let mut troubles = self.between.troubles.lock().unwrap();
        for one in &self.cast {
            if one.troubles.get(&step).is_some_and(|(_, is_spoiled)| *is_spoiled) {
                troubles.remove(one.ledger.host());
            }
        }
    }

    /// Every log grows, now and then by an entry that is watched for.
    fn grow(&mut self) {
        for one in &mut self.cast {
            for _ in 0..self.draw.usize(..3) {
                one.ledger.append(crate::lab::ledger::filler(one.ledger.size()));
            }
            if self.draw.usize(..8) == 0 {
                let workflow = Workflow::github("acme/tool", "release.yml", "refs/heads/main");
                let der = self.world.lab().authority.issue(&workflow, self.clock.now()).der;
                one.signed.insert(one.ledger.append(hashedrekord(&der, &[7; 32])) as u64);
            }
            one.ledger.publish();
        }
    }

    fn report(&self, app: &App) -> LogReport {
        let store = &app.store;
        let alerts = store.alerts(&AlertFilter { limit: 10_000, ..AlertFilter::default() }).unwrap();
        let mut report = LogReport { kills: self.kills, ..LogReport::default() };
        let told = told(&alerts);
        for one in &self.cast {
            let tree = one.ledger.origin(0);
            let row = store.log(&tree).unwrap().unwrap();
            let filter = LogEntryFilter { log: Some(&tree), limit: 10_000 };
            let known: BTreeSet<u64> = store.log_entries(filter).unwrap().iter().map(|row| row.entry.index).collect();
            report.signed += one.signed.len();
            for index in &one.signed {
                if !known.contains(index) || !told.contains(&(tree.clone(), *index)) {
                    report.untold.push(format!("entry {index} of {tree}"));
                }
            }
            if row.tail.map(|tail| tail.verified) != Some(one.ledger.size() as u64) {
                report.behind.push(format!("{tree}: {}", row.last_error.unwrap_or_default()));
            }
            judge(one, &tree, &alerts, store, &mut report);
        }
        report
    }
}

/// Of what a log is accused, beside what it did.
fn judge(one: &Cast, tree: &str, alerts: &[Alert], store: &Store, report: &mut LogReport) {
    let guilt = one.guilt.map(|(_, violation)| violation.accusation());
    let accused: BTreeSet<&str> = LogViolation::ALL
        .iter()
        .filter(|violation| {
            let fingerprint = Fingerprint::of(AlertKind::Log, &violation.subject(tree));
            alerts.iter().any(|alert| alert.fingerprint == fingerprint && alert.severity > Severity::Info)
        })
        .map(|violation| violation.accusation())
        .collect();
    for accusation in &accused {
        if Some(*accusation) != guilt {
            report.slandered.push(format!("{tree}: {accusation}"));
        }
    }
    let Some(guilt) = guilt else { return };
    if !accused.contains(guilt) {
        report.unaccused.push(format!("{tree}: {guilt}"));
    }
    let evidence = store.evidence(Some(tree)).unwrap();
    let is_of = |kind: &str| LogViolation::ALL.iter().any(|it| it.as_str() == kind && it.accusation() == guilt);
    if !evidence.iter().any(|one| is_of(&one.kind)) {
        report.unproven.push(format!("{tree}: {guilt}"));
    }
}

/// Trouble for each day of a log's week, and the hour in which it does wrong.
fn deal(draw: &mut fastrand::Rng, host: &str, api: Api, guilt: Option<LogViolation>) -> Cast {
    let ledger = Ledger::new(host, api);
    ledger.grow(30);
    let guilt = guilt.map(|violation| ((1 + draw.usize(..5)) * STEPS_A_DAY + draw.usize(..STEPS_A_DAY / 2), violation));
    let is_free = |step: usize| guilt.is_none_or(|(from, _)| step + 2 < from || step > from + WRONG + 1);
    let mut troubles = BTreeMap::new();
    for day in 0..DAYS {
        let hours = 1 + draw.usize(..5);
        let (silent, begin) = (SILENT[draw.usize(..SILENT.len())], day * STEPS_A_DAY + draw.usize(..10));
        troubles.extend((begin..begin + hours).filter(|step| is_free(*step)).map(|step| (step, (silent, false))));
        let at = day * STEPS_A_DAY + 17 + draw.usize(..5);
        if is_free(at) {
            troubles.insert(at, (SPOILED[draw.usize(..SPOILED.len())], true));
        }
    }
    Cast { ledger, guilt, troubles, signed: BTreeSet::new() }
}

/// What a log does to be guilty of it.
fn wrong(ledger: &Ledger, violation: LogViolation) -> Misbehaviour {
    let size = ledger.size();
    match (violation, ledger.api()) {
        (LogViolation::Rollback, Api::Tiles) => Misbehaviour::Restored(size - 9),
        (LogViolation::Rollback, _) => Misbehaviour::RollBack(size - 9),
        _ => Misbehaviour::Fork(size - 4),
    }
}

/// The entries of which an alert told, by log and index.
fn told(alerts: &[Alert]) -> BTreeSet<(String, u64)> {
    let of_match = alerts.iter().filter(|alert| alert.matched.as_deref() == Some("acme"));
    let samples = of_match.filter_map(|alert| alert.entries.as_ref()).flat_map(|entries| &entries.samples);
    samples.map(|sample| (sample.log.clone(), sample.index)).collect()
}
