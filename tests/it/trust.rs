//! Tests of refreshing the trust material through public and private TUF and from files, and of failed refreshes.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{sync::Arc, time::Duration};

use lab::{
    Lab, Workflow,
    keys::sha512,
    rig::{START, config, folder, watchlist},
    tuf::Tuf,
};
use provwatch::{
    app::{App, Parts, assemble, client_over, verifier},
    clock::{Clock, ManualClock},
    config::Config,
    health::{Finding, Kind},
    model::{Digests, Provenance},
    progress::NoProgress,
    store::{CheckpointRow, LogKind, LogState, NewLog, SourceState, Store},
    text::with_causes,
    upkeep::{NPM_KEYS, OnDisk, TRUST_ROOT},
};
use serde_json::Value;
use tempfile::TempDir;

const CONFIG: &str = r#"
[http]
contact = "operator@example.org"
max_attempts = 1
[registries.npm]
enabled = false
[registries.pypi]
enabled = false
[registries.cargo]
enabled = false
[forges]
enabled = false
[logs]
enabled = false
"#;

/// A folder with trust files, and a repository that may be asked.
struct Home {
    folder: TempDir,
    clock: Arc<ManualClock>,
    lab: Lab,
    tuf: Tuf,
}

impl Home {
    fn new() -> Self {
        let (folder, lab) = (folder(), Lab::new());
        let tuf = Tuf::of(&lab);
        std::fs::write(folder.path().join("1.root.json"), tuf.first_root()).unwrap();
        Self { folder, clock: Arc::new(ManualClock::at_text(START)), lab, tuf }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn config(&self, trust: &str) -> Config {
        let text = format!("{CONFIG}[trust]\n{trust}").replace("FOLDER", &self.folder.path().display().to_string());
        config(&text)
    }

    fn private(&self) -> App {
        self.app(&self.config(
            "tuf_url = \"https://tuf.example/tuf\"\ntuf_root = \"FOLDER/1.root.json\"\ncache = \"FOLDER/cache\"",
        ))
    }

    fn app(&self, config: &Config) -> App {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let parts = Parts {
            store: Arc::new(Store::open(&self.path("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = []"),
            http: client_over(config, Arc::new(self.tuf.clone()), Arc::clone(&clock)).unwrap(),
            verifier: verifier(config).unwrap(),
            clock,
            progress: Arc::new(NoProgress),
        };
        assemble(config, parts).unwrap()
    }

    /// Lets a trust root be told from others: this name stands in it.
    fn root_named(&self, name: &str) -> Value {
        let mut root = self.lab.trusted_root();
        root["tlogs"][0]["baseUrl"] = format!("https://{name}.example").into();
        root
    }
}

/// The log that the trust root in use names first.
fn in_use(app: &App) -> String {
    app.trust.verifier().trusted_logs().first().map(|log| log.base_url.clone()).unwrap_or_default()
}

async fn refused(app: &App) -> String {
    let before = in_use(app);
    let error = app.trust.refresh().await.expect_err("not to be trusted");
    assert_eq!(in_use(app), before, "what was in use stays in use");
    let said = with_causes(&error);
    assert!(source(app, TRUST_ROOT).unwrap().last_error.unwrap().contains(&said[..40]), "{said}");
    said
}

fn source(app: &App, name: &str) -> Option<SourceState> {
    app.store.sources().unwrap().into_iter().find(|source| source.name == name)
}

fn findings(app: &App, on_disk: &OnDisk) -> Vec<Finding> {
    app.look_after(Kind::Daemon, on_disk, &[]).unwrap()
}

fn found(app: &App, id: &str) -> Option<String> {
    let findings = findings(app, &OnDisk::default());
    findings.into_iter().find(|finding| finding.id.as_str() == id).map(|finding| finding.sentence)
}

#[tokio::test]
async fn a_private_repository_is_followed_through_its_rotations_and_never_back() {
    let home = Home::new();
    let app = home.private();
    home.tuf.publish(home.root_named("one"));
    app.trust.refresh().await.unwrap();
    assert_eq!(in_use(&app), "https://one.example");
    for name in ["two", "three"] {
        home.tuf.rotate();
        home.tuf.publish(home.root_named(name));
    }
    app.trust.refresh().await.unwrap();
    assert_eq!(in_use(&app), "https://three.example", "two rotations at once");
    app.trust.refresh().await.expect("nothing new is no trouble");

    home.tuf.go_back();
    let app = home.private();
    let said = refused(&app).await;
    assert!(said.contains("rollback detected for timestamp"), "also by a process of its own: {said}");
}

#[tokio::test]
async fn what_is_not_signed_well_or_has_expired_is_not_trusted() {
    let home = Home::new();
    home.tuf.rotate_short_of(1);
    let said = refused(&home.private()).await;
    assert!(said.contains("signature threshold not met for role root: 1/2"), "{said}");
    for role in ["timestamp", "snapshot", "targets"] {
        let home = Home::new();
        home.tuf.expire(role, "2026-05-31T00:00:00Z");
        let said = refused(&home.private()).await;
        assert!(said.contains(&format!("{role} metadata expired at 2026-05-31")), "{said}");
    }
    let home = Home::new();
    home.tuf.expire("root", "2026-05-31T00:00:00Z");
    home.tuf.rotate();
    let said = refused(&home.private()).await;
    assert!(said.contains("root metadata expired"), "{said}");
    let home = Home::new();
    home.tuf.publish(home.lab.npm_keys());
    let said = refused(&home.private()).await;
    assert!(said.contains("trusted_root.json of https://tuf.example/tuf/"), "a key list where it belongs: {said}");
}

#[tokio::test]
async fn a_root_that_there_is_not_ends_the_chain_and_nothing_else_does() {
    for status in [403, 404] {
        let home = Home::new();
        home.tuf.rotate();
        home.tuf.answer("3.root.json", status);
        home.private().trust.refresh().await.unwrap();
    }
    for status in [401, 410, 429, 500, 503] {
        let home = Home::new();
        home.tuf.answer(".root.json", status);
        let said = refused(&home.private()).await;
        assert!(said.contains(&status.to_string()), "{said}");
    }
    for name in ["timestamp.json", "snapshot.json", "targets.json", "trusted_root.json"] {
        let home = Home::new();
        home.tuf.answer(name, 403);
        let said = refused(&home.private()).await;
        assert!(said.contains("403"), "{name}: {said}");
    }
}

#[tokio::test]
async fn npms_keys_do_not_keep_the_trust_root_waiting() {
    let home = Home::new();
    let app = home.private();
    home.tuf.publish(home.root_named("one"));
    home.tuf.expire("registry", "2026-05-31T00:00:00Z");
    app.trust.refresh().await.unwrap();
    assert_eq!(in_use(&app), "https://one.example");
    let said = found(&app, "npm-keys-kept").expect("it is said");
    assert!(said.contains("registry metadata expired"), "{said}");
    for _ in 0..4 {
        home.clock.advance(Duration::from_hours(24));
        app.trust.refresh().await.unwrap();
    }
    let finding = findings(&app, &OnDisk::default()).into_iter().find(|one| one.id.as_str() == "npm-keys-kept");
    assert!(finding.unwrap().alert.is_some(), "after days it is an alert");

    home.clock.advance(Duration::from_mins(5));
    home.tuf.expire("registry", "2027-01-01T00:00:00Z");
    home.tuf.publish(home.root_named("two"));
    app.trust.refresh().await.unwrap();
    assert_eq!(found(&app, "npm-keys-kept"), None);
    assert!(source(&app, NPM_KEYS).unwrap().last_success.is_some());
}

#[tokio::test]
async fn a_private_repository_may_have_no_keys_of_npm() {
    let home = Home::new();
    home.tuf.without_npm_keys();
    let app = home.private();
    app.trust.refresh().await.unwrap();
    assert_eq!(found(&app, "npm-keys-kept"), None);
    assert_eq!(source(&app, NPM_KEYS), None, "nobody claims to have read them");
}

#[tokio::test]
async fn each_repository_has_metadata_of_its_own() {
    let (one, other) = (Home::new(), Home::new());
    let cache = "tuf_root = \"FOLDER/1.root.json\"\ncache = \"/CACHE\"";
    let cache = cache.replace("/CACHE", &one.path("cache").display().to_string());
    for _ in 0..3 {
        one.tuf.publish(one.root_named("one"));
    }
    let of = |home: &Home, url: &str| home.app(&home.config(&format!("tuf_url = \"{url}\"\n{cache}")));
    let first = of(&one, "https://tuf.example/tuf");
    first.trust.refresh().await.unwrap();
    let second = of(&other, "https://other.example/tuf");
    second.trust.refresh().await.expect("an older version of another repository is not taken back");
    first.trust.refresh().await.unwrap();
    assert_eq!(std::fs::read_dir(one.path("cache")).unwrap().count(), 2);
}

#[tokio::test]
async fn a_beginning_that_is_none_is_refused_before_anything_is_asked() {
    let home = Home::new();
    home.write("bad.json", "{}");
    for (trust, why) in [
        ("tuf_url = \"https://tuf.example\"\ntuf_root = \"FOLDER/bad.json\"", "cannot be used as root metadata"),
        ("tuf_url = \"https://tuf.example\"\ntuf_root = \"FOLDER/lost.json\"", "reading"),
        ("tuf_root = \"FOLDER/1.root.json\"", "tuf_url"),
    ] {
        let said = with_causes(&verifier(&home.config(trust)).unwrap_err());
        assert!(said.contains(why), "{said}");
    }
}

#[tokio::test]
async fn a_trust_root_that_was_never_refreshed_is_not_called_fresh() {
    let home = Home::new();
    home.tuf.answer("", 403);
    let app = home.private();
    assert_eq!(found(&app, "trust-root-unrefreshed"), None, "nobody has tried yet");
    refused(&app).await;
    let said = found(&app, "trust-root-unrefreshed").expect("it was tried");
    assert!(said.contains("provwatch can check no signature before that") && said.contains("403"), "{said}");
    home.tuf.recover();
    app.trust.refresh().await.unwrap();
    assert_eq!(found(&app, "trust-root-unrefreshed"), None);
}

#[tokio::test]
async fn a_changed_file_is_taken_up_and_a_damaged_one_is_not() {
    let home = Home::new();
    let keys = home.lab.npm_keys().to_string();
    home.write("root.json", &home.root_named("one").to_string());
    home.write("keys.json", &keys);
    let config = home.config("source = \"file\"\ntrusted_root = \"FOLDER/root.json\"\nnpm_keys = \"FOLDER/keys.json\"");
    let app = home.app(&config);
    home.write("root.json", &home.root_named("two").to_string());
    app.trust.refresh().await.unwrap();
    assert_eq!(in_use(&app), "https://two.example");

    home.write("root.json", &home.root_named("three").to_string()[..100]);
    let said = refused(&app).await;
    assert!(said.contains("root.json"), "{said}");

    for nobody in ["", "{}"] {
        home.write("root.json", nobody);
        assert!(refused(&app).await.contains("root.json"), "{nobody:?}: an emptied file trusts nobody");
    }
    for nobody in
        [r#"{"mediaType":"nonsense"}"#, "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\"}"]
    {
        home.write("root.json", nobody);
        let said = refused(&app).await;
        assert!(said.contains("root.json cannot be used"), "a root that trusts nobody calls everything forged: {said}");
    }
    let mut lawless = home.root_named("lawless");
    lawless["certificateAuthorities"] = Value::Array(Vec::new());
    home.write("root.json", &lawless.to_string());
    assert!(refused(&app).await.contains("authority"));

    home.write("root.json", &home.root_named("four").to_string());
    home.write("keys.json", "[");
    app.trust.refresh().await.unwrap();
    assert_eq!(in_use(&app), "https://four.example", "keys that are damaged keep nothing else");
    assert!(source(&app, NPM_KEYS).unwrap().last_error.unwrap().contains("keys.json"));
    home.write("keys.json", &keys);
    app.trust.refresh().await.unwrap();
    assert!(source(&app, NPM_KEYS).unwrap().last_success.is_some());
}

#[tokio::test]
async fn what_is_built_in_asks_nobody() {
    let home = Home::new();
    let app = home.app(&home.config("source = \"embedded\""));
    app.trust.refresh().await.unwrap();
    assert_eq!((home.tuf.requests(), source(&app, TRUST_ROOT)), (Vec::new(), None));
}

/// What the verifier that a process begins with says of a release that the lab signed.
fn judged(home: &Home, app: &App) -> Provenance {
    let (file, purl) = (sha512(b"the file"), "pkg:npm/widget@1.0.0");
    let digests = Digests { sha512: Some(hex::encode(file)), ..Digests::default() };
    let workflow = Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.0");
    let at = "2026-01-12T11:00:00Z".parse().unwrap();
    let document = home.lab.npm_attestations(purl, digests.sha512.as_ref().unwrap(), &workflow, at, None);
    app.trust.verifier().npm(document.to_string().as_bytes(), purl, &digests)
}

#[tokio::test]
async fn a_private_root_is_kept_for_the_next_start_and_nobody_elses_stands_in_for_it() {
    let home = Home::new();
    home.tuf.publish(home.lab.trusted_root());
    let app = home.private();
    assert_eq!(in_use(&app), "", "Sigstore's own root is not the one that was asked for");
    let Provenance::Unavailable { reason } = judged(&home, &app) else { panic!("nothing is known yet") };
    assert!(reason.contains("the trust root was not read yet"), "{reason}");
    app.trust.refresh().await.unwrap();
    assert_eq!(judged(&home, &app).status(), "verified");
    let refreshed = in_use(&app);
    drop(app);

    home.tuf.answer("", 503);
    let restarted = home.private();
    assert_eq!(in_use(&restarted), refreshed, "what was refreshed is in use again");
    refused(&restarted).await;
    assert_eq!(judged(&home, &restarted).status(), "verified");
    assert_eq!(found(&restarted, "trust-root-unrefreshed"), None, "it was refreshed a moment ago");
    drop(restarted);

    // What is kept is damaged: then there is none, whatever the process before had.
    let kept = std::fs::read_dir(home.path("cache")).unwrap().next().unwrap().unwrap().path().join("trusted_root.kept");
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replace("lab.example", "bad.example")).unwrap();
    let without = home.private();
    assert_eq!(in_use(&without), "");
    refused(&without).await;
    assert_eq!(judged(&home, &without).status(), "unavailable");
    assert!(found(&without, "trust-root-unrefreshed").expect("it is said").contains("was not read yet"));
}

#[tokio::test]
async fn a_log_that_the_trust_root_drops_is_missed() {
    let home = Home::new();
    home.write("root.json", &home.root_named("one").to_string());
    let text = "source = \"file\"\ntrusted_root = \"FOLDER/root.json\"";
    let text = format!("{CONFIG}[trust]\n{text}").replace("FOLDER", &home.folder.path().display().to_string());
    let config = config(&text.replace("[logs]\nenabled = false", "[logs]\nenabled = true"));
    let app = home.app(&config);
    let standing = LogState::Active;
    let (name, url, key_id) = ("one.example", "https://one.example/", "00");
    let log = NewLog { name, kind: LogKind::RekorV1, url, key_id, offset: 0, standing };
    app.store.open_log(&log, home.clock.now()).unwrap();
    let (seen_at, last_seen_at) = (home.clock.now(), home.clock.now());
    let checkpoint =
        CheckpointRow { size: 1, root: [0; 32], note: String::new(), seen_at, last_seen_at, consistent: true };
    app.store.keep_checkpoint(name, &checkpoint).unwrap();
    assert_eq!(found(&app, "log-left"), None);

    home.write("root.json", &home.root_named("two").to_string());
    app.trust.refresh().await.unwrap();
    home.clock.advance(Duration::from_mins(5));
    let said = found(&app, "log-left").expect("nobody reads it any more");
    assert!(said.starts_with("one.example") && said.contains("no longer names it"), "{said}");
    let restarted = home.app(&config);
    home.clock.advance(Duration::from_hours(24 * 30));
    assert!(found(&restarted, "log-left").is_some(), "it lasts");
    home.write("root.json", &home.root_named("one").to_string());
    restarted.trust.refresh().await.unwrap();
    assert_eq!(found(&restarted, "log-left"), None);
}
