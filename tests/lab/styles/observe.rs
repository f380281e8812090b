//! Writes a made-up release down as provwatch would observe it: registry, certificate, manifest, and the forge's facts.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::model::{
    AccountFacts, Auth, AuthMethod, Claim, Claims, CommitFacts, Digests, Ecosystem, Fact, Facts, File, Manifest,
    Observation, OwnerFacts, Package, Person, Provenance, ReleaseFacts, ReleaseStatus, RepositoryFacts, RunFacts,
    TagFacts, Unread, VerifiedProvenance, WorkflowIdentity,
};

use super::project::{By, Draft, Forge, Home, Project, Trail};

/// How long before the publication the workflow signs.
const SIGNED_BEFORE: TimeDelta = TimeDelta::seconds(20);

/// How long before the publication the run begins.
const RUN_BEFORE: TimeDelta = TimeDelta::minutes(6);

/// What is observed of a release.
pub fn observation(project: &Project, draft: &Draft) -> Observation {
    let attestation = if is_attested(project, draft) { provenance(project, draft) } else { Provenance::Absent };
    let package = Package::new(project.ecosystem, &draft.package).unwrap();
    Observation {
        purl: package.at(&draft.version),
        published_at: draft.at,
        publisher: publisher(project, draft),
        auth: auth(project, draft),
        files: files(project, draft, &attestation),
        attestation,
        manifest: Some(manifest(project)),
        facts: facts(project, draft),
        maintainers: Some(project.maintainers.clone()),
        status: ReleaseStatus::Published,
        unchecked: Vec::new(),
        unread: Unread::default(),
        untold: None,
    }
}

fn is_attested(project: &Project, draft: &Draft) -> bool {
    project.ecosystem != Ecosystem::CARGO && matches!(draft.by, By::Workflow | By::TokenInWorkflow)
}

/// How the registry says that it was published. PyPI never says; an attestation tells it.
fn method(project: &Project, draft: &Draft) -> AuthMethod {
    match (project.ecosystem == Ecosystem::PYPI, draft.by) {
        (true, By::Workflow | By::TokenInWorkflow) | (false, By::Workflow | By::BareWorkflow) => {
            AuthMethod::TrustedPublisher
        }
        (true, _) => AuthMethod::Unknown,
        (false, _) => AuthMethod::Token,
    }
}

fn auth(project: &Project, draft: &Draft) -> Auth {
    let method = method(project, draft);
    let is_told = method == AuthMethod::TrustedPublisher && project.ecosystem != Ecosystem::PYPI;
    let is_crate = project.ecosystem == Ecosystem::CARGO;
    Auth {
        method,
        provider: is_told.then(|| project.pipeline.provider.to_owned()),
        config_id: (is_told && !is_crate).then(|| format!("oidc:{}", project.pipeline.registration)),
        approved_by: None,
        repository: (is_told && is_crate).then(|| format!("{}/{}", project.home.owner, project.home.name)),
        run_id: (is_told && is_crate).then(|| draft.run.to_string()),
    }
}

fn publisher(project: &Project, draft: &Draft) -> Option<Person> {
    match (project.ecosystem, draft.by) {
        (Ecosystem::PYPI, _) | (Ecosystem::CARGO, By::Workflow | By::BareWorkflow) => None,
        (_, By::Workflow | By::BareWorkflow) => Some(machine(project.pipeline.provider)),
        (_, By::TokenInWorkflow) => Some(project.people[0].clone()),
        (Ecosystem::CARGO, By::Person(who)) => Some(Person { email: None, ..project.people[who].clone() }),
        (_, By::Person(who)) => Some(project.people[who].clone()),
    }
}

/// npm's stand-in for the account of a trusted publisher.
fn machine(provider: &str) -> Person {
    let (name, email) = match provider {
        "github" => ("GitHub Actions", "npm-oidc-no-reply@github.com"),
        "gitlab" => ("GitLab CI/CD", "npm-oidc-no-reply@gitlab.com"),
        _ => ("CircleCI", "npm-oidc-no-reply@circleci.com"),
    };
    Person { name: name.to_owned(), email: Some(email.to_owned()) }
}

fn manifest(project: &Project) -> Manifest {
    let is_npm = project.ecosystem == Ecosystem::NPM;
    let url = project.home.url();
    Manifest {
        repository: Some(if is_npm { format!("git+{url}.git") } else { url }),
        git_head: None,
        install_scripts: is_npm.then(Vec::new),
        install_commands: None,
        dependencies: Some(project.dependencies.clone()),
        optional_dependencies: None,
    }
}

/// PyPI lists files, and attests each by itself.
fn files(project: &Project, draft: &Draft, attestation: &Provenance) -> Vec<File> {
    if project.ecosystem != Ecosystem::PYPI {
        return Vec::new();
    }
    let stem = format!("{}-{}", draft.package.replace('-', "_"), draft.version);
    let with = |name: String, seconds: i64, attestation: &Provenance| File {
        digests: Digests { sha256: Some(digest(&name)), ..Digests::default() },
        name,
        uploaded_at: Some(draft.at + TimeDelta::seconds(seconds)),
        yanked: false,
        attestation: Some(attestation.clone()),
    };
    let mut files = vec![
        with(format!("{stem}.tar.gz"), 0, attestation),
        with(format!("{stem}-cp312-cp312-manylinux_2_28_x86_64.whl"), 3, attestation),
    ];
    for (wheel, seconds) in draft.bare_wheels.iter().zip((420..).step_by(45)) {
        files.push(with(format!("{stem}-cp312-cp312-{wheel}.whl"), seconds, &Provenance::Absent));
    }
    files
}

/// A digest that is another for another name; nothing checks it.
fn digest(name: &str) -> String {
    let mixed = name
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    format!("{mixed:064x}")
}

fn provenance(project: &Project, draft: &Draft) -> Provenance {
    let signed_at = draft.at - SIGNED_BEFORE;
    let claims = claims(project, draft, signed_at);
    let issuer = match project.home.forge {
        Forge::GitHub => "https://token.actions.githubusercontent.com",
        Forge::GitLab => "https://gitlab.com",
    };
    let subject = claims.build_signer_uri.clone().unwrap_or_default();
    Provenance::Verified(Box::new(VerifiedProvenance {
        identity: WorkflowIdentity { issuer: issuer.to_owned(), subject, claims },
        signed_at: Some(signed_at),
        log: None,
        signed: Vec::new(),
    }))
}

fn claims(project: &Project, draft: &Draft, signed_at: DateTime<Utc>) -> Claims {
    let (home, pipeline) = (&project.home, &project.pipeline);
    let workflow = format!("{}@{}", workflow_path(home, &pipeline.workflow), draft.reference);
    let builder = pipeline.builder.as_ref().map(|builder| format!("https://github.com/{builder}"));
    let environment = pipeline.environment.filter(|_| Claim::DeploymentEnvironment.is_carried(signed_at));
    let commit = commit_id(draft);
    Claims {
        build_signer_uri: Some(builder.unwrap_or_else(|| workflow.clone())),
        build_config_uri: Some(workflow),
        build_config_digest: Some(commit.clone()),
        runner_environment: Some(pipeline.runner.to_owned()),
        source_repository_uri: Some(home.url()),
        source_repository_digest: Some(commit),
        source_repository_ref: Some(draft.reference.clone()),
        source_repository_identifier: Some(home.id.to_string()),
        source_repository_owner_uri: Some(home.url().trim_end_matches(&format!("/{}", home.name)).to_owned()),
        source_repository_owner_identifier: Some(home.owner_id.to_string()),
        build_trigger: Some(draft.trigger.to_owned()),
        run_invocation_uri: Some(run_url(home, draft)),
        source_repository_visibility_at_signing: Some("public".to_owned()),
        deployment_environment: environment.map(str::to_owned),
        ..Claims::default()
    }
}

fn workflow_path(home: &Home, workflow: &str) -> String {
    match home.forge {
        Forge::GitHub => format!("{}/.github/workflows/{workflow}", home.url()),
        Forge::GitLab => format!("{}//{workflow}", home.url()),
    }
}

fn run_url(home: &Home, draft: &Draft) -> String {
    match home.forge {
        Forge::GitHub => format!("{}/actions/runs/{}/attempts/{}", home.url(), draft.run, draft.attempt),
        Forge::GitLab => format!("{}/-/jobs/{}", home.url(), draft.run),
    }
}

/// The facts of registry and forge. A private repository does not exist for those who ask without access.
fn facts(project: &Project, draft: &Draft) -> Facts {
    let mut facts = Facts {
        publisher_account: account(project, draft),
        dependencies_first_published: Some(project.new_dependencies.clone()).filter(|new| !new.is_empty()),
        own_dependencies: Some(own_dependencies(project)).filter(|own| !own.is_empty()),
        ..Facts::default()
    };
    let home = &project.home;
    if !home.is_public {
        facts.unknown_because(Fact::Repository, "the forge does not have it");
        return facts;
    }
    if home.forge == Forge::GitLab {
        facts.unknown_because(Fact::OwnerAge, "GitLab does not tell when a group was made");
    }
    Facts {
        repository: Some(repository(home)),
        owner: Some(owner(home)),
        commit: (is_attested(project, draft) || draft.trail != Trail::Nothing).then(|| commit(project, draft)),
        tag: Some(tag(project, draft)),
        release: Some(ReleaseFacts { exists: Some(draft.trail == Trail::TagAndRelease), immutable: None }),
        run: run(project, draft),
        ..facts
    }
}

/// crates.io tells the age of an account.
fn account(project: &Project, draft: &Draft) -> Option<AccountFacts> {
    let is_told = project.ecosystem == Ecosystem::CARGO && matches!(draft.by, By::Person(_));
    is_told.then_some(AccountFacts { created_at: Some(project.accounts_since), maintainer_since: None })
}

fn repository(home: &Home) -> RepositoryFacts {
    RepositoryFacts {
        identifier: Some(home.id.to_string()),
        created_at: Some(home.since),
        fork: Some(false),
        fork_of: None,
        formerly: home.formerly.clone(),
        default_branch: Some(home.default_branch.clone()),
        visibility: Some("public".to_owned()),
        archived: Some(false),
    }
}

fn owner(home: &Home) -> OwnerFacts {
    OwnerFacts {
        identifier: Some(home.owner_id.to_string()),
        created_at: (home.forge == Forge::GitHub).then_some(home.owner_since),
        kind: Some(home.owner_kind.to_owned()),
    }
}

/// Of a commit that is not merged, the forge is asked for more. One such release in twenty also changes the workflows.
fn commit(project: &Project, draft: &Draft) -> CommitFacts {
    let position = project.number + project.releases.len() as u64;
    CommitFacts {
        on_default_branch: Some(draft.merged),
        on_any_branch: (!draft.merged).then_some(true),
        changes_workflows: (!draft.merged).then_some(position.is_multiple_of(20)),
        on_release_branch: (!draft.merged).then_some(false),
        verified: Some(project.signs_commits),
    }
}

/// The tag names the commit. Its order is asked for where no certificate names the commit and an earlier tag exists.
fn tag(project: &Project, draft: &Draft) -> TagFacts {
    let exists = draft.trail != Trail::Nothing;
    let is_compared = exists && !is_attested(project, draft) && !project.releases.is_empty();
    TagFacts {
        name: Some(draft.tag.clone()),
        exists: Some(exists),
        asked_at: Some(draft.at + TimeDelta::minutes(1)),
        commit: exists.then(|| commit_id(draft)),
        is_newer: is_compared.then_some(true),
    }
}

/// The packages of the project among its new dependencies.
fn own_dependencies(project: &Project) -> BTreeSet<String> {
    let scope = format!("@scope{}/", project.number);
    project.new_dependencies.keys().filter(|name| name.starts_with(&scope)).cloned().collect()
}

fn commit_id(draft: &Draft) -> String {
    format!("{:040x}", draft.run)
}

/// The run that the certificate names, or one that failed before a person published by hand.
fn run(project: &Project, draft: &Draft) -> Option<RunFacts> {
    let created_at = Some(draft.at - RUN_BEFORE);
    if is_attested(project, draft) {
        let home = &project.home;
        return Some(RunFacts {
            conclusion: Some("success".to_owned()),
            event: Some(draft.trigger.to_owned()),
            attempt: Some(draft.attempt),
            created_at,
            actor: Some(project.people[0].name.clone()),
            head_repository: Some(format!("{}/{}", home.owner, home.name)),
            ended_at: None,
        });
    }
    let is_asked = draft.after_failed_run && method(project, draft) == AuthMethod::Token;
    is_asked.then(|| RunFacts {
        conclusion: Some("failure".to_owned()),
        event: Some(draft.trigger.to_owned()),
        created_at,
        ..RunFacts::default()
    })
}
