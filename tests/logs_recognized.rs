//! What a log is comes from asking it: real logs, named by a trust root or by the operator, rightly or wrongly.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

mod lab;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use lab::{
    World,
    files::{Files, folder},
    follower::CONFIG,
    rig::{self, START, config, watchlist},
};
use provwatch::{
    clock::{Clock, ManualClock},
    pipeline::{NoProgress, Parts, Pipeline, assemble, client_over},
    store::{AlertFilter, LogKind, Store},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The bytes of a key in PEM form.
fn spki(pem: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(pem).unwrap();
    let lines: String = text.lines().filter(|line| !line.starts_with("--")).collect();
    BASE64_STANDARD.decode(lines).unwrap()
}

/// A log as a trust root names it.
fn trusted(base: &str, spki: &[u8]) -> Value {
    let b64 = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    let id = lab::keys::sha256(spki);
    json!({
        "baseUrl": base, "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(&id)},
        "publicKey": {
            "rawBytes": b64(spki), "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        },
    })
}

struct Real {
    folder: TempDir,
    clock: Arc<ManualClock>,
    world: World,
}

impl Real {
    fn new() -> Self {
        Self { folder: rig::folder(), clock: Arc::new(ManualClock::at_text(START)), world: World::new() }
    }

    fn pipeline(&self, tlogs: &[Value], ctlogs: &[Value], more: &str) -> Pipeline {
        let mut root = self.world.lab().trusted_root();
        (root["tlogs"], root["ctlogs"]) = (tlogs.into(), ctlogs.into());
        std::fs::write(self.folder.path().join("trusted_root.json"), root.to_string()).unwrap();
        std::fs::write(self.folder.path().join("keys.json"), self.world.lab().npm_keys().to_string()).unwrap();
        let settings = CONFIG.replace("trust_root = false", "trust_root = true\ntail = [\"tiles\", \"static-ct\"]");
        let config = config(&format!("{settings}{more}"));
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let files = Files(BTreeMap::from([("ecdsa.example", folder("ecdsa")), ("ct.example", folder("static-ct"))]));
        let parts = Parts {
            store: Arc::new(Store::open(&self.folder.path().join("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = []"),
            http: client_over(&config, Arc::new(files), Arc::clone(&clock)).unwrap(),
            verifier: rig::read_trust(self.folder.path()),
            clock,
            progress: Arc::new(NoProgress),
        };
        assemble(&config, parts).unwrap()
    }
}

fn kinds(pipeline: &Pipeline) -> Vec<(String, LogKind)> {
    pipeline.followed_logs().iter().map(|log| (log.name().to_owned(), log.kind)).collect()
}

/// Reads all logs from their first entries.
async fn read_whole(pipeline: &Pipeline) {
    for (name, poll) in pipeline.poll_logs().await.unwrap() {
        let row = pipeline.store().log(&name).unwrap();
        assert_eq!(poll.troubled, 0, "{name}: {row:?}");
    }
    for log in pipeline.followed_logs() {
        pipeline.start_log_at(&log, log.name(), 0, false).await.unwrap();
        assert_eq!(pipeline.poll_log(&log).await.unwrap().verified, 100, "{}", log.name());
        assert_eq!(pipeline.store().log(log.name()).unwrap().unwrap().quarantined, 0);
    }
    assert_eq!(pipeline.store().alerts(&AlertFilter::default()).unwrap(), []);
}

#[tokio::test]
async fn a_trust_root_need_not_say_what_its_logs_are() {
    let real = Real::new();
    let (ecdsa, ct) = (spki(&folder("ecdsa/logec.pub.pem")), spki(&folder("static-ct/ct.pub.pem")));
    let (tlogs, ctlogs) = ([trusted("https://ecdsa.example", &ecdsa)], [trusted("https://ct.example", &ct)]);
    let pipeline = real.pipeline(&tlogs, &ctlogs, "");
    let expected =
        [("logec.acme.example".to_owned(), LogKind::Tiles), ("ct.acme.example".to_owned(), LogKind::StaticCt)];
    pipeline.poll_logs().await.unwrap();
    assert_eq!(kinds(&pipeline), expected);
    read_whole(&pipeline).await;
    drop(pipeline);
    let pipeline = real.pipeline(&tlogs, &ctlogs, "");
    assert_eq!(kinds(&pipeline), expected, "what a log turned out to be is remembered");
    let names: Vec<_> = pipeline.store().logs().unwrap().into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["ct.acme.example", "logec.acme.example"], "what it was taken for first leaves no trace");
}

#[tokio::test]
async fn the_same_log_twice_is_one_and_one_without_a_url_is_said() {
    let real = Real::new();
    let ecdsa = spki(&folder("ecdsa/logec.pub.pem"));
    let mut old = trusted("https://ecdsa.example", &lab::keys::Key::p256().spki());
    old["publicKey"]["validFor"]["end"] = json!("2025-01-01T00:00:00Z");
    let nowhere = trusted("", &lab::keys::Key::p256().spki());
    let log = trusted("https://ecdsa.example", &ecdsa);
    let pipeline = real.pipeline(&[old, log.clone(), log, nowhere], &[], "");
    pipeline.poll_logs().await.unwrap();
    assert_eq!(pipeline.unreadable_logs().len(), 1);
    read_whole(&pipeline).await;
    assert_eq!(pipeline.followed_logs().len(), 1);
}

#[tokio::test]
async fn a_static_ct_log_that_is_read_as_tiles_is_not_understood_and_not_accused() {
    let real = Real::new();
    let key = folder("static-ct/ct.pub.pem");
    let instance = |kind: &str| {
        format!(
            "\n[[logs.instance]]\nname = \"acme-ct\"\nkind = \"{kind}\"\nurl = \"https://ct.example/\"\n\
             origin = \"ct.acme.example\"\npublic_key = \"{}\"\n",
            key.display()
        )
    };
    let wrong = real.pipeline(&[], &[], &instance("tiles"));
    for _ in 0..30 {
        assert_eq!(wrong.poll_logs().await.unwrap()[0].1.troubled, 1);
        real.clock.advance(std::time::Duration::from_mins(1));
    }
    assert_eq!(wrong.store().alerts(&AlertFilter::default()).unwrap(), []);
    let said = wrong.store().log("ct.acme.example").unwrap().unwrap().last_error.unwrap();
    assert!(said.contains("is a static CT log") && said.contains("\"static-ct\""), "{said}");
    drop(wrong);
    read_whole(&real.pipeline(&[], &[], &instance("static-ct"))).await;
}
