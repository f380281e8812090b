//! The setting of an episode: the victim, its neighbours, and the controls of the simulated registries.

use std::{
    cell::{Cell as Flag, RefCell},
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    model::{AlertStatus, Ecosystem, Package},
    store::{AlertFilter, Store},
};

use super::{
    Hostile, How, Misbehaviour, Place, Shape, WeekClock, disk,
    rows::{self, Cell, Damage},
    shapes::{Habit, STRANGER},
};
use crate::lab::{Publication, World, rig::*};

/// How many packages of each registry are watched.
const EACH: usize = 16;
/// For how many takeovers a package that was taken over releases nothing honest.
const SILENT: usize = 8;
/// How many releases each has before the week.
const HISTORY: u32 = 4;

/// Something that must be told.
#[derive(Clone, Debug)]
pub struct Takeover {
    pub package: Package,
    pub version: String,
    pub shape: &'static Shape,
    pub during: &'static Misbehaviour,
    pub at: DateTime<Utc>,
    /// When the misbehaviour was over.
    pub cleared: Option<DateTime<Utc>>,
}

/// The world and what is known of it.
pub struct Stage {
    pub net: Arc<Hostile>,
    pub clock: Arc<WeekClock>,
    pub store: PathBuf,
    pub packages: Vec<Package>,
    pub takeovers: RefCell<Vec<Takeover>>,
    draw: RefCell<fastrand::Rng>,
    numbers: RefCell<BTreeMap<Package, u32>>,
    strangers: Flag<u32>,
    turns: Flag<usize>,
    damages: RefCell<Vec<Damage>>,
    victim: RefCell<Package>,
    /// Those that were taken over lately.
    silent: RefCell<VecDeque<Package>>,
    during: Flag<Option<&'static Misbehaviour>>,
}

impl Stage {
    pub fn new(net: Arc<Hostile>, clock: Arc<WeekClock>, store: PathBuf, seed: u64) -> Self {
        let named = |(ecosystem, stem): (Ecosystem, &str)| -> Vec<Package> {
            (0..EACH).map(|number| Package::new(ecosystem, &format!("{stem}-{number}")).unwrap()).collect()
        };
        let stems = [(Ecosystem::NPM, "widget"), (Ecosystem::PYPI, "gadget"), (Ecosystem::CARGO, "gizmo")];
        let packages: Vec<Package> = stems.into_iter().flat_map(named).collect();
        Self {
            net,
            clock,
            store,
            victim: RefCell::new(packages[0].clone()),
            silent: RefCell::default(),
            packages,
            takeovers: RefCell::default(),
            draw: RefCell::new(fastrand::Rng::with_seed(seed)),
            numbers: RefCell::default(),
            strangers: Flag::default(),
            turns: Flag::default(),
            damages: RefCell::default(),
            during: Flag::default(),
        }
    }

    /// Gives every package its past: a release a month, the last one a month ago.
    pub fn publish_histories(&self) {
        for package in &self.packages {
            for number in 0..HISTORY {
                let at = self.clock.true_now() - TimeDelta::days(30 * i64::from(HISTORY - number));
                let version = self.next_version(package);
                self.publish(package, &version, &Habit::of(package).publication(package).at(at));
            }
        }
    }

    pub fn world(&self) -> &World {
        &self.net.world
    }

    /// A number below `end`.
    pub fn draw(&self, end: usize) -> usize {
        self.draw.borrow_mut().usize(..end)
    }

    pub fn shuffle<T>(&self, all: &mut [T]) {
        self.draw.borrow_mut().shuffle(all);
    }

    /// Counts up.
    pub fn turn(&self) -> usize {
        self.turns.replace(self.turns.get() + 1)
    }

    // Episodes.

    /// Makes a package the next victim, which releases nothing honest for a while.
    pub fn enter(&self, victim: &Package, during: &'static Misbehaviour) {
        self.victim.replace(victim.clone());
        self.during.set(Some(during));
        self.silence(victim);
    }

    /// Whether a package was taken over lately.
    pub fn is_silent(&self, package: &Package) -> bool {
        self.silent.borrow().contains(package)
    }

    fn silence(&self, package: &Package) {
        let mut silent = self.silent.borrow_mut();
        silent.push_back(package.clone());
        if silent.len() > SILENT {
            silent.pop_front();
        }
    }

    /// Everything works again.
    pub fn clear(&self) {
        self.net.mend();
        self.clock.skew(TimeDelta::zero());
        disk::empty();
        rows::restore(&self.store, self.damages.take().into_iter());
        let mut takeovers = self.takeovers.borrow_mut();
        takeovers.iter_mut().filter(|one| one.cleared.is_none()).for_each(|one| {
            one.cleared = Some(self.clock.true_now());
        });
    }

    pub fn victim(&self) -> Package {
        self.victim.borrow().clone()
    }

    /// An honest package beside the victim, of the same registry.
    pub fn other(&self) -> Package {
        self.others(1).remove(0)
    }

    /// So many of them.
    pub fn others(&self, count: usize) -> Vec<Package> {
        self.some_of(self.victim().ecosystem(), count)
    }

    /// So many honest packages of a registry.
    pub fn some_of(&self, ecosystem: Ecosystem, count: usize) -> Vec<Package> {
        let mut all = self.packages.clone();
        all.retain(|package| package.ecosystem() == ecosystem && !self.is_silent(package));
        self.shuffle(&mut all);
        all.truncate(count);
        all
    }

    /// A registry that is not the victim's.
    pub fn another_registry(&self) -> Ecosystem {
        let others = Ecosystem::ALL.into_iter().filter(|one| *one != self.victim().ecosystem());
        others.collect::<Vec<_>>()[self.draw(2)]
    }

    // What people do.

    /// The package's usual release.
    pub fn release(&self, package: &Package) {
        let version = self.next_version(package);
        let publication = Habit::of(package).publication(package).at(self.clock.true_now());
        self.publish(package, &version, &publication);
    }

    /// An operator resolves the open alerts of a package: the same takeover again would only raise the count of such an alert.
    /// What the broken disk or database refuses stays open.
    fn resolve_alerts(&self, package: &Package) {
        let Ok(store) = Store::open(&self.store) else { return };
        let (status, package) = (Some(AlertStatus::Open), Some(package.clone()));
        let open = AlertFilter { status, package, ..AlertFilter::default() };
        for alert in store.alerts(&open).unwrap_or_default() {
            let _ = store.resolve(&alert.fingerprint, "operator", "done", self.clock.true_now());
        }
    }

    /// A takeover, which must be told.
    pub fn take_over(&self, package: &Package, shape: &'static Shape) {
        self.resolve_alerts(package);
        let version = self.next_version(package);
        let (at, during) = (self.clock.true_now(), self.during.get().unwrap());
        self.net.watch_for(package, &version);
        (shape.play)(self, package, &version);
        let takeover = Takeover { package: package.clone(), version, shape, during, at, cleared: None };
        self.takeovers.borrow_mut().push(takeover);
    }

    /// Takes so many packages beside the victim over as well. Their own documents show it, whatever else misbehaves.
    pub fn decoys(&self, count: usize) {
        let mut all = self.others(EACH);
        all.retain(|package| STRANGER.fits(package) && !self.net.is_misbehaving(&Place::Document(package.clone())));
        for package in all.into_iter().take(count) {
            self.silence(&package);
            self.take_over(&package, &STRANGER);
        }
    }

    /// An account that nobody has seen.
    pub fn stranger(&self) -> Publication {
        self.strangers.set(self.strangers.get() + 1);
        let name = format!("mallory-{}", self.strangers.get());
        Publication::token(START, &name, &format!("{name}@example.net")).at(self.clock.true_now())
    }

    pub fn publish(&self, package: &Package, version: &str, publication: &Publication) {
        let (world, name) = (self.world(), package.name());
        match package.ecosystem() {
            Ecosystem::NPM => world.publish_npm(name, version, publication),
            Ecosystem::PYPI => world.publish_pypi(name, version, publication),
            _ => world.publish_crate(name, version, publication),
        }
    }

    pub fn next_version(&self, package: &Package) -> String {
        let mut numbers = self.numbers.borrow_mut();
        let next = numbers.entry(package.clone()).or_default();
        *next += 1;
        format!("1.0.{}", *next - 1)
    }

    // What machines do.

    /// A place answers like this until the episode is over.
    pub fn misbehave(&self, place: Place, how: How) {
        self.net.misbehave(place, how);
    }

    /// The documents of packages that were just released answer like this.
    pub fn releases_that(&self, packages: &[Package], how: &How) {
        for package in packages {
            self.misbehave(Place::Document(package.clone()), how.clone());
            self.release(package);
        }
    }

    /// A row of another package is damaged, and the package is looked at.
    pub fn damage(&self, cell: &Cell) {
        let other = self.other();
        self.damages.borrow_mut().extend(rows::damage(&self.store, cell, &other.to_string()));
        self.release(&other);
    }

    /// The clock is so wrong until the episode is over.
    pub fn skew(&self, by: TimeDelta) {
        self.clock.skew(by);
    }
}
