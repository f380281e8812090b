//! The conditions on the signer from the command line, each compared with the actual value.

use regex::Regex;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{WorkflowIdentity, named_repository, whole};

/// What is demanded of whoever signed.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Conditions")]
pub struct Conditions {
    /// The required signer: the certificate's subject alternative name
    #[arg(long, value_name = "IDENTITY", conflicts_with = "certificate_identity_regexp")]
    certificate_identity: Option<String>,
    /// The required signer, as a regular expression for the whole name
    #[arg(long, value_name = "REGEXP", value_parser = expression)]
    certificate_identity_regexp: Option<Regex>,
    /// The required OIDC issuer
    #[arg(long, value_name = "URL", conflicts_with = "certificate_oidc_issuer_regexp")]
    certificate_oidc_issuer: Option<String>,
    /// The required OIDC issuer, as a regular expression for the whole URL
    #[arg(long, value_name = "REGEXP", value_parser = expression)]
    certificate_oidc_issuer_regexp: Option<Regex>,
    /// The required source repository: acme/widget (at github.com), gitlab.com/acme/widget
    #[arg(long, value_name = "REPOSITORY", value_parser = repository)]
    repository: Option<String>,
    /// The required workflow: release.yml, or a path in the repository
    #[arg(long, value_name = "FILE")]
    workflow: Option<String>,
    /// The required ref: refs/tags/v1.2.3, refs/heads/main
    #[arg(long = "ref", value_name = "REF", value_parser = full_ref)]
    source_ref: Option<String>,
    /// The required event that started the build: push, release, schedule
    #[arg(long, value_name = "EVENT")]
    trigger: Option<String>,
}

/// One condition, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "it is the name of the JSON key")]
pub struct Condition {
    /// The condition, by the name of its option: `repository`, `certificate-identity`.
    pub condition: &'static str,
    /// The required value.
    pub expected: String,
    /// The value that was signed; missing where the signature says nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// Whether it is met.
    pub met: bool,
}

impl Condition {
    /// The sentence that it is not met.
    pub fn unmet(&self) -> String {
        let seen = self.seen.as_deref().unwrap_or("not known from what is signed");
        format!("{} is {seen}, expected {}", self.condition, self.expected)
    }
}

fn expression(text: &str) -> Result<Regex, String> {
    whole(text).map_err(|error| error.to_string())
}

/// `host/owner/name` in lower case.
fn repository(text: &str) -> Result<String, String> {
    let plain = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
    let named = if plain.matches('/').count() == 1 { plain.to_owned() } else { format!("https://{plain}") };
    named_repository(&named).ok_or_else(|| "expected owner/name, or a host, an owner and a name".to_owned())
}

/// A short name is ambiguous between a branch and a tag, and the rights to push them may differ.
fn full_ref(text: &str) -> Result<String, String> {
    let hint = || format!("expected a whole ref: refs/tags/{text} or refs/heads/{text}");
    if text.starts_with("refs/") { Ok(text.to_owned()) } else { Err(hint()) }
}

impl Conditions {
    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        self.of(None).is_empty()
    }

    /// The conditions compared with the signer. Without a signer, none is met.
    pub fn of(&self, signer: Option<&WorkflowIdentity>) -> Vec<Condition> {
        let claims = signer.map(|signer| &signer.claims);
        let subject = signer.map(|signer| signer.subject.as_str());
        let issuer = signer.map(|signer| signer.issuer.as_str()).filter(|issuer| !issuer.is_empty());
        let repository = claims.and_then(|claims| claims.source_repository_uri.as_deref());
        let workflow = signer.and_then(workflow);
        let exact = |wanted: &Option<String>, name, seen: Option<&str>| {
            wanted.as_ref().map(|wanted| condition(name, wanted, seen, |seen| seen == wanted))
        };
        let matching = |wanted: &Option<Regex>, name, seen: Option<&str>| {
            wanted.as_ref().map(|wanted| condition(name, as_given(wanted), seen, |seen| wanted.is_match(seen)))
        };
        [
            exact(&self.certificate_identity, "certificate-identity", subject),
            matching(&self.certificate_identity_regexp, "certificate-identity-regexp", subject),
            exact(&self.certificate_oidc_issuer, "certificate-oidc-issuer", issuer),
            matching(&self.certificate_oidc_issuer_regexp, "certificate-oidc-issuer-regexp", issuer),
            self.repository.as_ref().map(|wanted| {
                condition("repository", wanted, repository, |seen| named_repository(seen).as_ref() == Some(wanted))
            }),
            self.workflow
                .as_ref()
                .map(|wanted| condition("workflow", wanted, workflow.as_deref(), |seen| is_workflow(seen, wanted))),
            exact(&self.source_ref, "ref", claims.and_then(|claims| claims.source_repository_ref.as_deref())),
            exact(&self.trigger, "trigger", claims.and_then(|claims| claims.build_trigger.as_deref())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn condition(name: &'static str, expected: &str, seen: Option<&str>, is_met: impl Fn(&str) -> bool) -> Condition {
    let met = seen.is_some_and(is_met);
    Condition { condition: name, expected: expected.to_owned(), seen: seen.map(str::to_owned), met }
}

/// A regular expression as the user gave it, without the anchors.
fn as_given(expression: &Regex) -> &str {
    let text = expression.as_str();
    text.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$")).unwrap_or(text)
}

/// The path of the workflow in its repository; a workflow of another repository by its URL.
fn workflow(signer: &WorkflowIdentity) -> Option<String> {
    let url = signer.workflow()?;
    let repository = signer.claims.source_repository_uri.as_deref();
    let path = repository.and_then(|repository| url.strip_prefix(repository)).filter(|path| path.starts_with('/'));
    Some(path.map_or(url, |path| path.trim_start_matches('/')).to_owned())
}

/// A bare name is that of a file in the folder of GitHub's workflows, or at the root.
fn is_workflow(seen: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_start_matches("./").trim_start_matches('/');
    seen == wanted || (!wanted.contains('/') && seen.strip_prefix(".github/workflows/") == Some(wanted))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::model::Claims;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        conditions: Conditions,
    }

    fn conditions(arguments: &[&str]) -> Result<Conditions, String> {
        let line = Line::try_parse_from([&["verify"], arguments].concat());
        line.map(|line| line.conditions).map_err(|error| error.to_string())
    }

    fn signer() -> WorkflowIdentity {
        let config = "https://github.com/Acme/Widget/.github/workflows/release.yml@refs/tags/v1";
        WorkflowIdentity {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            subject: config.to_owned(),
            claims: Claims {
                source_repository_uri: Some("https://github.com/Acme/Widget".to_owned()),
                source_repository_ref: Some("refs/tags/v1".to_owned()),
                build_config_uri: Some(config.to_owned()),
                build_trigger: Some("push".to_owned()),
                ..Claims::default()
            },
        }
    }

    #[test]
    fn each_condition_is_met_by_whom_it_means_and_by_nobody_else() {
        for (option, met, unmet) in [
            ("--certificate-identity", signer().subject.as_str(), "https://github.com/acme/widget"),
            ("--certificate-identity-regexp", "https://github\\.com/(?i)acme/.*", "acme"),
            ("--certificate-oidc-issuer", "https://token.actions.githubusercontent.com", "https://gitlab.com"),
            ("--certificate-oidc-issuer-regexp", "https://token\\..*", "https://token"),
            ("--repository", "acme/widget", "acme/widge"),
            ("--repository", "https://github.com/acme/widget/", "gitlab.com/acme/widget"),
            ("--repository", "github.com/acme/widget", "eve/acme"),
            ("--workflow", "release.yml", "elease.yml"),
            ("--workflow", ".github/workflows/release.yml", "workflows/release.yml"),
            ("--ref", "refs/tags/v1", "refs/heads/v1"),
            ("--trigger", "push", "pull_request"),
        ] {
            for (value, expected) in [(met, true), (unmet, false)] {
                let all = conditions(&[option, value]).unwrap().of(Some(&signer()));
                assert_eq!(all.iter().map(|one| one.met).collect::<Vec<_>>(), [expected], "{option} {value}");
                assert!(all[0].seen.is_some() && format!("--{}", all[0].condition) == option);
            }
            let of_nobody = conditions(&[option, met]).unwrap().of(None);
            assert!(!of_nobody[0].met && of_nobody[0].seen.is_none(), "{option}");
        }
        assert!(conditions(&[]).unwrap().is_empty());
    }

    #[test]
    fn an_expression_is_shown_as_it_was_given() {
        let all = conditions(&["--certificate-identity-regexp", "a|b"]).unwrap().of(None);
        assert_eq!(all[0].expected, "a|b");
    }

    #[test]
    fn a_path_elsewhere_is_another_workflow() {
        assert!(is_workflow(".gitlab-ci.yml", ".gitlab-ci.yml"));
        assert!(!is_workflow("evil/.gitlab-ci.yml", ".gitlab-ci.yml"));
        assert!(!is_workflow(".github/workflows/evil/release.yml", "release.yml"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for arguments in [
            &["--ref", "main"][..],
            &["--repository", "widget"],
            &["--certificate-identity-regexp", "("],
            &["--certificate-identity", "a", "--certificate-identity-regexp", "a"],
        ] {
            assert!(conditions(arguments).is_err(), "{arguments:?}");
        }
    }
}
