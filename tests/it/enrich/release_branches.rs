//! Tests of which branches count as release branches, and of commits that are on none of them.

use std::time::Duration;

use provwatch::{
    enrich::ForgeKind,
    model::{Fact, Observation, Provenance},
};
use serde_json::json;

use super::{Lab, SHA, attested};

#[tokio::test]
async fn a_hundred_branches_do_not_hide_an_unmerged_commit() {
    let lab = Lab::new(ForgeKind::Gitlab, None);
    let branches: Vec<_> = (0..100).map(|number| json!({"name": format!("try-{number}")})).collect();
    lab.forge
        .has(
            "projects/77",
            json!({"id": 77, "path_with_namespace": "acme/widget", "created_at": "2020-01-01T00:00:00Z", "default_branch": "main"}),
        )
        .has(&format!("projects/77/repository/merge_base?refs[]=refs/heads/main&refs[]={SHA}"), json!({"id": "9".repeat(40)}))
        .has(&format!("projects/77/repository/commits/{SHA}/refs?type=branch&per_page=100"), json!(branches));
    let commit = lab.facts(&attested("gitlab.com"), &[]).await.commit.unwrap();
    assert_eq!((commit.on_default_branch, commit.on_release_branch), (Some(false), None));
}

#[tokio::test]
async fn an_orphan_commit_is_not_merged() {
    let lab = Lab::github(None);
    let release = attested("github.com");
    lab.forge.lacks(&format!("repositories/77/compare/main...{SHA}?per_page=1&page=2"));
    assert_eq!(lab.facts(&release, &[]).await.commit.unwrap().on_default_branch, Some(false));
}

/// A release of another branch than the default one.
fn unmerged(lab: &Lab) -> Observation {
    let status = json!({"status": "diverged"});
    lab.forge.has(&format!("repositories/77/compare/main...{SHA}?per_page=1&page=2"), status);
    attested("github.com")
}

/// The branches that the forge protects.
fn protects(lab: &Lab, names: &[&str]) {
    let branches: Vec<_> = names.iter().map(|name| json!({"name": name, "protected": true})).collect();
    lab.forge.has("repositories/77/branches?protected=true&per_page=100", json!(branches));
}

#[tokio::test]
async fn a_protected_branch_beside_the_default_one_is_a_release_branch() {
    let lab = Lab::github(None);
    let release = unmerged(&lab);
    protects(&lab, &["main", "2.x", "1.x"]);
    let compared = |branch: &str, status: &str| {
        let path = format!("repositories/77/compare/{branch}...{SHA}?per_page=1&page=2");
        lab.forge.has(&path, json!({"status": status}));
    };
    compared("1.x", "ahead");
    let commit = lab.facts(&release, &[]).await.commit.unwrap();
    assert_eq!(
        (commit.on_default_branch, commit.on_release_branch),
        (Some(false), Some(false)),
        "2.x is not to be found"
    );
    lab.clock.advance(Duration::from_mins(11));
    compared("1.x", "behind");
    let commit = lab.facts(&release, &[]).await.commit.unwrap();
    assert_eq!((commit.on_default_branch, commit.on_release_branch), (Some(false), Some(true)));
    assert_eq!(commit.is_merged(), Some(true));
}

#[tokio::test]
async fn a_branch_does_not_vouch_for_itself() {
    let lab = Lab::github(None);
    let mut release = unmerged(&lab);
    let Provenance::Verified(verified) = &mut release.attestation else { panic!("it is attested") };
    verified.identity.claims.source_repository_ref = Some("refs/heads/oidc-test".to_owned());
    protects(&lab, &["main", "oidc-test"]);
    let path = format!("repositories/77/compare/oidc-test...{SHA}?per_page=1&page=2");
    lab.forge.has(&path, json!({"status": "identical"}));
    let commit = lab.facts(&release, &[]).await.commit.unwrap();
    assert_eq!(commit.on_release_branch, Some(false), "rules may protect every branch that is pushed");
}

#[tokio::test]
async fn no_release_branch_is_known_where_too_many_are_protected_or_none_can_be_asked() {
    let lab = Lab::github(None);
    let release = unmerged(&lab);
    protects(&lab, &["1", "2", "3", "4", "5", "6"]);
    let facts = lab.facts(&release, &[]).await;
    let commit = facts.commit.unwrap();
    assert_eq!((commit.on_default_branch, commit.on_release_branch), (Some(false), None));
    assert!(facts.unknown.unwrap()[&Fact::OnReleaseBranch].contains("more than 5 branches"));

    let lab = Lab::github(None);
    let release = unmerged(&lab);
    protects(&lab, &["main", "with a blank"]);
    let facts = lab.facts(&release, &[]).await;
    assert_eq!(facts.commit.unwrap().on_release_branch, None);

    let lab = Lab::github(None);
    let release = unmerged(&lab);
    lab.forge.says("repositories/77/branches?protected=true&per_page=100", b"{}");
    let facts = lab.facts(&release, &[]).await;
    assert_eq!(facts.commit.unwrap().on_release_branch, None);
    assert!(facts.unknown.unwrap()[&Fact::OnReleaseBranch].contains("another form"));
}
