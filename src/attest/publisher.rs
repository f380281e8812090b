//! Reads the trusted publisher that PyPI names beside its attestations.

use serde::Deserialize;

use super::failure::VerificationFailure;
use crate::model::{Check, WorkflowIdentity};

/// PyPI's statement about the uploader of the attestations. Its `environment` is the configured one, not the one in the
/// token, so it proves nothing.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Publisher {
    kind: String,
    repository: Option<String>,
    /// GitHub: a bare file name.
    workflow: Option<String>,
    /// GitLab: a path.
    workflow_filepath: Option<String>,
    /// Google.
    email: Option<String>,
    /// CircleCI: the number of the project, and of the pipeline's definition if it is given.
    project_id: Option<String>,
    pipeline_definition_id: Option<String>,
}

impl Publisher {
    /// Checks that the certificate's identity is the publisher's.
    ///
    /// # Errors
    /// [`Check::Publisher`] if it is another; undecidable if the kind of publisher is unknown.
    pub(super) fn check(&self, identity: &WorkflowIdentity) -> Result<(), VerificationFailure> {
        let agrees = match self.kind.as_str() {
            "GitHub" => self.is_workflow(identity, &GITHUB, self.workflow.as_deref()),
            "GitLab" => self.is_workflow(identity, &GITLAB, self.workflow_filepath.as_deref()),
            "Google" => {
                identity.issuer == "https://accounts.google.com" && self.email.as_ref() == Some(&identity.subject)
            }
            "CircleCI" => self.is_pipeline(identity)?,
            other => {
                return Err(VerificationFailure::unavailable(format_args!(
                    "{other:?} is an unknown kind of publisher"
                )));
            }
        };
        if agrees {
            return Ok(());
        }
        let named = [&self.repository, &self.email, &self.project_id];
        let repository = named.into_iter().flatten().next().map_or("no account", String::as_str);
        let reason = format!("PyPI names {repository} at {} as its publisher, the certificate {identity}", self.kind);
        Err(VerificationFailure::invalid(Check::Publisher, reason))
    }

    /// CircleCI names projects and pipelines by numbers only, in the subject of the certificate.
    fn is_pipeline(&self, identity: &WorkflowIdentity) -> Result<bool, VerificationFailure> {
        let project = self.project_id.as_deref().filter(|id| !id.is_empty());
        let project = project
            .ok_or_else(|| VerificationFailure::unavailable("PyPI names no project of its CircleCI publisher"))?;
        let is_issuer =
            identity.issuer.strip_prefix(CIRCLECI).is_some_and(|rest| rest.is_empty() || rest.starts_with("/org/"));
        let path = identity.subject.strip_prefix("https://circleci.com/api/v2/projects/");
        let ids = path.and_then(|path| path.split_once("/pipeline-definitions/"));
        let is_definition =
            |found: &str| self.pipeline_definition_id.as_deref().is_none_or(|named| named.eq_ignore_ascii_case(found));
        Ok(is_issuer && ids.is_some_and(|(found, rest)| found.eq_ignore_ascii_case(project) && is_definition(rest)))
    }

    fn is_workflow(&self, identity: &WorkflowIdentity, forge: &Forge, workflow: Option<&str>) -> bool {
        let (Some(repository), Some(workflow)) = (&self.repository, workflow) else { return false };
        let claims = &identity.claims;
        let uri = format!("{}{repository}", forge.base);
        let config = format!("{uri}{}{workflow}", forge.workflows);
        let path = claims.build_config_uri.as_deref().and_then(|uri| uri.split_once('@')).map(|(path, _)| path);
        identity.issuer == forge.issuer
            && claims.source_repository_uri.as_ref().is_some_and(|claimed| claimed.eq_ignore_ascii_case(&uri))
            && path.is_some_and(|path| is_config(path, &config, uri.len()))
    }
}

/// Forges ignore the case of owners and repositories, but not of files.
fn is_config(path: &str, config: &str, repository: usize) -> bool {
    let (Some((uri, file)), Some((expected_uri, expected_file))) =
        (path.split_at_checked(repository), config.split_at_checked(repository))
    else {
        return false;
    };
    uri.eq_ignore_ascii_case(expected_uri) && file == expected_file
}

struct Forge {
    issuer: &'static str,
    base: &'static str,
    /// The path between a repository and its workflow in the claim `.18`.
    workflows: &'static str,
}

/// CircleCI's issuer; with an organization's id it has a path after it.
const CIRCLECI: &str = "https://oidc.circleci.com";

const GITHUB: Forge = Forge {
    issuer: "https://token.actions.githubusercontent.com",
    base: "https://github.com/",
    workflows: "/.github/workflows/",
};

const GITLAB: Forge = Forge { issuer: "https://gitlab.com", base: "https://gitlab.com/", workflows: "//" };

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::Claims;

    fn identity(issuer: &str, repository: &str, config: &str) -> WorkflowIdentity {
        WorkflowIdentity {
            issuer: issuer.to_owned(),
            subject: "ada@example.org".to_owned(),
            claims: Claims {
                source_repository_uri: Some(repository.to_owned()),
                build_config_uri: Some(config.to_owned()),
                ..Claims::default()
            },
        }
    }

    /// The check that failed, if one did and has a name.
    type Outcome = Result<(), Option<Check>>;

    fn check(publisher: Value, identity: &WorkflowIdentity) -> Outcome {
        let publisher: Publisher = serde_json::from_value(publisher).expect("a publisher");
        publisher.check(identity).map_err(|failure| failure.check())
    }

    fn check_all<const N: usize>(cases: [(Value, &WorkflowIdentity, Outcome); N]) {
        for (publisher, identity, outcome) in cases {
            assert_eq!(check(publisher.clone(), identity), outcome, "{publisher}");
        }
    }

    const WRONG: Outcome = Err(Some(Check::Publisher));

    #[test]
    fn the_certificate_must_be_the_publishers() {
        let config = "https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1";
        let github = identity(GITHUB.issuer, "https://github.com/acme/widget", config);
        let gitlab = identity(
            GITLAB.issuer,
            "https://gitlab.com/acme/group/widget",
            "https://gitlab.com/acme/group/widget//ci/release.yml@refs/heads/main",
        );
        let google = identity("https://accounts.google.com", "", "");
        let at = |kind: &str, repository: &str, workflow: &str| json!({"kind": kind, "repository": repository, "workflow": workflow, "workflow_filepath": workflow, "claims": null});
        check_all([
            (at("GitHub", "acme/widget", "release.yml"), &github, Ok(())),
            (at("GitHub", "Acme/Widget", "release.yml"), &github, Ok(())),
            (at("GitHub", "acme/widget", "Release.yml"), &github, WRONG),
            (at("GitHub", "acme/widge", "release.yml"), &github, WRONG),
            (at("GitHub", "acme/widget", "../release.yml"), &github, WRONG),
            (at("GitHub", "é", "release.yml"), &github, WRONG),
            (at("GitLab", "acme/widget", "release.yml"), &github, WRONG),
            (at("GitLab", "acme/group/widget", "ci/release.yml"), &gitlab, Ok(())),
            (at("GitLab", "acme/group/widget", "release.yml"), &gitlab, WRONG),
            (json!({"kind": "Google", "email": "ada@example.org"}), &google, Ok(())),
            (json!({"kind": "Google", "email": "eve@example.org"}), &google, WRONG),
            (json!({"kind": "Google"}), &google, WRONG),
            (json!({"kind": "GitHub"}), &github, WRONG),
            (json!({"kind": "Newcomer"}), &github, Err(None)),
        ]);
    }

    #[test]
    fn the_certificate_must_be_of_the_publishers_pipeline() {
        let pipeline = |issuer: &str, subject: &str| WorkflowIdentity {
            subject: subject.to_owned(),
            ..identity(issuer, "https://github.com/acme/widget", "")
        };
        let github = identity(GITHUB.issuer, "https://github.com/acme/widget", "");
        let circle = "https://circleci.com/api/v2/projects/p1/pipeline-definitions/d1";
        let circleci = pipeline("https://oidc.circleci.com/org/o1", circle);
        let circleci_plain = pipeline("https://oidc.circleci.com", circle);
        let not_circleci = pipeline("https://oidc.circleci.com.example/org/o1", circle);
        check_all([
            (json!({"kind": "CircleCI", "project_id": "P1"}), &circleci, Ok(())),
            (json!({"kind": "CircleCI", "project_id": "p1", "vcs_origin": null}), &circleci_plain, Ok(())),
            (json!({"kind": "CircleCI", "project_id": "p1", "pipeline_definition_id": "d1"}), &circleci, Ok(())),
            (json!({"kind": "CircleCI", "project_id": "p1", "pipeline_definition_id": "d2"}), &circleci, WRONG),
            (json!({"kind": "CircleCI", "project_id": "p"}), &circleci, WRONG),
            (json!({"kind": "CircleCI", "project_id": "p1"}), &not_circleci, WRONG),
            (json!({"kind": "CircleCI", "project_id": "p1"}), &github, WRONG),
            (json!({"kind": "CircleCI"}), &circleci, Err(None)),
        ]);
    }
}
