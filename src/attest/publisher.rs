//! The trusted publisher that PyPI names beside its attestations.

use serde::Deserialize;

use super::failure::Failure;
use crate::model::{Check, WorkflowIdentity};

/// What PyPI says of who uploaded the attestations. Its `environment` is the one that was configured, not the one that
/// the token named, so it proves nothing.
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
}

impl Publisher {
    /// Holds if the certificate's identity is the publisher's.
    ///
    /// # Errors
    /// [`Check::Publisher`] if it is another; that it cannot be told, if the kind of publisher is unknown.
    pub(super) fn check(&self, identity: &WorkflowIdentity) -> Result<(), Failure> {
        let agrees = match self.kind.as_str() {
            "GitHub" => self.is_workflow(identity, &GITHUB, self.workflow.as_deref()),
            "GitLab" => self.is_workflow(identity, &GITLAB, self.workflow_filepath.as_deref()),
            "Google" => {
                identity.issuer == "https://accounts.google.com" && self.email.as_ref() == Some(&identity.subject)
            }
            other => return Err(Failure::unavailable(format_args!("{other:?} is an unknown kind of publisher"))),
        };
        if agrees {
            return Ok(());
        }
        let repository = self.repository.as_deref().or(self.email.as_deref()).unwrap_or("nobody");
        let reason = format!("PyPI names {repository} at {} as its publisher, the certificate {identity}", self.kind);
        Err(Failure::invalid(Check::Publisher, reason))
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
    /// What stands between a repository and its workflow in the claim `.18`.
    workflows: &'static str,
}

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

    fn check(publisher: Value, identity: &WorkflowIdentity) -> Result<(), Option<Check>> {
        let publisher: Publisher = serde_json::from_value(publisher).expect("a publisher");
        publisher.check(identity).map_err(|failure| failure.check())
    }

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
        let wrong = Err(Some(Check::Publisher));
        let at = |kind: &str, repository: &str, workflow: &str| json!({"kind": kind, "repository": repository, "workflow": workflow, "workflow_filepath": workflow, "claims": null});
        for (publisher, identity, outcome) in [
            (at("GitHub", "acme/widget", "release.yml"), &github, Ok(())),
            (at("GitHub", "Acme/Widget", "release.yml"), &github, Ok(())),
            (at("GitHub", "acme/widget", "Release.yml"), &github, wrong),
            (at("GitHub", "acme/widge", "release.yml"), &github, wrong),
            (at("GitHub", "acme/widget", "../release.yml"), &github, wrong),
            (at("GitHub", "é", "release.yml"), &github, wrong),
            (at("GitLab", "acme/widget", "release.yml"), &github, wrong),
            (at("GitLab", "acme/group/widget", "ci/release.yml"), &gitlab, Ok(())),
            (at("GitLab", "acme/group/widget", "release.yml"), &gitlab, wrong),
            (json!({"kind": "Google", "email": "ada@example.org"}), &google, Ok(())),
            (json!({"kind": "Google", "email": "eve@example.org"}), &google, wrong),
            (json!({"kind": "Google"}), &google, wrong),
            (json!({"kind": "GitHub"}), &github, wrong),
            (json!({"kind": "Newcomer"}), &github, Err(None)),
        ] {
            assert_eq!(check(publisher.clone(), identity), outcome, "{publisher}");
        }
    }
}
