//! Tests of the proofs about logs in the evidence of an incident: from a release over its log entry to the latest
//! checkpoint, checked on another machine.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use std::{fs, path::Path};

use provwatch::clock::Clock;

use crate::lab::{
    Workflow,
    keys::sha256,
    ledger::hashedrekord,
    program::{Said, provwatch},
    rig::{by_workflow, folder, write_trust},
    town::Town,
};

const BAD: &str = "pkg:npm/widget@1.1.0";

fn evil() -> Workflow {
    Workflow::github("acme/widget", "evil.yml", "refs/heads/main")
}

/// A town with a release that was signed by a workflow that nobody knows.
async fn taken_over() -> Town {
    let town = Town::settled_over_the_log_of_attestations().await;
    town.publish("1.1.0", &by_workflow(&evil()));
    town.pass().await;
    settle_in(&town, town.path());
    town
}

/// Makes a folder usable by the program.
fn settle_in(town: &Town, folder: &Path) {
    write_trust(town.world.lab(), folder);
    let config = "[store]\npath = \"provwatch.db\"\n[watchlist]\nfiles = [\"watchlist.toml\"]\n[trust]\nsource = \"file\"\n\
                  trusted_root = \"trusted_root.json\"\nnpm_keys = \"keys.json\"\n";
    fs::write(folder.join("provwatch.toml"), config).unwrap();
    fs::write(folder.join("watchlist.toml"), "packages = []\n").unwrap();
}

fn run(folder: &Path, arguments: &[&str]) -> Said {
    let all: Vec<&str> = ["--config", "provwatch.toml"].into_iter().chain(arguments.iter().copied()).collect();
    Said::by(&mut provwatch(folder, &all))
}

/// The names of the files about logs.
fn files(bundle: &[u8]) -> Vec<String> {
    let headers = bundle.chunks(512).filter(|block| block.len() == 512 && &block[257..262] == b"ustar");
    let name = |header: &[u8]| String::from_utf8(header[..100].split(|b| *b == 0).next().unwrap().to_vec()).unwrap();
    headers.map(name).filter(|name| name.starts_with("logs/")).collect()
}

/// A bundle in which a byte of a file is another one, as is its sum in the manifest.
fn altered(bundle: &[u8], file: &str, behind: &str) -> Vec<u8> {
    let place = |bytes: &[u8], text: &str| bytes.windows(text.len()).position(|it| it == text.as_bytes()).unwrap();
    let header = bundle.chunks(512).position(|block| block.starts_with(format!("{file}\0").as_bytes())).unwrap() * 512;
    let size = std::str::from_utf8(&bundle[header + 124..header + 135]).unwrap();
    let content = header + 512..header + 512 + usize::from_str_radix(size, 8).unwrap();
    let mut changed = bundle.to_vec();
    let at = content.start + place(&bundle[content.clone()], behind) + behind.len();
    changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
    let [before, after] = [bundle, &changed].map(|bytes| hex::encode(sha256(&bytes[content.clone()])));
    while let Some(sum) = changed.windows(64).position(|it| it == before.as_bytes()) {
        changed[sum..sum + 64].copy_from_slice(after.as_bytes());
    }
    changed
}

#[tokio::test]
async fn an_entry_leads_to_the_latest_checkpoint_and_no_step_can_be_altered() {
    let town = taken_over().await;
    town.log_is_caught_up();
    for growth in [3, 1, 40] {
        town.minutes_pass(30).await;
        town.ledger.grow(growth);
    }
    town.minutes_pass(5).await;
    let ran = run(town.path(), &["incident", "export", BAD, "--to", "widget.tar"]);
    assert_eq!(ran.code, 0, "{ran}");
    let bundle = fs::read(town.path().join("widget.tar")).unwrap();
    let names = files(&bundle);
    let size = town.ledger.size();
    let of = |kind: &str| names.iter().filter(|name| name.contains(&format!("/{kind}-"))).collect::<Vec<_>>();
    let [inclusions, checkpoints, consistencies] = ["inclusion", "checkpoint", "consistency"].map(of);
    assert_eq!(inclusions.len(), 2, "that of the workflow and that of the registry: {names:?}");
    assert_eq!(checkpoints.len(), consistencies.len() + 1, "each leads to the next: {names:?}");
    assert!(names.iter().any(|name| name.ends_with(&format!("/consistency-{size}.json"))), "{names:?}");

    let elsewhere = folder();
    settle_in(&town, elsewhere.path());
    let verify = |bundle: &[u8]| {
        fs::write(elsewhere.path().join("widget.tar"), bundle).unwrap();
        run(elsewhere.path(), &["incident", "verify", "widget.tar"])
    };
    let ran = verify(&bundle);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.out.contains(&format!("proven: 2 entries; {} checkpoints of one history", checkpoints.len())), "{ran}");
    for (file, behind) in [
        (consistencies[0], "consistency_path\": [\n    \""),
        (consistencies[0], "root_1\": \""),
        (inclusions[0], "inclusion_path\": [\n    \""),
        (inclusions[0], "entry\": \"eyJ"),
        (inclusions[1], "\"index\": "),
        (checkpoints[0], "rekor.lab.example - 1001\n"),
    ] {
        let ran = verify(&altered(&bundle, file, behind));
        assert!(
            ran.code == 1 && ran.err.contains("altered") && ran.err.contains(file.as_str()),
            "{file} {behind}: {ran}"
        );
    }
}

#[tokio::test]
async fn an_entry_that_no_proof_leads_on_from_is_said_to_be_alone() {
    let town = taken_over().await;
    let ran = run(town.path(), &["incident", "export", BAD, "--to", "widget.tar"]);
    assert!(ran.code == 4 && ran.out.contains("no proof is stored that it is of one history"), "{ran}");
    let ran = run(town.path(), &["incident", "verify", "widget.tar"]);
    assert!(ran.code == 4 && ran.out.contains("NOT proven: its checkpoint of"), "{ran}");
    let answer = &run(town.path(), &["incident", "verify", "widget.tar", "--format", "json"]).json()[0];
    assert_eq!((&answer["logs"][0]["proven"], &answer["logs"][0]["entries"]), (&false.into(), &2.into()));
}

#[tokio::test]
async fn a_log_that_showed_the_registry_another_history_is_accused() {
    let town = taken_over().await;
    // The log shows an entry of the same signer in its place, and not the one that the registry has.
    let certificate = town.world.lab().authority.issue(&evil(), town.clock.now()).der;
    town.ledger.append(hashedrekord(&certificate, &[7; 32]));
    town.ledger.grow(2);
    town.minutes_pass(15).await;
    town.ledger.grow(1);
    town.minutes_pass(5).await;
    let alerts = town.alerts();
    assert!(alerts.iter().any(|alert| alert.title.contains("signed two histories")), "{alerts:#?}");
}
