//! Synthetic histories of honest projects, each in a style of its own, and of attacks on them. Everything follows from
//! the seed.
//!
//! The styles and the honest oddities are those of release practice: tags or branches, people or machines, monorepos,
//! nightly builds, back-ports, re-runs, publishing by hand after a failed run, renamed repositories, new maintainers.

mod attacks;
mod releases;

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::model::{Ecosystem, Facts, Observation, Person};

pub use attacks::Attack;

/// How a project releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A trusted publisher that runs for tags.
    Tags,
    /// A trusted publisher that runs on the main branch, as with changesets and semantic-release.
    Branch,
    /// A token in the workflow, with provenance.
    TokenWithProvenance,
    /// A person with a token, who tags.
    Person,
    /// Several people with tokens, who seldom tag.
    People,
    /// Five packages by one run on the main branch.
    Monorepo,
    /// A trusted publisher, releases by day and builds every night.
    Nightly,
    /// A trusted publisher with a protected environment, started by hand.
    Dispatch,
    /// A trusted publisher that calls the organization's reusable workflow, and often needs a second attempt.
    Shared,
    /// `PyPI` with attestations.
    Pypi,
    /// `PyPI` with a token.
    PypiPerson,
    /// A crate by a trusted publisher.
    Crate,
}

impl Style {
    pub const ALL: [Self; 12] = [
        Self::Tags,
        Self::Branch,
        Self::TokenWithProvenance,
        Self::Person,
        Self::People,
        Self::Monorepo,
        Self::Nightly,
        Self::Dispatch,
        Self::Shared,
        Self::Pypi,
        Self::PypiPerson,
        Self::Crate,
    ];

    fn ecosystem(self) -> Ecosystem {
        match self {
            Self::Pypi | Self::PypiPerson => Ecosystem::PYPI,
            Self::Crate => Ecosystem::CARGO,
            _ => Ecosystem::NPM,
        }
    }

    /// Whether its releases prove where they come from.
    pub fn has_evidence(self) -> bool {
        !matches!(self, Self::Person | Self::People | Self::PypiPerson)
    }

    /// Whether its releases carry a workflow's identity.
    pub fn is_attested(self) -> bool {
        self.has_evidence() && self != Self::Crate
    }
}

/// A project under way.
pub struct Project {
    style: Style,
    random: fastrand::Rng,
    number: u64,
    owner: String,
    repository: String,
    main: String,
    workflow: String,
    people: Vec<Person>,
    zone: i64,
    now: DateTime<Utc>,
    run: u64,
    version: [u64; 3],
    signs_commits: bool,
    pub releases: Vec<Observation>,
}

/// One release before it is written down.
struct Draft {
    package: String,
    version: String,
    at: DateTime<Utc>,
    reference: String,
    trigger: &'static str,
    attempt: u32,
    by_hand: Option<usize>,
    merged: bool,
}

impl Project {
    pub fn new(style: Style, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let owner = format!("owner{seed}");
        let people: Vec<Person> = (0..3).map(|n| person(&format!("person{n}-of-{seed}"))).collect();
        Self {
            style,
            number: seed,
            repository: format!("project{seed}"),
            main: if random.bool() { "main".to_owned() } else { "master".to_owned() },
            workflow: ["release.yml", "publish.yml", "ci.yml"][random.usize(0..3)].to_owned(),
            people,
            owner,
            zone: random.i64(-8..=9),
            now: "2025-01-06T00:00:00Z".parse().unwrap(),
            run: 10_000_000 + seed * 10_000,
            version: [random.u64(3..6), 0, 0],
            signs_commits: random.bool(),
            random,
            releases: Vec::new(),
        }
    }

    /// Releases honestly until there are so many releases.
    pub fn release_until(&mut self, count: usize) {
        while self.releases.len() < count {
            self.pass_time();
            self.one_release();
        }
    }

    fn pass_time(&mut self) {
        let days = match self.random.u32(0..100) {
            0 => self.random.i64(120..400),
            1..10 => 0,
            _ => self.random.i64(2..20),
        };
        let hour = if self.random.u32(0..20) == 0 { self.random.i64(0..24) } else { 9 + self.random.i64(0..9) };
        let day = self.now.date_naive() + TimeDelta::days(days);
        let at = day.and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::hours((hour - self.zone).rem_euclid(24));
        let at = at + TimeDelta::minutes(self.random.i64(0..60)) + TimeDelta::seconds(self.random.i64(0..60));
        self.now = if at > self.now { at } else { self.now + TimeDelta::hours(2) };
    }

    fn one_release(&mut self) {
        match self.random.u32(0..1000) {
            0..20 => self.new_major(),
            20..120 => self.version = [self.version[0], self.version[1] + 1, 0],
            _ => self.version[2] += 1,
        }
        self.oddity();
        let version = self.version_text();
        match self.style {
            Style::Monorepo => {
                let packages = 1 + self.random.usize(0..5);
                let run = self.next_run();
                for package in 0..packages {
                    let name = format!("@scope{}/part{package}", self.number);
                    let mut draft = self.draft(&version);
                    draft.package = name;
                    draft.at = self.now + TimeDelta::seconds(4 * i64::try_from(package).unwrap());
                    self.run = run;
                    self.publish(&draft);
                }
            }
            Style::Nightly => {
                let draft = self.draft(&version);
                self.publish(&draft);
                for night in 1..4 {
                    let at = (self.now.date_naive() + TimeDelta::days(night)).and_hms_opt(2, 30, 0).unwrap().and_utc();
                    let nightly = format!("{}-nightly.{}", self.version_text(), at.format("%Y%m%d"));
                    let mut draft = self.draft(&nightly);
                    (draft.at, draft.trigger) = (at, "schedule");
                    self.publish(&draft);
                    self.now = at;
                }
            }
            _ => {
                let draft = self.draft(&version);
                self.publish(&draft);
                if self.random.u32(0..40) == 0 {
                    self.backport();
                }
            }
        }
    }

    fn new_major(&mut self) {
        let major = self.version[0] + 1;
        if self.random.bool() {
            let mut draft = self.draft(&format!("{major}.0.0-rc.1"));
            if self.style == Style::Branch {
                draft.reference = String::from("refs/heads/next");
                draft.merged = false;
            }
            self.publish(&draft);
            self.pass_time();
        }
        self.version = [major, 0, 0];
    }

    /// Honest changes of how things are done.
    fn oddity(&mut self) {
        match self.random.u32(0..1500) {
            0 => self.repository = format!("{}-renamed", self.repository.trim_end_matches("-renamed")),
            1 => self.workflow = format!("deploy{}.yml", self.random.u32(0..9)),
            2 => self.people.push(person(&format!("newcomer{}-of-{}", self.people.len(), self.number))),
            3 => {
                let email = self.people[0].email.clone().unwrap();
                self.people[0].email = Some(format!("new-{email}"));
            }
            _ => {}
        }
    }

    /// A fix for an old line, by hand as often as not where the line is older than the machinery.
    fn backport(&mut self) {
        if self.version[0] < 2 {
            return;
        }
        let mut draft = self.draft(&format!("{}.99.{}", self.version[0] - 1, self.releases.len()));
        draft.at = self.now + TimeDelta::minutes(15);
        if self.style == Style::Branch {
            draft.reference = format!("refs/heads/{}.x", self.version[0] - 1);
            draft.merged = false;
        }
        self.publish(&draft);
    }

    fn draft(&mut self, version: &str) -> Draft {
        let tags = matches!(self.style, Style::Tags | Style::TokenWithProvenance | Style::Pypi | Style::Shared);
        // Publishing by hand after a failed run: three in a thousand.
        let by_hand = self.style.has_evidence() && !version.contains("nightly") && self.random.u32(0..1000) < 3;
        let again = if self.style == Style::Shared { 4 } else { 60 };
        Draft {
            package: format!("package{}", self.number),
            version: version.to_owned(),
            at: self.now,
            reference: if tags { format!("refs/tags/v{version}") } else { format!("refs/heads/{}", self.main) },
            trigger: match self.style {
                Style::Dispatch => "workflow_dispatch",
                Style::Tags if self.number.is_multiple_of(2) => "release",
                _ => "push",
            },
            attempt: if self.random.u32(0..again) == 0 { 2 } else { 1 },
            by_hand: by_hand.then_some(0),
            merged: true,
        }
    }

    fn version_text(&self) -> String {
        let [major, minor, patch] = self.version;
        format!("{major}.{minor}.{patch}")
    }

    fn next_run(&mut self) -> u64 {
        self.run += 1;
        self.run
    }

    fn publish(&mut self, draft: &Draft) {
        if self.style != Style::Monorepo {
            self.next_run();
        }
        let release = self.observation(draft);
        self.releases.push(release);
    }
}

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), email: Some(format!("{name}@{name}.example")) }
}

/// Without anything that a forge has to be asked for.
pub fn without_facts(mut releases: Vec<Observation>) -> Vec<Observation> {
    for release in &mut releases {
        release.facts = Facts::default();
    }
    releases
}
