//! Synthetic histories of honest projects, each in a style of its own, and of attacks on them. Everything follows from
//! the seed.
//!
//! The styles and the honest oddities are those of release practice: tags or branches, people or machines, monorepos,
//! nightly builds, back-ports, re-runs, publishing by hand after a failed run, renamed repositories, new maintainers.

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::model::{
    Auth, AuthMethod, Claims, CommitFacts, Ecosystem, Facts, Manifest, Observation, OwnerFacts, Package, Person,
    Provenance, ReleaseFacts, ReleaseStatus, RepositoryFacts, RunFacts, TagFacts, VerifiedProvenance, WorkflowIdentity,
};

const GITHUB: &str = "https://token.actions.githubusercontent.com";

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

/// What an attacker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Publishes with the maintainer's own token.
    Token,
    /// The same, and two old lines as well, and an install script.
    TokenEverywhere,
    /// Publishes with the account of somebody who never published this package.
    Stranger,
    /// Pushes a branch with a workflow of the same name.
    OwnBranch,
    /// Pushes a branch with a workflow of his own.
    OwnWorkflow,
    /// Publishes from a fork of the project.
    Fork,
    /// Takes a run of the real workflow over: two versions, no tag, a failed run.
    HijackedRun,
    /// Pushes to the real branch with a stolen token.
    MaliciousCommit,
}

impl Attack {
    pub const ALL: [Self; 8] = [
        Self::Token,
        Self::TokenEverywhere,
        Self::Stranger,
        Self::OwnBranch,
        Self::OwnWorkflow,
        Self::Fork,
        Self::HijackedRun,
        Self::MaliciousCommit,
    ];

    /// Whether it makes sense against a style.
    pub fn suits(self, style: Style) -> bool {
        match self {
            Self::Token | Self::TokenEverywhere | Self::Stranger => true,
            _ => style.is_attested(),
        }
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

    fn observation(&mut self, draft: &Draft) -> Observation {
        let by_machine = self.style.has_evidence() && draft.by_hand.is_none();
        let attested = by_machine && self.style.is_attested();
        let trusted = by_machine && !matches!(self.style, Style::TokenWithProvenance);
        let publisher = match (self.style, draft.by_hand) {
            (_, Some(person)) => Some(self.people[person].clone()),
            (Style::People, None) => Some(self.people[self.random.usize(0..self.people.len())].clone()),
            (Style::Pypi | Style::PypiPerson, _) => None,
            _ if trusted => Some(Person {
                name: "GitHub Actions".to_owned(),
                email: Some("npm-oidc-no-reply@github.com".to_owned()),
            }),
            _ => Some(self.people[0].clone()),
        };
        let pypi = self.style.ecosystem() == Ecosystem::PYPI;
        let method = match (pypi, trusted) {
            (true, _) => AuthMethod::Unknown,
            (_, true) => AuthMethod::TrustedPublisher,
            _ => AuthMethod::Token,
        };
        let package = Package::new(self.style.ecosystem(), &draft.package).unwrap();
        let attestation = if attested { self.provenance(draft) } else { Provenance::Absent };
        Observation {
            purl: package.at(&draft.version),
            published_at: draft.at,
            publisher,
            auth: Auth {
                method,
                provider: trusted.then(|| "github".to_owned()),
                config_id: (trusted && self.style.ecosystem() == Ecosystem::NPM)
                    .then(|| format!("oidc:{}", self.number)),
                approved_by: None,
                repository: None,
                run_id: None,
            },
            attestation,
            manifest: Some(Manifest {
                repository: Some(format!("git+{}.git", self.repository_url())),
                git_head: None,
                install_scripts: Some(Vec::new()),
                install_commands: None,
                dependencies: Some([("left-pad".to_owned(), "^1.0.0".to_owned())].into()),
                optional_dependencies: None,
            }),
            facts: self.facts(draft, attested),
            files: Vec::new(),
            maintainers: None,
            status: ReleaseStatus::Published,
            unchecked: Vec::new(),
            unread: provwatch::model::Unread::default(),
            untold: None,
        }
    }

    fn repository_url(&self) -> String {
        format!("https://github.com/{}/{}", self.owner, self.repository)
    }

    fn provenance(&self, draft: &Draft) -> Provenance {
        let repository = self.repository_url();
        let workflow = format!("{repository}/.github/workflows/{}@{}", self.workflow, draft.reference);
        let shared = format!("https://github.com/{}/shared/.github/workflows/publish.yml@refs/heads/main", self.owner);
        let claims = Claims {
            build_signer_uri: Some(if self.style == Style::Shared { shared } else { workflow.clone() }),
            build_config_uri: Some(workflow.clone()),
            runner_environment: Some("github-hosted".to_owned()),
            source_repository_uri: Some(repository.clone()),
            source_repository_digest: Some(format!("{:040x}", self.run)),
            source_repository_ref: Some(draft.reference.clone()),
            source_repository_identifier: Some((900_000 + self.number).to_string()),
            source_repository_owner_uri: Some(format!("https://github.com/{}", self.owner)),
            source_repository_owner_identifier: Some((100_000 + self.number).to_string()),
            build_trigger: Some(draft.trigger.to_owned()),
            run_invocation_uri: Some(format!("{repository}/actions/runs/{}/attempts/{}", self.run, draft.attempt)),
            source_repository_visibility_at_signing: Some("public".to_owned()),
            deployment_environment: (self.style == Style::Dispatch).then(|| "npm".to_owned()),
            ..Claims::default()
        };
        Provenance::Verified(Box::new(VerifiedProvenance {
            identity: WorkflowIdentity { issuer: GITHUB.to_owned(), subject: workflow, claims },
            signed_at: Some(draft.at - TimeDelta::seconds(20)),
            log: None,
            signed: Vec::new(),
        }))
    }

    fn facts(&mut self, draft: &Draft, attested: bool) -> Facts {
        let tagged = self.style != Style::People || self.random.u32(0..3) == 0;
        let nightly = draft.version.contains("nightly");
        let forgets = self.random.u32(0..300) == 0;
        Facts {
            repository: Some(RepositoryFacts {
                identifier: Some((900_000 + self.number).to_string()),
                created_at: Some("2019-03-01T00:00:00Z".parse().unwrap()),
                fork: Some(false),
                default_branch: Some(self.main.clone()),
                visibility: Some("public".to_owned()),
                ..RepositoryFacts::default()
            }),
            owner: Some(OwnerFacts {
                created_at: Some("2015-03-01T00:00:00Z".parse().unwrap()),
                ..OwnerFacts::default()
            }),
            commit: attested.then_some(CommitFacts {
                on_default_branch: Some(draft.merged),
                verified: Some(self.signs_commits),
                ..CommitFacts::default()
            }),
            tag: Some(TagFacts {
                name: Some(format!("v{}", draft.version)),
                exists: Some(tagged && !nightly && !forgets),
            }),
            release: Some(ReleaseFacts { exists: Some(tagged && !nightly && !forgets) }),
            run: (attested || draft.by_hand.is_some()).then(|| RunFacts {
                conclusion: Some(if draft.by_hand.is_some() { "failure" } else { "success" }.to_owned()),
                event: Some(draft.trigger.to_owned()),
                attempt: Some(draft.attempt),
                created_at: Some(draft.at - TimeDelta::minutes(6)),
                ..RunFacts::default()
            }),
            ..Facts::default()
        }
    }

    /// What the attacker publishes, some days after the last release.
    pub fn attacked(&mut self, attack: Attack) -> Vec<Observation> {
        self.now += TimeDelta::days(9) + TimeDelta::hours(self.random.i64(0..24));
        self.version[2] += 1;
        let version = self.version_text();
        let draft = self.draft(&version);
        let mut draft = Draft { by_hand: None, attempt: 1, ..draft };
        if self.style == Style::Monorepo {
            draft.package = format!("@scope{}/part0", self.number);
        }
        self.next_run();
        match attack {
            Attack::Token => vec![self.with_token(&draft, 0)],
            Attack::Stranger => {
                self.people.push(person("mallory"));
                vec![self.with_token(&draft, self.people.len() - 1)]
            }
            Attack::TokenEverywhere => {
                let older = format!("{}.99.999", self.version[0].saturating_sub(1));
                let oldest = format!("{}.99.999", self.version[0].saturating_sub(2));
                let drafts = [older, oldest, version];
                let mut attacks = Vec::new();
                for (minutes, version) in (0..).step_by(4).zip(drafts) {
                    let at = draft.at + TimeDelta::minutes(minutes);
                    let mut one = self.with_token(&Draft { version, at, ..copy(&draft) }, 0);
                    if let Some(manifest) = &mut one.manifest {
                        manifest.install_scripts = Some(vec!["preinstall".to_owned()]);
                    }
                    attacks.push(one);
                }
                attacks
            }
            Attack::OwnBranch => {
                let reference = "refs/heads/fix-types".to_owned();
                vec![self.without_traces(&Draft { reference, merged: false, trigger: "push", ..draft })]
            }
            Attack::OwnWorkflow => {
                self.workflow = String::from("ci-test.yml");
                let reference = "refs/heads/oidc".to_owned();
                vec![self.without_traces(&Draft { reference, merged: false, trigger: "push", ..draft })]
            }
            Attack::Fork => {
                let parent = format!("{}/{}", self.owner, self.repository);
                (self.owner, self.number) = ("mallory".to_owned(), self.number + 50_000);
                let mut one = self.without_traces(&draft);
                one.facts.repository.as_mut().unwrap().fork = Some(true);
                one.facts.repository.as_mut().unwrap().fork_of = Some(parent);
                vec![one]
            }
            Attack::HijackedRun => {
                let first = self.without_traces(&draft);
                let mut second = first.clone();
                self.version[2] += 1;
                second.purl = second.purl.package().at(self.version_text());
                second.published_at += TimeDelta::minutes(7);
                let mut both = vec![first, second];
                for one in &mut both {
                    one.facts.run.as_mut().unwrap().conclusion = Some("failure".to_owned());
                }
                both
            }
            Attack::MaliciousCommit => {
                let mut one = self.observation(&draft);
                one.facts.commit.as_mut().unwrap().verified = Some(false);
                vec![one]
            }
        }
    }

    fn with_token(&mut self, draft: &Draft, person: usize) -> Observation {
        let mut one = self.without_traces(&Draft { by_hand: Some(person), ..copy(draft) });
        one.facts.run = None;
        one
    }

    /// Without tag and release, which only who keeps the repository can make.
    fn without_traces(&mut self, draft: &Draft) -> Observation {
        let mut one = self.observation(draft);
        one.facts.tag.as_mut().unwrap().exists = Some(false);
        one.facts.release.as_mut().unwrap().exists = Some(false);
        one
    }
}

fn copy(draft: &Draft) -> Draft {
    Draft {
        package: draft.package.clone(),
        version: draft.version.clone(),
        reference: draft.reference.clone(),
        ..*draft
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
