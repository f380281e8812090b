//! Runs the seven days: an episode for every fault, in a seeded order and with seeded victims.

use std::{cell::RefCell, collections::VecDeque, path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::Clock,
    daemon::{self, Health, HealthProgress, Options, Renewal},
    model::Package,
    store::Store,
    upkeep::OnDisk,
};
use tempfile::TempDir;

use super::{
    Hostile, MISBEHAVIOURS, Misbehaviour, Report, SHAPES, Shape, Stage, WeekClock, disk,
    shapes::{STRANGER, withdraw},
};
use crate::lab::{World, rig::*};

/// How long the daemon has for the first sight of everything.
const FIRST_SIGHT: TimeDelta = TimeDelta::hours(1);
/// How long everything has to come in order after the week.
const AFTERWARDS: TimeDelta = TimeDelta::hours(25);
/// How long an episode goes on at full pace while something is not told.
const PATIENCE: TimeDelta = TimeDelta::minutes(6);
/// How long a service manager waits before it starts a daemon again.
const RESTART: TimeDelta = TimeDelta::seconds(5);

/// The registries of the world, and three receivers of everything. Limits and time-outs are as they come.
const CONFIG: &str = r#"
[http]
contact = "operator@example.org"
proxy_from_environment = false

[registries]
npm = { registry = "https://npm.example", replicate = "https://replicate.example" }
pypi = { index = "https://pypi.example" }
cargo = { api = "https://crates.example", index = "https://index.example", files = "https://static.example" }

[forges]
enabled = false

[logs]
enabled = false

[trust]
source = "embedded"

[[subscriptions]]
name = "healthy"
type = "webhook"
url = "https://hooks.example/healthy"
min_severity = "info"

[[subscriptions]]
name = "other"
type = "webhook"
url = "https://hooks.example/other"
min_severity = "info"

[[subscriptions]]
name = "third"
type = "webhook"
url = "https://hooks.example/third"
min_severity = "high"
"#;

/// What happens at a time.
enum Step {
    /// An ordinary day's work.
    Release(usize),
    Begin(&'static Misbehaviour, Package),
    TakeOver(&'static Shape),
    Withdraw,
    Kill,
    Clear,
}

/// How a life of the daemon ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Killed,
    Died(String),
    WeekOver,
}

/// A simulated week.
pub struct Week {
    stage: Stage,
    script: RefCell<VecDeque<(DateTime<Utc>, Step)>>,
    folder: TempDir,
    deaths: Vec<String>,
}

impl Week {
    /// The week that a seed deals.
    pub fn dealt(seed: u64) -> Self {
        // Jitter draws from the thread's generator.
        fastrand::seed(seed);
        let clock = Arc::new(WeekClock::at(START.parse().unwrap()));
        let net = Arc::new(Hostile::new(World::new(), Arc::clone(&clock)));
        let folder = folder();
        let stage = Stage::new(net, clock, folder.path().join("provwatch.db"), seed);
        stage.publish_histories();
        let script = RefCell::new(script(&stage).into());
        Self { stage, script, folder, deaths: Vec::new() }
    }

    /// Lives through it.
    pub fn live(mut self) -> Report {
        loop {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            match runtime.block_on(self.life()) {
                End::Killed => {}
                End::Died(why) => self.deaths.push(why),
                End::WeekOver => return Report::of(&self.stage, self.deaths),
            }
        }
    }

    /// One life of the daemon. When its runtime is dropped, whatever it was at is cut off, as by `kill -9`.
    async fn life(&self) -> End {
        self.stage.clock.start();
        let _survives = disk::survive();
        let end = tokio::select! {
            biased;
            end = self.direct() => end,
            died = self.daemon() => End::Died(died),
        };
        self.stage.clock.stop(RESTART);
        end
    }

    /// Runs the daemon until it ends by itself, which it should not.
    async fn daemon(&self) -> String {
        let health = Arc::new(Health::default());
        let app = match self.app(&health) {
            Ok(app) => Arc::new(app),
            Err(error) => return error,
        };
        let options = Options {
            reload: Box::new(|_| Renewal::Refused { why: "nobody asks for it".to_owned(), watchlist: None }),
            on_disk: Arc::new(OnDisk::default),
            health,
            trust_interval: None,
            grace: Duration::from_secs(10),
        };
        daemon::run(app, options).await.map_or_else(|error| error.to_string(), |()| "it stopped".to_owned())
    }

    fn app(&self, health: &Arc<Health>) -> Result<App, String> {
        let (stage, config) = (&self.stage, config(CONFIG));
        let clock: Arc<dyn Clock> = Arc::clone(&stage.clock) as _;
        let path: PathBuf = self.folder.path().join("provwatch.db");
        let parts = Parts {
            store: Arc::new(Store::open(&path).map_err(|error| error.to_string())?),
            watchlist: watchlist(&format!(
                "packages = {:?}",
                stage.packages.iter().map(ToString::to_string).collect::<Vec<_>>()
            )),
            http: client_over(&config, Arc::clone(&stage.net) as _, Arc::clone(&clock)).unwrap(),
            verifier: verifier(stage.world().lab()),
            clock: Arc::clone(&clock),
            progress: Arc::new(HealthProgress { health: Arc::clone(health), clock }),
        };
        Ok(assemble(&config, parts).unwrap())
    }

    /// Plays the script.
    async fn direct(&self) -> End {
        loop {
            let Some(at) = self.script.borrow().front().map(|(at, _)| *at) else { return End::WeekOver };
            self.wait_until(at).await;
            let (_, step) = self.script.borrow_mut().pop_front().unwrap();
            if self.play(step) {
                return End::Killed;
            }
        }
    }

    /// At full pace while something waits to be told, else in long rests.
    async fn wait_until(&self, then: DateTime<Utc>) {
        let clock = &self.stage.clock;
        while clock.true_now() < then {
            let long = then - clock.true_now() > TimeDelta::minutes(5);
            if long && !Report::untold_since(&self.stage, clock.true_now() - PATIENCE) {
                // What was told is also recorded before the loops rest.
                clock.wait(TimeDelta::seconds(5)).await;
                clock.rest_until(then).await;
            } else {
                clock.wait((then - clock.true_now()).min(TimeDelta::seconds(1))).await;
            }
        }
    }

    /// Whether the daemon is killed.
    fn play(&self, step: Step) -> bool {
        let stage = &self.stage;
        match step {
            Step::Release(package) => {
                let package = &stage.packages[package];
                if !stage.is_silent(package) {
                    stage.release(package);
                }
            }
            Step::Begin(misbehaviour, victim) => {
                stage.enter(&victim, misbehaviour);
                (misbehaviour.play)(stage);
            }
            Step::TakeOver(shape) => stage.take_over(&stage.victim(), shape),
            Step::Withdraw => {
                let last = stage.takeovers.borrow().last().cloned().unwrap();
                withdraw(stage, &last.package, &last.version);
            }
            Step::Kill => return true,
            Step::Clear => stage.clear(),
        }
        false
    }
}

/// The steps of the week, in order.
fn script(stage: &Stage) -> Vec<(DateTime<Utc>, Step)> {
    let begin = stage.clock.true_now() + FIRST_SIGHT;
    let between = (TimeDelta::days(7) - FIRST_SIGHT) / i32::try_from(MISBEHAVIOURS.len()).unwrap();
    let mut order: Vec<&'static Misbehaviour> = MISBEHAVIOURS.iter().collect();
    stage.shuffle(&mut order);
    let mut deck = Vec::new();
    let mut steps = Vec::new();
    for (number, misbehaviour) in order.into_iter().enumerate() {
        let at = begin + between * i32::try_from(number).unwrap() + seconds(stage.draw(1800));
        let (shape, victim) = deal(stage, misbehaviour, &mut deck);
        episode(stage, &mut steps, at, misbehaviour, shape, victim);
    }
    for _ in 0..40 {
        let at = begin + seconds(stage.draw(7 * 24 * 3600 - 7200));
        steps.push((at, Step::Release(stage.draw(stage.packages.len()))));
    }
    steps.push((stage.clock.true_now() + TimeDelta::days(7) + AFTERWARDS, Step::Clear));
    steps.sort_by_key(|(at, _)| *at);
    steps
}

/// A shape of the deck that fits, and somebody it fits. The deck is renewed when it is empty.
fn deal(stage: &Stage, misbehaviour: &Misbehaviour, deck: &mut Vec<&'static Shape>) -> (&'static Shape, Package) {
    if deck.is_empty() {
        deck.extend(SHAPES);
        stage.shuffle(deck);
    }
    let fitting = |shape: &Shape| -> Vec<&Package> {
        let there = stage.packages.iter().filter(|package| misbehaviour.on.contains(&package.ecosystem()));
        there.filter(|package| shape.fits(package)).collect()
    };
    let place = deck.iter().position(|shape| !fitting(shape).is_empty());
    let shape = place.map_or(&STRANGER, |place| deck.remove(place));
    let victims = fitting(shape);
    (shape, victims[stage.draw(victims.len())].clone())
}

fn episode(
    stage: &Stage,
    steps: &mut Vec<(DateTime<Utc>, Step)>,
    at: DateTime<Utc>,
    misbehaviour: &'static Misbehaviour,
    shape: &'static Shape,
    victim: Package,
) {
    let taken_over = at + seconds(15 + stage.draw(25));
    steps.push((at, Step::Begin(misbehaviour, victim)));
    steps.push((taken_over, Step::TakeOver(shape)));
    if misbehaviour.kills {
        steps.push((taken_over + seconds(1 + stage.draw(8)), Step::Kill));
    }
    if let Some(after) = shape.withdrawn_after {
        steps.push((taken_over + TimeDelta::seconds(after), Step::Withdraw));
    }
    steps.push((at + TimeDelta::seconds(misbehaviour.lasts), Step::Clear));
    let sentinel = at + seconds(stage.draw(120));
    steps.push((sentinel, Step::Release(stage.draw(stage.packages.len()))));
}

fn seconds(count: usize) -> TimeDelta {
    TimeDelta::seconds(i64::try_from(count).unwrap())
}
