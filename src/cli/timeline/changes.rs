//! How the identity of a release differs from that of the release before: who built and published it, and how.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    baseline::{Traits, rank},
    cli::published,
    model::{AuthMethod, Observation},
};

/// A part of the identity that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct IdentityChange {
    /// The part: `repository`, `workflow`, `publisher account`.
    pub part: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub now: String,
}

/// A part of the identity, and its values in a release; none: not known.
type Part = (&'static str, fn(&Observation) -> Vec<String>);

const PARTS: [Part; 10] = [
    ("evidence", |release| rank(release).map(|one| published::rank(Some(one)).to_owned()).into_iter().collect()),
    ("method", method),
    ("publisher account", account),
    ("repository", |release| of_traits(release, repository)),
    ("owner", |release| of_traits(release, |traits| traits.owner.clone())),
    ("workflow", |release| of_traits(release, |traits| traits.workflow.clone())),
    ("kind of ref", |release| of_traits(release, |traits| traits.reference.clone())),
    ("trigger", |release| of_traits(release, |traits| traits.trigger.map(str::to_owned))),
    ("runner", |release| of_traits(release, |traits| traits.runner.map(str::to_owned))),
    ("issuer", |release| of_traits(release, |traits| Some(traits.issuer.trim_end_matches('/').to_owned()))),
];

/// What differs between two releases of which both are known.
pub(super) fn changes(before: &Observation, now: &Observation) -> Vec<IdentityChange> {
    let differing = PARTS.iter().filter_map(|(part, values)| {
        let (before, now) = (values(before), values(now));
        let is_change = !before.is_empty() && !now.is_empty() && before != now;
        is_change.then(|| IdentityChange { part: (*part).to_owned(), before: before.join(", "), now: now.join(", ") })
    });
    differing.collect()
}

fn of_traits(release: &Observation, value: impl Fn(&Traits<'_>) -> Option<String>) -> Vec<String> {
    let mut values: Vec<String> = Traits::of(release).iter().filter_map(value).collect();
    values.sort();
    values.dedup();
    values
}

/// With its id: another repository may get the name of one that is gone.
fn repository(traits: &Traits<'_>) -> Option<String> {
    let name = traits.repository.as_ref()?;
    let name = name.split_once("://").map_or(&**name, |(_, rest)| rest);
    Some(traits.repository_id.map_or_else(|| name.to_owned(), |id| format!("{name} (id {id})")))
}

fn method(release: &Observation) -> Vec<String> {
    match release.auth.method {
        AuthMethod::TrustedPublisher => vec!["trusted publisher".to_owned()],
        AuthMethod::Token => vec!["token".to_owned()],
        AuthMethod::Unknown => Vec::new(),
    }
}

/// Of a trusted publisher the registry names a machine, the same for all; the approver is a person.
fn account(release: &Observation) -> Vec<String> {
    let publisher = release.publisher.as_ref().filter(|_| release.auth.method != AuthMethod::TrustedPublisher);
    publisher.or(release.auth.approved_by.as_ref()).map(|person| person.name.clone()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn release(more: &Value) -> Observation {
        let mut release = json!({
            "purl": "pkg:npm/a@1.0.0", "published_at": "2026-03-01T12:00:00Z", "auth": {"method": "trusted_publisher"},
            "publisher": {"name": "GitHub Actions"},
            "attestation": {"status": "verified", "issuer": "https://token.actions.githubusercontent.com",
                "subject": "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1", "claims": {
                "source_repository_uri": "https://github.com/O/r", "source_repository_identifier": "1",
                "source_repository_owner_uri": "https://github.com/O", "source_repository_ref": "refs/tags/v1.0.0",
                "build_config_uri": "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.0.0",
                "build_trigger": "push", "runner_environment": "github-hosted"}},
        });
        for (pointer, value) in more.as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            release.pointer_mut(parent).unwrap()[key] = value.clone();
        }
        serde_json::from_value(release).unwrap()
    }

    #[test]
    fn every_part_of_an_identity_is_compared_in_plain_words() {
        let claims = "/attestation/claims";
        for (more, part, before, now) in [
            (json!({}), "", "", ""),
            // Case, refs of other versions and a slash do not count.
            (json!({format!("{claims}/source_repository_uri"): "https://github.com/o/R/"}), "", "", ""),
            (json!({format!("{claims}/source_repository_ref"): "refs/tags/v2.0.0"}), "", "", ""),
            (json!({"/attestation/issuer": "https://token.actions.githubusercontent.com/"}), "", "", ""),
            (
                json!({format!("{claims}/source_repository_identifier"): "2"}),
                "repository",
                "github.com/o/r (id 1)",
                "github.com/o/r (id 2)",
            ),
            (
                json!({format!("{claims}/source_repository_owner_uri"): "https://github.com/eve"}),
                "owner",
                "https://github.com/o",
                "https://github.com/eve",
            ),
            (
                json!({format!("{claims}/build_config_uri"): "https://github.com/o/r/.github/workflows/evil.yml@x"}),
                "workflow",
                ".github/workflows/release.yml",
                ".github/workflows/evil.yml",
            ),
            (
                json!({format!("{claims}/source_repository_ref"): "refs/heads/evil"}),
                "kind of ref",
                "tag",
                "branch evil",
            ),
            (json!({format!("{claims}/build_trigger"): "workflow_dispatch"}), "trigger", "push", "workflow_dispatch"),
            (json!({format!("{claims}/runner_environment"): "self-hosted"}), "runner", "github-hosted", "self-hosted"),
            (
                json!({"/attestation/issuer": "https://gitlab.com"}),
                "issuer",
                "https://token.actions.githubusercontent.com",
                "https://gitlab.com",
            ),
            // An unknown value does not count as a change.
            (json!({format!("{claims}/build_trigger"): null}), "", "", ""),
        ] {
            let found = changes(&release(&json!({})), &release(&more));
            let found: Vec<_> = found.iter().map(|one| (&*one.part, &*one.before, &*one.now)).collect();
            let expected = if part.is_empty() { Vec::new() } else { vec![(part, before, now)] };
            assert_eq!(found, expected, "{more}");
        }
    }

    #[test]
    fn a_stolen_token_changes_evidence_and_method_and_a_machine_is_not_an_account() {
        let stolen = release(&json!({"/attestation": {"status": "absent"}, "/auth": {"method": "token"},
            "/publisher": {"name": "mallory"}}));
        let parts = |before: &Observation, now: &Observation| {
            changes(before, now).into_iter().map(|one| one.part).collect::<Vec<_>>()
        };
        assert_eq!(parts(&release(&json!({})), &stolen), ["evidence", "method"]);
        let ada = release(&json!({"/attestation": {"status": "absent"}, "/auth": {"method": "token"},
            "/publisher": {"name": "ada"}}));
        assert_eq!(parts(&ada, &stolen), ["publisher account"]);
    }
}
