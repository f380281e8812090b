//! Extracts from a build identity the traits that are comparable from release to release.

use chrono::{DateTime, Utc};

use crate::model::{
    Claim, Claims, LineBaseline, Observation, OrNone, VerifiedProvenance, WorkflowIdentity, repository_name,
    run_and_attempt, traits::Environments,
};

/// The kind of ref of tags.
pub const A_TAG: &str = "tag";

/// The properties of a certified identity that are comparable from release to release: names without versions,
/// workflows without refs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traits<'a> {
    /// The OIDC issuer.
    pub issuer: &'a str,
    /// The repository's URL, lower-case, without a final slash or `.git`.
    pub repository: Option<String>,
    /// Whether the claim for it is missing, and the certificate's subject names it.
    pub by_subject: bool,
    /// Its numeric id.
    pub repository_id: Option<&'a str>,
    /// The owner's URL, lower-case.
    pub owner: Option<String>,
    /// Its numeric id.
    pub owner_id: Option<&'a str>,
    /// The workflow file, relative to the repository if it is in it.
    pub workflow: Option<String>,
    /// The kind of ref: `tag`, `branch main`, `branch release/#`, `pull request`.
    pub reference: Option<String>,
    /// The event that started the run.
    pub trigger: Option<&'a str>,
    /// The deployment environment; none if the certificate is young enough to carry one and does not.
    pub environment: Option<OrNone<&'a str>>,
    /// The kind of runner.
    pub runner: Option<&'a str>,
    /// The reusable workflow that built the release, without its ref; none if the workflow built it itself.
    pub builder: Option<OrNone<String>>,
    /// The repository's visibility at the time of signing.
    pub visibility: Option<&'a str>,
    /// The tag that was built.
    pub tag: Option<&'a str>,
    /// The run, a URL without the attempt.
    pub run: Option<&'a str>,
    /// The attempt of the run, from 1.
    pub attempt: Option<u32>,
}

impl<'a> Traits<'a> {
    /// The deployment environment, as far as this line's certificates show it: a certificate without one has none if
    /// others of the line carried one, however old it is.
    pub fn environment_on(&self, line: &LineBaseline) -> Option<OrNone<&'a str>> {
        let is_carried = line.tally(Environments).values().any(|name| *name != OrNone::Nothing);
        self.environment.or_else(|| is_carried.then_some(OrNone::Nothing))
    }

    /// The distinct traits of a release's verified identities, nearly always none or one.
    pub fn of(release: &'a Observation) -> Vec<Self> {
        let read = |it: &'a VerifiedProvenance| Self::read(&it.identity, it.signed_at.unwrap_or(release.published_at));
        let mut all: Vec<_> = release.verified().map(read).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn read(identity: &'a WorkflowIdentity, signed_at: DateTime<Utc>) -> Self {
        let claims = &identity.claims;
        let named = identity.named_by_subject();
        let source = claims.source_repository_uri.as_deref().or(named.map(|named| named.repository));
        let owner = claims.source_repository_owner_uri.as_deref().or(named.map(|named| named.owner));
        let source_ref = claims.source_repository_ref.as_deref().or(named.map(|named| named.reference));
        let repository = source.map(repository_name);
        let workflow = identity.workflow().or(named.map(|named| named.workflow));
        let workflow = workflow.map(|workflow| workflow_path(workflow, repository.as_deref()));
        let run = claims.run_invocation_uri.as_deref().map(run_and_attempt);
        Self {
            issuer: &identity.issuer,
            builder: builder(claims, workflow.as_deref(), repository.as_deref()),
            visibility: claims.source_repository_visibility_at_signing.as_deref(),
            tag: source_ref.and_then(|name| name.strip_prefix("refs/tags/")),
            run: run.map(|(run, _)| run),
            attempt: run.and_then(|(_, attempt)| attempt),
            workflow,
            repository,
            by_subject: named.is_some(),
            repository_id: claims.source_repository_identifier.as_deref(),
            owner: owner.map(repository_name),
            owner_id: claims.source_repository_owner_identifier.as_deref(),
            reference: source_ref.map(ref_kind),
            trigger: claims.build_trigger.as_deref(),
            environment: claims
                .deployment_environment
                .as_deref()
                .map(OrNone::of_word)
                .or_else(|| Claim::DeploymentEnvironment.is_carried(signed_at).then_some(OrNone::Nothing)),
            runner: claims.runner_environment.as_deref(),
        }
    }
}

/// The signing workflow if it differs from the started one.
fn builder(claims: &Claims, workflow: Option<&str>, repository: Option<&str>) -> Option<OrNone<String>> {
    let (Some(_), Some(signer)) = (&claims.build_config_uri, &claims.build_signer_uri) else { return None };
    let (path, reference) = signer.split_once('@').unwrap_or((signer.as_str(), ""));
    let path = workflow_path(path, repository);
    if workflow == Some(path.as_str()) {
        return Some(OrNone::Nothing);
    }
    Some(OrNone::Name(match reference {
        "" => path,
        reference if reference.starts_with("refs/") => format!("{path} at {}", ref_kind(reference)),
        _ => format!("{path} at a commit"),
    }))
}

/// The path within the repository; a reusable workflow of another repository keeps its whole URL.
fn workflow_path(workflow: &str, repository: Option<&str>) -> String {
    let own = repository.filter(|repository| {
        workflow.get(..repository.len()).is_some_and(|start| start.eq_ignore_ascii_case(repository))
            && workflow[repository.len()..].starts_with('/')
    });
    own.map_or(workflow, |repository| workflow[repository.len()..].trim_start_matches('/')).to_owned()
}

/// The kind of a ref. Numbers become `#`, so that `release/1.2.x` and `release/1.3.x` are one habit.
fn ref_kind(reference: &str) -> String {
    if let Some(branch) = reference.strip_prefix("refs/heads/") {
        format!("branch {}", without_numbers(branch))
    } else if reference.starts_with("refs/tags/") {
        A_TAG.to_owned()
    } else if reference.starts_with("refs/pull/") || reference.starts_with("refs/merge-requests/") {
        "pull request".to_owned()
    } else {
        without_numbers(reference)
    }
}

fn without_numbers(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut in_number = false;
    for c in name.chars() {
        in_number = c.is_ascii_digit() || (in_number && matches!(c, '.' | 'x'));
        match (in_number, out.ends_with('#')) {
            (true, true) => {}
            (true, false) => out.push('#'),
            (false, _) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_by_kind() {
        for (reference, kind) in [
            ("refs/heads/main", "branch main"),
            ("refs/heads/release/1.2.x", "branch release/#"),
            ("refs/heads/release/1.10.3", "branch release/#"),
            ("refs/heads/v2-stable", "branch v#-stable"),
            ("refs/tags/v1.0.0", A_TAG),
            ("refs/pull/12/merge", "pull request"),
            ("", ""),
        ] {
            assert_eq!(ref_kind(reference), kind, "{reference}");
        }
    }

    #[test]
    fn workflows_lose_their_own_repository_only() {
        let repository = Some("https://github.com/o/r");
        for (workflow, path) in [
            ("https://github.com/O/r/.github/workflows/x.yml", ".github/workflows/x.yml"),
            ("https://github.com/o/r2/.github/workflows/x.yml", "https://github.com/o/r2/.github/workflows/x.yml"),
            ("https://github.com/o/r//.gitlab-ci.yml", ".gitlab-ci.yml"),
            ("ü", "ü"),
        ] {
            assert_eq!(workflow_path(workflow, repository), path);
        }
    }

    #[test]
    fn an_old_certificate_says_nothing_of_environments() {
        let identity = WorkflowIdentity::default();
        let at = |time: &str| Traits::read(&identity, time.parse().unwrap()).environment;
        assert_eq!(at("2025-11-03T00:00:00Z"), None);
        assert_eq!(at("2025-11-04T00:00:00Z"), Some(OrNone::Nothing));
    }
}
