//! Tests of facts from the forges: the questions, the answers, and the reasons for missing facts.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

mod own_runs;
mod references;
mod release_branches;

use crate::lab;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use lab::{World, forge::LabForge, forge_town::Neighbours, git::LabGit};
use provwatch::{
    clock::{Clock, ManualClock},
    enrich::{Cache, Depth, Forge, ForgeKind, ForgeRepository, Forges, Question, Remembered},
    http::Client,
    model::{Fact, Facts, Observation, Secret},
};
use serde_json::{Value, json};

/// Answers in memory.
#[derive(Debug, Default)]
struct Memory(Mutex<BTreeMap<String, Remembered>>);

impl Cache for Memory {
    fn remembered(&self, key: &str) -> Option<Remembered> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn remember(&self, key: &str, answer: &Remembered) {
        self.0.lock().unwrap().insert(key.to_owned(), answer.clone());
    }
}

struct Lab {
    forge: LabForge,
    git: LabGit,
    forges: Forges,
    clock: Arc<ManualClock>,
    memory: Arc<Memory>,
}

impl Lab {
    fn new(kind: ForgeKind, token: Option<&str>) -> Self {
        let (host, api) = match kind {
            ForgeKind::Github => ("github.com", "https://api.github.com/"),
            ForgeKind::Gitlab => ("gitlab.com", "https://gitlab.com/api/v4/"),
        };
        Self::at(kind, host, api, token)
    }

    fn at(kind: ForgeKind, host: &str, api: &str, token: Option<&str>) -> Self {
        let (forge, git) = (LabForge::default(), LabGit::default());
        let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
        let neighbours = Neighbours(World::new(), forge.clone(), git.clone());
        let memory = Arc::new(Memory::default());
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let forges = Forges::new(
            vec![Forge::new(kind, host, api.parse().unwrap(), token.map(Secret::new))],
            Client::new(Arc::new(neighbours), Arc::clone(&shared)),
            shared,
            Arc::clone(&memory) as _,
        );
        Self { forge, git, forges, clock, memory }
    }

    /// A widget as GitHub knows it, version 1.2.3 released in order.
    fn github(token: Option<&str>) -> Self {
        let lab = Self::new(ForgeKind::Github, token);
        lab.forge
            .has("repositories/77", repository())
            .has("user/5", json!({"id": 5, "type": "Organization", "created_at": "2015-01-01T00:00:00Z"}))
            .has(&format!("repositories/77/git/commits/{SHA}"), json!({"verification": {"verified": true}}))
            .has(&format!("repositories/77/compare/main...{SHA}?per_page=1&page=2"), json!({"status": "behind"}))
            .has("repositories/77/git/ref/tags/v1.2.3", json!({"ref": "refs/tags/v1.2.3"}))
            .has("repositories/77/releases/tags/v1.2.3", json!({"id": 1}))
            .has(
                "repositories/77/actions/runs/900/attempts/1",
                json!({"event": "push", "conclusion": "success", "run_attempt": 1, "created_at": "2026-06-01T11:50:00Z",
                    "actor": {"login": "ada"}, "head_repository": {"full_name": "acme/widget"}}),
            );
        lab
    }

    async fn facts(&self, release: &Observation, former: &[&str]) -> Facts {
        let place = ForgeRepository::of(release)
            .unwrap_or_else(|| ForgeRepository::of_url("https://github.com/acme/widget").unwrap());
        let former: Vec<String> = former.iter().map(|name| (*name).to_owned()).collect();
        let question = Question {
            release,
            place: &place,
            former: &former,
            named_since: Some(SINCE.parse().unwrap()),
            commit_before: None,
            depth: Depth::All,
        };
        self.forges.facts(question).await.facts
    }
}

/// When the package first named its repository.
const SINCE: &str = "2025-06-01T00:00:00Z";

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn repository() -> Value {
    json!({"id": 77, "full_name": "acme/widget", "created_at": "2020-01-01T00:00:00Z", "fork": false, "archived": false,
        "default_branch": "main", "visibility": "public", "owner": {"id": 5, "type": "Organization"}})
}

fn attested(host: &str) -> Observation {
    let repository = format!("https://{host}/acme/widget");
    let run = if host == "gitlab.com" {
        format!("{repository}/-/jobs/900")
    } else {
        format!("{repository}/actions/runs/900/attempts/1")
    };
    serde_json::from_value(json!({
        "purl": "pkg:npm/widget@1.2.3", "published_at": "2026-06-01T12:00:00Z", "auth": {"method": "trusted_publisher"},
        "attestation": {"status": "verified", "issuer": "i", "claims": {
            "source_repository_uri": repository, "source_repository_identifier": "77", "source_repository_digest": SHA,
            "run_invocation_uri": run}},
    }))
    .unwrap()
}

fn by_hand() -> Observation {
    serde_json::from_value(json!({"purl": "pkg:npm/widget@1.2.3", "published_at": "2026-06-01T12:00:00Z",
        "auth": {"method": "token"}, "attestation": {"status": "absent"}}))
    .unwrap()
}

#[tokio::test]
async fn an_ordinary_release_is_known_in_full() {
    let lab = Lab::github(Some("secret"));
    let facts = lab.facts(&attested("github.com"), &[]).await;
    assert_eq!(
        serde_json::to_value(&facts).unwrap(),
        json!({
            "repository": {"identifier": "77", "created_at": "2020-01-01T00:00:00Z", "fork": false, "archived": false,
                "default_branch": "main", "visibility": "public"},
            "owner": {"identifier": "5", "created_at": "2015-01-01T00:00:00Z", "kind": "organization"},
            "commit": {"on_default_branch": true, "verified": true},
            "tag": {"name": "v1.2.3", "exists": true, "asked_at": "2026-06-01T12:00:00Z"}, "release": {"exists": true},
            "run": {"conclusion": "success", "event": "push", "attempt": 1, "created_at": "2026-06-01T11:50:00Z",
                "actor": "ada", "head_repository": "acme/widget"},
        })
    );
    assert_eq!(lab.forge.last().0.as_deref(), Some("Bearer secret"));
}

#[tokio::test]
async fn a_release_is_immutable_where_the_forge_says_so() {
    for (answer, immutable) in [
        (json!({"id": 1, "immutable": true}), Some(true)),
        (json!({"id": 1, "immutable": false}), Some(false)),
        // Also the form of an answer that was cached before provwatch read this.
        (json!({}), None),
    ] {
        let lab = Lab::github(None);
        lab.forge.has("repositories/77/releases/tags/v1.2.3", answer);
        let facts = lab.facts(&attested("github.com"), &[]).await.release.unwrap();
        assert_eq!((facts.exists, facts.immutable), (Some(true), immutable));
    }
}

#[tokio::test]
async fn what_is_not_there_is_no_and_what_cannot_be_asked_is_unknown() {
    let lab = Lab::github(None);
    let mut release = attested("github.com");
    release.purl = "pkg:npm/widget@1.2.4".parse().unwrap();
    lab.forge.has(&format!("repositories/77/compare/main...{SHA}?per_page=1&page=2"), json!({"status": "diverged"}));
    let facts = lab.facts(&release, &[]).await;
    assert_eq!(facts.tag.unwrap().exists, Some(false));
    assert_eq!(facts.release.unwrap().exists, Some(false));
    assert_eq!(facts.commit.unwrap().on_default_branch, Some(false));
    let other = Lab::github(None);
    other.forge.fails_with(Some(502));
    let facts = other.facts(&release, &[]).await;
    assert_eq!((&facts.tag, &facts.repository), (&None, &None));
    assert!(facts.unknown.unwrap()[&Fact::Repository].contains("502"));
}

#[tokio::test]
async fn tags_are_looked_for_in_the_usual_forms() {
    let lab = Lab::github(None);
    let mut release = attested("github.com");
    release.purl = "pkg:npm/%40acme/widget@2.0.0".parse().unwrap();
    lab.forge.has("repositories/77/git/ref/tags/widget-v2.0.0", json!({}));
    let tag = lab.facts(&release, &[]).await.tag.unwrap();
    assert_eq!((tag.name.as_deref(), tag.exists), (Some("widget-v2.0.0"), Some(true)));
}

#[tokio::test]
async fn forks_and_renamed_repositories_are_told_by_the_forge() {
    let lab = Lab::github(None);
    let mut fork = repository();
    fork["fork"] = json!(true);
    fork["parent"] = json!({"full_name": "upstream/widget"});
    // The old name leads to the same repository.
    lab.forge.has("repositories/77", fork.clone()).has("repos/ada/widget", fork);
    let facts = lab.facts(&attested("github.com"), &["ada/widget"]).await.repository.unwrap();
    assert_eq!((facts.fork_of.as_deref(), facts.formerly.as_deref()), (Some("upstream/widget"), Some("ada/widget")));
    let mut another = repository();
    another["id"] = json!(78);
    let lab = Lab::github(None);
    lab.forge.has("repos/ada/widget", another);
    assert_eq!(lab.facts(&attested("github.com"), &["ada/widget"]).await.repository.unwrap().formerly, None);
}

#[tokio::test]
async fn a_run_that_failed_just_before_explains_who_publishes_by_hand() {
    let lab = Lab::github(None);
    lab.forge.has("repos/acme/widget", repository());
    let window = "2026-06-01T06:00:00Z..2026-06-01T12:00:00Z";
    lab.forge.has(
        &format!("repositories/77/actions/runs?status=failure&per_page=10&created={window}"),
        json!({"workflow_runs": [
            {"path": ".github/workflows/test.yml", "event": "push"},
            {"path": ".github/workflows/release.yml", "event": "push", "created_at": "2026-06-01T11:00:00Z"},
        ]}),
    );
    let run = lab.facts(&by_hand(), &[]).await.run.unwrap();
    assert_eq!((run.conclusion.as_deref(), run.event.as_deref()), (Some("failure"), Some("push")));
}

#[tokio::test]
async fn answers_are_remembered_and_asked_for_again_conditionally() {
    let lab = Lab::github(Some("secret"));
    let first = lab.facts(&attested("github.com"), &[]).await;
    lab.forge.forget();
    assert_eq!(lab.facts(&attested("github.com"), &[]).await, first);
    assert_eq!(lab.forge.asked(), [] as [&str; 0], "within minutes nothing is asked again");
    lab.clock.advance(Duration::from_hours(24 * 7));
    let mut later = lab.facts(&attested("github.com"), &[]).await;
    later.tag.as_mut().unwrap().asked_at = first.tag.as_ref().unwrap().asked_at;
    assert_eq!(later, first);
    assert!(lab.forge.asked().contains(&"repositories/77".to_owned()));
    assert!(!lab.forge.asked().iter().any(|path| path.contains("git/ref")), "a tag that is there stays");
    assert!(lab.forge.last().1, "and costs nothing where nothing changed");
}

#[tokio::test]
async fn a_limit_that_is_reached_is_kept_and_said() {
    let lab = Lab::github(None);
    lab.forge.answers_only(7);
    let facts = lab.facts(&attested("github.com"), &[]).await;
    let unknown = facts.unknown.unwrap();
    assert!(facts.repository.is_some(), "what was answered counts");
    assert!(unknown[&Fact::Tag].contains("github.com does not answer before 13:00 UTC"), "{unknown:?}");
    let asked = lab.forge.asked().len();
    lab.clock.advance(Duration::from_mins(30));
    lab.facts(&attested("github.com"), &[]).await;
    assert_eq!(lab.forge.asked().len(), asked, "nothing is asked while the limit holds");
    lab.forge.answers_only(1000);
    lab.clock.advance(Duration::from_mins(31));
    assert!(lab.facts(&attested("github.com"), &[]).await.tag.is_some());
}

#[tokio::test]
async fn a_refusal_closes_the_forge_for_a_while() {
    let lab = Lab::github(None);
    // A single 403 may be about this repository alone.
    for (status, times) in [(403, 3), (429, 1)] {
        lab.forge.fails_with(Some(status));
        for _ in 0..times {
            let unknown = lab.facts(&attested("github.com"), &[]).await.unknown.unwrap();
            assert!(unknown[&Fact::Repository].contains(&status.to_string()), "{unknown:?}");
        }
        lab.forge.fails_with(None);
        assert!(
            lab.facts(&attested("github.com"), &[]).await.unknown.unwrap()[&Fact::Repository]
                .contains("does not answer before")
        );
        lab.clock.advance(Duration::from_hours(3));
    }
}

#[tokio::test]
async fn hostile_answers_make_facts_unknown() {
    for bytes in
        [b"".as_slice(), b"null", b"[]", b"{\"id\": \"77\"}", b"{\"id\":", &vec![b'['; 100_000], &vec![b'x'; 3 << 20]]
    {
        let lab = Lab::github(None);
        lab.forge.says("repositories/77", bytes);
        let facts = lab.facts(&attested("github.com"), &[]).await;
        assert_eq!(facts.repository, None);
        assert!(facts.unknown.unwrap().contains_key(&Fact::Repository));
    }
}

#[tokio::test]
async fn only_the_forges_of_the_configuration_are_asked() {
    let lab = Lab::github(Some("secret"));
    let unknown = lab.facts(&attested("evil.example"), &[]).await.unknown.unwrap();
    assert!(unknown[&Fact::Repository].contains("evil.example is not a forge that is asked"));
    assert_eq!(lab.forge.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn gitlab_tells_the_same_in_its_own_words() {
    let lab = Lab::new(ForgeKind::Gitlab, Some("secret"));
    let merge_base = format!("projects/77/repository/merge_base?refs[]=refs/heads/main&refs[]={SHA}");
    lab.forge
        .has(
            "projects/77",
            json!({"id": 77, "path_with_namespace": "acme/widget", "created_at": "2020-01-01T00:00:00Z",
                "default_branch": "main", "visibility": "public", "archived": false,
                "namespace": {"id": 5, "kind": "group"}}),
        )
        .has(&merge_base, json!({"id": SHA}))
        .has("projects/77/repository/tags/v1.2.3", json!({"name": "v1.2.3"}))
        .has(
            "projects/77/jobs/900",
            json!({"status": "failed", "created_at": "2026-06-01T11:50:00Z", "pipeline": {"source": "push"},
                "user": {"username": "ada"}}),
        );
    let release = attested("gitlab.com");
    let facts = lab.facts(&release, &[]).await;
    let commit = facts.commit.unwrap();
    assert_eq!((commit.on_default_branch, commit.verified), (Some(true), Some(false)));
    assert_eq!((facts.tag.unwrap().exists, facts.release.unwrap().exists), (Some(true), Some(false)));
    assert_eq!(facts.run.unwrap().conclusion.as_deref(), Some("failure"));
    assert_eq!(facts.owner.unwrap().kind.as_deref(), Some("organization"));
    assert_eq!(lab.forge.last().0.as_deref(), Some("secret"));

    lab.clock.advance(Duration::from_mins(11));
    lab.forge
        .has(&merge_base, json!({"id": "9".repeat(40)}))
        .has(
            &format!("projects/77/repository/commits/{SHA}/refs?type=branch&per_page=100"),
            json!([{"name": "try/it"}, {"name": "release/1.2"}]),
        )
        .has("projects/77/repository/branches/release%2F1.2", json!({"name": "release/1.2", "protected": true}))
        .has("projects/77/repository/branches/try%2Fit", json!({"name": "try/it", "protected": false}));
    let commit = lab.facts(&release, &[]).await.commit.unwrap();
    assert_eq!((commit.on_default_branch, commit.on_release_branch), (Some(false), Some(true)));
}

#[tokio::test]
async fn a_name_that_somebody_else_has_taken_answers_for_nothing() {
    let lab = Lab::github(None);
    lab.facts(&attested("github.com"), &[]).await;
    lab.forge.forget();
    let mut release = attested("github.com");
    release.purl = "pkg:npm/widget@1.2.4".parse().unwrap();
    lab.forge.has("repos/acme/widget/git/ref/tags/v1.2.4", json!({}));
    assert_eq!(lab.facts(&release, &[]).await.tag.unwrap().exists, Some(false));
    assert!(lab.forge.asked().iter().all(|path| !path.contains("acme")), "it is asked for by its id");
}

#[tokio::test]
async fn a_run_that_was_deleted_is_gone() {
    let lab = Lab::github(None);
    lab.forge.lacks("repositories/77/actions/runs/900/attempts/1");
    let run = lab.facts(&attested("github.com"), &[]).await.run.unwrap();
    assert_eq!(run.conclusion.as_deref(), Some("gone"));
}

#[tokio::test]
async fn former_names_that_could_not_be_asked_for_are_said() {
    let lab = Lab::github(None);
    lab.forge.says("repos/ada/widget", b"<html>");
    let unknown = lab.facts(&attested("github.com"), &["ada/widget"]).await.unknown.unwrap();
    assert!(unknown[&Fact::FormerName].contains("another form"));
    let unknown = lab.facts(&attested("github.com"), &["a/a", "b/b", "c/c"]).await.unknown.unwrap();
    assert!(unknown[&Fact::FormerName].contains("more names than the 2"));
}

#[tokio::test]
async fn a_repository_that_went_away_is_gone() {
    let lab = Lab::new(ForgeKind::Github, None);
    let facts = lab.facts(&attested("github.com"), &[]).await;
    assert_eq!(facts.repository.unwrap().visibility.as_deref(), Some("gone"));
}

#[tokio::test]
async fn a_forge_says_how_one_stands_with_it() {
    let lab = Lab::github(Some("secret"));
    lab.forge.has("rate_limit", json!({"resources": {}})).answers_only(4_991);
    let [standing] = lab.forges.statuses_of_forges().await.try_into().unwrap();
    assert_eq!((standing.host.as_str(), standing.has_token, standing.left.unwrap()), ("github.com", true, Some(4_990)));
    assert_eq!(lab.forge.last().0.as_deref(), Some("Bearer secret"));

    lab.forge.fails_with(Some(401));
    let [standing] = lab.forges.statuses_of_forges().await.try_into().unwrap();
    assert!(standing.left.unwrap_err().to_string().contains("401"));

    let unlimited = Lab::github(None);
    let [standing] = unlimited.forges.statuses_of_forges().await.try_into().unwrap();
    assert_eq!(standing.left.unwrap(), None, "an enterprise server without limits has no such page");
}
