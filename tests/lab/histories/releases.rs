//! Writes a release of a synthetic project down: the observation, its provenance, and the facts of the forge.

use chrono::TimeDelta;
use provwatch::model::{
    Auth, AuthMethod, Claims, CommitFacts, Ecosystem, Facts, Manifest, Observation, OwnerFacts, Package, Person,
    Provenance, ReleaseFacts, ReleaseStatus, RepositoryFacts, RunFacts, TagFacts, VerifiedProvenance, WorkflowIdentity,
};

use super::{Draft, Project, Style};

const GITHUB: &str = "https://token.actions.githubusercontent.com";

impl Project {
    pub(super) fn observation(&mut self, draft: &Draft) -> Observation {
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
                ..TagFacts::default()
            }),
            release: Some(ReleaseFacts { exists: Some(tagged && !nightly && !forgets), immutable: None }),
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
}
