//! Tests of logs that real servers wrote, as they grow, fork and get a new shard. Every watched entry is found, and
//! each violation is reported under its right name.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use std::{collections::BTreeSet, fs};

use crate::lab::{files::folder, trusting::Trusting};
use provwatch::{
    app::App,
    attest::{TrustMaterial, Verifier},
    store::{AlertFilter, LogMatchFilter},
};
use serde_json::Value;

const ORIGIN: &str = "127.0.0.1:9001";
const HOST: &str = "log.example";

fn file(name: &str) -> std::path::PathBuf {
    folder("rekor-v2").join(name)
}

/// A trust root that names the shards, which were served in plain HTTP when they were written.
fn verifier(trusted_root: &str) -> Verifier {
    let text = fs::read_to_string(file(trusted_root)).unwrap().replace("http://", "https://");
    let root = tempfile::NamedTempFile::new().unwrap();
    fs::write(root.path(), text).unwrap();
    Verifier::new(&TrustMaterial::from_files(root.path(), None).unwrap())
}

/// The log of which there are honest and other histories, as an operator names it.
fn instance() -> String {
    format!(
        "\n[[logs.instance]]\nname = \"acme-log\"\nkind = \"tiles\"\nurl = \"https://{HOST}/\"\norigin = \"{ORIGIN}\"\n\
         public_key = \"{}\"\n",
        file("log.pub.pem").display()
    )
}

/// A log at a time of its life, beside the first shard of the trust root, which stands still.
async fn seen(here: &mut Trusting, history: &str) -> App {
    here.files.insert(HOST, file(history));
    here.files.insert("log2026-1.acme.example", file("log2026-1"));
    let app = here.app_with(verifier("trusted_root-before.json"), &instance());
    here.minutes(&app, 2).await;
    app
}

async fn read_from_the_first_entry(app: &App, name: &str) {
    let log = app.logs.log_named(name).await.unwrap();
    app.logs.start_log_at(&log, name, 0, false).await.unwrap();
}

fn verified(app: &App, log: &str) -> u64 {
    app.store.log(log).unwrap().unwrap().tail.unwrap().verified
}

/// Where the log has entries of who is watched, as found.
fn found(app: &App, log: &str) -> BTreeSet<u64> {
    let filter = LogMatchFilter { log: Some(log), limit: 1_000, ..LogMatchFilter::default() };
    app.store.log_matches(filter).unwrap().into_iter().map(|row| row.entry.index).collect()
}

/// Where it has them, as who wrote the log noted.
fn truth(name: &str, size: u64) -> BTreeSet<u64> {
    let text = fs::read_to_string(file(name)).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let watched = rows.filter(|row| row["san"].as_str().unwrap().starts_with("https://github.com/acme/"));
    watched.map(|row| row["index"].as_u64().unwrap()).filter(|index| *index < size).collect()
}

/// What a log is accused of.
fn accusations(app: &App, log: &str) -> Vec<String> {
    let alerts = app.store.alerts(&AlertFilter { limit: 1_000, ..AlertFilter::default() }).unwrap();
    alerts.iter().filter_map(|alert| alert.title.strip_prefix(log)).map(|did| did.trim().to_owned()).collect()
}

#[tokio::test]
async fn every_entry_of_who_is_watched_is_found_as_the_log_grows() {
    let mut here = Trusting::new();
    let app = seen(&mut here, "honest-300").await;
    read_from_the_first_entry(&app, ORIGIN).await;
    assert_eq!(here.minutes(&app, 1).await, 0);
    assert_eq!(verified(&app, ORIGIN), 300);
    assert_eq!(found(&app, ORIGIN), truth("truth-honest.jsonl", 300));
    drop(app);
    let app = seen(&mut here, "honest-700").await;
    assert_eq!(verified(&app, ORIGIN), 700);
    assert_eq!(found(&app, ORIGIN), truth("truth-honest.jsonl", 700));
    assert_eq!(truth("truth-honest.jsonl", 700).len(), 22);
    assert_eq!(accusations(&app, ORIGIN), [""; 0]);
}

#[tokio::test]
async fn a_fork_is_told_whichever_history_was_seen_first() {
    for (histories, told) in [
        (["honest-300", "honest-700", "fork-700"], "signed two trees of one size"),
        (["honest-300", "fork-700", "honest-700"], "signed two trees of one size"),
        (["honest-300", "fork-500", "honest-700"], "signed two histories"),
        // What the log serves now proves nothing about the larger tree that it signed before.
        (["honest-300", "honest-700", "fork-500"], "went back to fewer entries than it had signed"),
    ] {
        let mut here = Trusting::new();
        for history in &histories[..2] {
            let app = seen(&mut here, history).await;
            assert_eq!(accusations(&app, ORIGIN), [""; 0], "{histories:?}: either history grew from its beginning");
        }
        let app = seen(&mut here, histories[2]).await;
        here.minutes(&app, 10).await;
        assert_eq!(accusations(&app, ORIGIN), [told], "{histories:?}");
    }
}

#[tokio::test]
async fn a_new_shard_is_read_from_its_first_entry() {
    let shards = ["log2026-1.acme.example", "log2026-2.acme.example"];
    let mut here = Trusting::new();
    here.files.insert(shards[0], file("log2026-1"));
    let app = here.app_with(verifier("trusted_root-before.json"), "");
    read_from_the_first_entry(&app, shards[0]).await;
    assert_eq!(here.minutes(&app, 1).await, 0);
    drop(app);
    here.files.insert(shards[1], file("log2026-2"));
    let app = here.app_with(verifier("trusted_root-after.json"), "");
    assert_eq!(here.minutes(&app, 2).await, 0);
    for (shard, truth_of, size) in
        [(shards[0], "truth-log2026-1.jsonl", 310), (shards[1], "truth-log2026-2.jsonl", 300)]
    {
        assert_eq!(verified(&app, shard), size, "{shard}");
        assert_eq!(found(&app, shard), truth(truth_of, size), "{shard}");
        assert_eq!(accusations(&app, shard), [""; 0]);
    }
}
