//! A made-up project under way: where it lives, how it releases, its calendar, and its next release.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::model::{Ecosystem, Observation, Person};

use super::observe;

/// The forge that a repository lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    GitHub,
    GitLab,
}

/// The repository of a project, and its owner.
#[derive(Clone, Debug)]
pub struct Home {
    pub forge: Forge,
    pub owner: String,
    pub owner_id: u64,
    pub owner_since: DateTime<Utc>,
    pub owner_kind: &'static str,
    pub name: String,
    pub id: u64,
    pub since: DateTime<Utc>,
    pub default_branch: String,
    pub is_public: bool,
    /// The former `owner/name`, which the forge redirects.
    pub formerly: Option<String>,
}

impl Home {
    pub fn url(&self) -> String {
        let host = if self.forge == Forge::GitHub { "github.com" } else { "gitlab.com" };
        format!("https://{host}/{}/{}", self.owner, self.name)
    }

    /// Renames it, as the forge does: the redirect remains.
    pub fn rename(&mut self, owner: &str, name: &str) {
        self.formerly = Some(format!("{}/{}", self.owner, self.name));
        (self.owner, self.name) = (owner.to_owned(), name.to_owned());
    }
}

/// The ref that a workflow builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Tag,
    Branch,
}

/// How a workflow builds and publishes.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub workflow: String,
    /// The reusable workflow with its ref, a URL without the scheme and host.
    pub builder: Option<String>,
    pub trigger: &'static str,
    pub source: Source,
    pub environment: Option<&'static str>,
    pub runner: &'static str,
    /// The provider of a trusted publisher.
    pub provider: &'static str,
    /// The registry's number of the registration as trusted publisher.
    pub registration: u64,
}

/// What publishes a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A trusted publisher that attests, where the registry takes attestations.
    Workflow,
    /// A trusted publisher without attestation: CircleCI, a private repository, an upload tool that does not attest.
    BareWorkflow,
    /// A token in a workflow that attests.
    TokenInWorkflow,
    /// A person with a token, by their place in [`Project::people`].
    Person(usize),
}

/// How versions are tagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagStyle {
    /// `v1.2.3`
    V,
    /// `1.2.3`
    Plain,
    /// `package@1.2.3`
    Package,
}

/// The trail that a release has at the forge when it is first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trail {
    Nothing,
    Tag,
    TagAndRelease,
}

/// One release before it is written down.
#[derive(Clone, Debug)]
pub struct Draft {
    pub package: String,
    pub version: String,
    pub at: DateTime<Utc>,
    pub by: By,
    pub reference: String,
    pub trigger: &'static str,
    pub run: u64,
    pub attempt: u32,
    /// Whether the default branch has the commit. No other branch is protected.
    pub merged: bool,
    pub tag: String,
    pub trail: Trail,
    /// Whether a run of the workflow failed shortly before.
    pub after_failed_run: bool,
    /// Platforms of wheels that another job uploads, without attestation.
    pub bare_wheels: Vec<&'static str>,
}

/// A project under way. A style changes what it likes between two releases.
pub struct Project {
    pub random: fastrand::Rng,
    pub number: u64,
    pub ecosystem: Ecosystem,
    pub package: String,
    pub home: Home,
    pub pipeline: Pipeline,
    pub by: By,
    pub people: Vec<Person>,
    pub maintainers: Vec<String>,
    pub tags: TagStyle,
    /// Whether the forge shows a release for each tag.
    pub makes_releases: bool,
    /// Whether a tag is forgotten once in 400 releases.
    pub forgets_tags: bool,
    pub dependencies: BTreeMap<String, String>,
    /// Dependencies that the next release has first, with their age.
    pub new_dependencies: BTreeMap<String, DateTime<Utc>>,
    /// When each account was made, where the registry tells.
    pub accounts_since: DateTime<Utc>,
    pub signs_commits: bool,
    pub now: DateTime<Utc>,
    /// Days between two releases, from and to.
    pub pace: (i64, i64),
    pub zone: i64,
    pub version: [u64; 3],
    /// How many releases it makes in all.
    pub length: usize,
    pub releases: Vec<Observation>,
    run: u64,
}

impl Project {
    pub fn new(number: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let people: Vec<Person> = (0..2).map(|n| person(&format!("person{n}-of-{number}"))).collect();
        let source = if random.bool() { Source::Tag } else { Source::Branch };
        Self {
            number,
            ecosystem: Ecosystem::NPM,
            package: format!("package{number}"),
            home: home(&mut random, number),
            pipeline: Pipeline {
                workflow: ["release.yml", "publish.yml", "ci.yml"][random.usize(0..3)].to_owned(),
                builder: None,
                trigger: if source == Source::Tag && random.bool() { "release" } else { "push" },
                source,
                environment: None,
                runner: "github-hosted",
                provider: "github",
                registration: number * 10,
            },
            by: By::Workflow,
            maintainers: people.iter().map(|person| person.name.clone()).collect(),
            people,
            tags: if random.u32(0..4) == 0 { TagStyle::Plain } else { TagStyle::V },
            makes_releases: random.u32(0..4) != 0,
            forgets_tags: true,
            dependencies: [("left-pad".to_owned(), "^1.0.0".to_owned())].into(),
            new_dependencies: BTreeMap::new(),
            accounts_since: day("2016-05-01") + TimeDelta::days(random.i64(0..1000)),
            signs_commits: random.bool(),
            now: day("2024-09-02") + TimeDelta::days(random.i64(0..240)),
            pace: (3, 24),
            zone: random.i64(-8..=9),
            version: [random.u64(1..6), random.u64(0..4), 0],
            length: random.usize(27..=34),
            releases: Vec::new(),
            run: 10_000_000 + number * 10_000,
            random,
        }
    }

    /// Whether something happens that does so once in `of` times.
    pub fn once_in(&mut self, of: u32) -> bool {
        self.random.u32(0..of) == 0
    }

    /// Publishes to another registry than npm.
    pub fn publish_to(&mut self, ecosystem: Ecosystem) {
        self.ecosystem = ecosystem;
    }

    /// After how many releases something changes for good: enough for a habit before, and as many again.
    pub fn turning_point(&mut self) -> usize {
        let middle = self.length / 2;
        self.random.usize(middle - 4..=middle + 4)
    }

    pub fn release_until(&mut self, count: usize) {
        while self.releases.len() < count {
            let draft = self.next_release();
            self.publish(&draft);
        }
    }

    pub fn finish(&mut self) {
        self.release_until(self.length);
    }

    pub fn is_done(&self) -> bool {
        self.releases.len() >= self.length
    }

    /// The next release: some days later, by the usual ways, with a seldom oddity.
    pub fn next_release(&mut self) -> Draft {
        self.pass_time();
        self.bump();
        if self.once_in(12) {
            self.add_dependency();
        }
        let version = self.version_text();
        let mut draft = self.draft(&version);
        if self.once_in(60) {
            draft.attempt = 2;
        }
        if self.forgets_tags && self.once_in(400) {
            draft.trail = Trail::Nothing;
        }
        draft
    }

    /// Some days, and mostly a working hour of the project's zone.
    pub fn pass_time(&mut self) {
        let days = match self.random.u32(0..100) {
            0 => self.random.i64(60..150),
            1..8 => 0,
            _ => self.random.i64(self.pace.0..=self.pace.1),
        };
        let hour = if self.once_in(20) { self.random.i64(0..24) } else { 9 + self.random.i64(0..9) };
        let day = (self.now.date_naive() + TimeDelta::days(days)).and_hms_opt(0, 0, 0).unwrap().and_utc();
        let at = day + TimeDelta::hours((hour - self.zone).rem_euclid(24));
        let at = at + TimeDelta::seconds(self.random.i64(0..3600));
        self.now = if at > self.now { at } else { self.now + TimeDelta::minutes(self.random.i64(40..200)) };
    }

    pub fn bump(&mut self) {
        let [major, minor, patch] = self.version;
        self.version = match self.random.u32(0..100) {
            0..2 => [major + 1, 0, 0],
            2..22 => [major, minor + 1, 0],
            _ => [major, minor, patch + 1],
        };
    }

    /// A well-known package of other people.
    pub fn add_dependency(&mut self) {
        let name = format!("library{}", self.random.u32(0..500));
        if self.dependencies.insert(name.clone(), "^2.0.0".to_owned()).is_none() {
            self.new_dependencies.insert(name, day("2019-01-01") + TimeDelta::days(self.random.i64(0..1500)));
        }
    }

    pub fn version_text(&self) -> String {
        let [major, minor, patch] = self.version;
        format!("{major}.{minor}.{patch}")
    }

    /// A release of the main package now, by the usual ways.
    pub fn draft(&mut self, version: &str) -> Draft {
        let package = self.package.clone();
        self.draft_of(&package, version)
    }

    /// The same of another package of the project.
    pub fn draft_of(&mut self, package: &str, version: &str) -> Draft {
        self.run += 1;
        let tag = self.tag(package, version);
        Draft {
            package: package.to_owned(),
            version: version.to_owned(),
            at: self.now,
            by: self.by,
            reference: match self.pipeline.source {
                Source::Tag => format!("refs/tags/{tag}"),
                Source::Branch => format!("refs/heads/{}", self.home.default_branch),
            },
            trigger: self.pipeline.trigger,
            run: self.run,
            attempt: 1,
            merged: true,
            tag,
            trail: if self.makes_releases { Trail::TagAndRelease } else { Trail::Tag },
            after_failed_run: false,
            bare_wheels: Vec::new(),
        }
    }

    fn tag(&self, package: &str, version: &str) -> String {
        match self.tags {
            TagStyle::V => format!("v{version}"),
            TagStyle::Plain => version.to_owned(),
            TagStyle::Package => format!("{package}@{version}"),
        }
    }

    pub fn publish(&mut self, draft: &Draft) {
        let release = observe::observation(self, draft);
        self.releases.push(release);
        self.new_dependencies.clear();
    }

    /// Registers the trusted publisher anew.
    pub fn register_anew(&mut self) {
        self.pipeline.registration += 1;
    }
}

fn home(random: &mut fastrand::Rng, number: u64) -> Home {
    Home {
        forge: Forge::GitHub,
        owner: format!("owner{number}"),
        owner_id: 100_000 + number,
        owner_since: day("2014-01-01") + TimeDelta::days(random.i64(0..1500)),
        owner_kind: if random.bool() { "user" } else { "organization" },
        name: format!("project{number}"),
        id: 900_000 + number,
        since: day("2018-06-01") + TimeDelta::days(random.i64(0..1500)),
        default_branch: if random.u32(0..4) == 0 { "master" } else { "main" }.to_owned(),
        is_public: true,
        formerly: None,
    }
}

pub fn person(name: &str) -> Person {
    Person { name: name.to_owned(), email: Some(format!("{name}@{name}.example")) }
}

/// The beginning of a day, `YYYY-MM-DD`.
pub fn day(text: &str) -> DateTime<Utc> {
    format!("{text}T00:00:00Z").parse().unwrap()
}
