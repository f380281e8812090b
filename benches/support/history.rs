//! Synthetic packages, each with a history of attested releases of realistic size.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::model::{
    Auth, AuthMethod, Claims, Digests, Ecosystem, Facts, File, LogEntry, Manifest, Observation, Package, Person,
    Provenance, ReleaseStatus, VerifiedProvenance, WorkflowIdentity,
};

const WEEK: TimeDelta = TimeDelta::weeks(1);

/// The package with this number: six of ten of npm, half of them scoped, three of PyPI, one of crates.io.
pub fn package(number: usize) -> Package {
    let (ecosystem, name) = match number % 10 {
        0..3 => (Ecosystem::NPM, format!("@scope-{}/package-{number}", number / 100)),
        3..6 => (Ecosystem::NPM, format!("package-{number}")),
        6..9 => (Ecosystem::PYPI, format!("package-{number}")),
        _ => (Ecosystem::CARGO, format!("package_{number}")),
    };
    Package::new(ecosystem, &name).unwrap()
}

/// A package's release with this number, one a week, published by its workflow.
pub fn release(of: usize, number: usize) -> Observation {
    let package = package(of);
    let version = format!("1.{}.{}", number / 10, number % 10);
    let published_at = start() + WEEK * index(number) + TimeDelta::seconds(30) * index(of);
    let provenance = provenance(of, number, &version, published_at);
    Observation {
        files: vec![File {
            name: format!("package-{of}-{version}.tgz"),
            digests: Digests { sha512: Some(hexadecimal(of, number, 128)), ..Digests::default() },
            uploaded_at: Some(published_at),
            yanked: false,
            attestation: Some(provenance.clone()),
        }],
        purl: package.at(version),
        published_at,
        publisher: Some(Person {
            name: "GitHub Actions".to_owned(),
            email: Some("npm-oidc-no-reply@github.com".to_owned()),
        }),
        auth: Auth {
            method: AuthMethod::TrustedPublisher,
            provider: Some("github".to_owned()),
            config_id: None,
            approved_by: None,
            repository: None,
            run_id: None,
        },
        attestation: provenance,
        manifest: Some(manifest(of, number)),
        facts: Facts::default(),
        maintainers: Some(vec![format!("maintainer-{}", of / 3), "ada".to_owned(), "grace".to_owned()]),
        status: ReleaseStatus::Published,
        unchecked: Vec::new(),
        unread: provwatch::model::Unread::default(),
        untold: None,
    }
}

/// The history of many packages, release by release as time goes.
pub fn releases(packages: usize, each: usize) -> Vec<Observation> {
    (0..each).flat_map(|number| (0..packages).map(move |of| release(of, number))).collect()
}

fn index(number: usize) -> i32 {
    i32::try_from(number).unwrap()
}

fn start() -> DateTime<Utc> {
    "2024-01-01T09:00:00Z".parse().unwrap()
}

fn manifest(of: usize, number: usize) -> Manifest {
    let dependencies: BTreeMap<_, _> =
        (0..8).map(|nth| (format!("dependency-{}", of % 97 + nth), format!("^{nth}.2.{}", number % 4))).collect();
    Manifest {
        repository: Some(repository(of)),
        git_head: Some(hexadecimal(of, number, 40)),
        install_scripts: Some(Vec::new()),
        install_commands: None,
        dependencies: Some(dependencies),
        optional_dependencies: None,
    }
}

fn provenance(of: usize, number: usize, version: &str, at: DateTime<Utc>) -> Provenance {
    let repository = repository(of);
    let reference = format!("refs/tags/v{version}");
    let workflow = format!("{repository}/.github/workflows/release.yml@{reference}");
    let commit = hexadecimal(of, number, 40);
    let claims = Claims {
        build_signer_uri: Some(workflow.clone()),
        build_signer_digest: Some(commit.clone()),
        runner_environment: Some("github-hosted".to_owned()),
        source_repository_uri: Some(repository.clone()),
        source_repository_digest: Some(commit.clone()),
        source_repository_ref: Some(reference),
        source_repository_identifier: Some((100_000_000 + of).to_string()),
        source_repository_owner_uri: Some(format!("https://github.com/owner-{}", of / 10)),
        source_repository_owner_identifier: Some((10_000_000 + of / 10).to_string()),
        build_config_uri: Some(workflow.clone()),
        build_config_digest: Some(commit),
        build_trigger: Some("push".to_owned()),
        run_invocation_uri: Some(format!("{repository}/actions/runs/{}/attempts/1", 9_000_000 + number)),
        source_repository_visibility_at_signing: Some("public".to_owned()),
        ..Claims::default()
    };
    let issuer = "https://token.actions.githubusercontent.com".to_owned();
    Provenance::Verified(Box::new(VerifiedProvenance {
        identity: WorkflowIdentity { issuer, subject: workflow, claims },
        signed_at: Some(at),
        log: Some(LogEntry { origin: "rekor.sigstore.dev".to_owned(), index: (of * 1000 + number) as u64 }),
        signed: (1..=3).map(|nth| hexadecimal(of + nth * 100_000, number, 64)).collect(),
    }))
}

fn repository(of: usize) -> String {
    format!("https://github.com/owner-{}/repository-{of}", of / 10)
}

/// Digits that belong to one release; a real digest compresses as badly.
fn hexadecimal(of: usize, number: usize, digits: usize) -> String {
    let mut random = fastrand::Rng::with_seed((of * 1000 + number) as u64);
    std::iter::repeat_with(|| random.digit(16)).take(digits).collect()
}
