//! Wording and highlighting of the demo's output.

use anstyle::{AnsiColor, Style};

use crate::{
    model::{AuthMethod, Observation, Provenance, WorkflowIdentity},
    text::plain,
};

/// Most characters of an origin.
const SHOWN: usize = 100;

/// The publisher of a release and the evidence for it, on one line.
pub(super) fn origin(release: &Observation) -> String {
    let text = match (&release.attestation, release.auth.method) {
        (Provenance::Verified(verified), _) => built_by(&verified.identity),
        (Provenance::Invalid { check, .. }, _) => format!("an attestation that does not hold: {check}"),
        (Provenance::Unavailable { reason }, _) => format!("could not check: {reason}"),
        (Provenance::Absent, AuthMethod::TrustedPublisher) => {
            format!("{}, by trusted publishing", release.auth.repository.as_deref().unwrap_or("a repository"))
        }
        (Provenance::Absent, AuthMethod::Token) => format!("{}, with a token", person(release)),
        (Provenance::Absent, AuthMethod::Unknown) => "no attestation".to_owned(),
    };
    plain(&text, SHOWN)
}

/// The repository, workflow, ref and deployment environment that a certificate vouches for.
fn built_by(identity: &WorkflowIdentity) -> String {
    let claims = &identity.claims;
    let repository = claims.source_repository_uri.as_deref().unwrap_or(&identity.subject);
    let workflow = identity.workflow_file().map(|file| format!(" {file}"));
    let reference = claims.source_repository_ref.as_deref().map(reference);
    let environment = match claims.deployment_environment.as_deref() {
        Some(environment) => format!(", environment {environment}"),
        None => ", no environment".to_owned(),
    };
    let repository = repository.trim_start_matches("https://github.com/").to_owned();
    [Some(repository), workflow, reference, Some(environment)].into_iter().flatten().collect()
}

fn reference(name: &str) -> String {
    match (name.strip_prefix("refs/tags/"), name.strip_prefix("refs/heads/")) {
        (Some(tag), _) => format!(", tag {tag}"),
        (_, Some(branch)) => format!(", branch {branch}"),
        _ => format!(", {name}"),
    }
}

fn person(release: &Observation) -> String {
    match &release.publisher {
        Some(person) => match &person.email {
            Some(email) => format!("{} <{email}>", person.name),
            None => person.name.clone(),
        },
        None => "an unknown account".to_owned(),
    }
}

/// Highlighted text on a terminal.
pub(super) fn strong(text: &str) -> String {
    styled(Style::new().bold(), text)
}

/// Text for good results.
pub(super) fn good(text: &str) -> String {
    styled(Style::new().fg_color(Some(AnsiColor::Green.into())), text)
}

/// Text that is less important.
pub(super) fn faint(text: &str) -> String {
    styled(Style::new().dimmed(), text)
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(auth: &Value, attestation: &Value) -> String {
        let release = json!({"purl": "pkg:npm/a@1.0.0", "published_at": "2026-01-01T00:00:00Z", "auth": auth,
            "publisher": {"name": "ada\u{1b}[2J"}, "attestation": attestation});
        origin(&serde_json::from_value(release).unwrap())
    }

    #[test]
    fn every_release_says_where_it_is_from() {
        let token = json!({"method": "token"});
        let claims =
            json!({"source_repository_uri": "https://github.com/o/r", "source_repository_ref": "refs/heads/x"});
        for (auth, attestation, expected) in [
            (&token, json!({"status": "verified", "issuer": "i", "claims": claims}), "o/r, branch x, no environment"),
            (&token, json!({"status": "verified", "issuer": "i", "subject": "s"}), "s, no environment"),
            (
                &token,
                json!({"status": "invalid", "check": "signature"}),
                "an attestation that does not hold: signature",
            ),
            (&token, json!({"status": "unavailable", "reason": "503"}), "could not check: 503"),
            (&token, json!({"status": "absent"}), "ada\\u{1b}[2J, with a token"),
            (
                &json!({"method": "trusted_publisher"}),
                json!({"status": "absent"}),
                "a repository, by trusted publishing",
            ),
            (&json!({"method": "unknown"}), json!({"status": "absent"}), "no attestation"),
        ] {
            assert_eq!(said(auth, &attestation), expected);
        }
    }
}
