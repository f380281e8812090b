//! Tests of the keys that logs are read with: from files, from trust roots, and in evidence that a third party
//! verifies.

use std::process::Command;

use provwatch::http::Response;
use serde_json::Value;

use super::{CONFIG, Home, lines};
use crate::lab::{
    World,
    ledger::{Api, Hosts, Ledger, Misbehaviour},
    rig::folder,
    server::{Respond, serve},
    trusting::{key_id, ledger_at},
    tuf::Tuf,
};

#[test]
fn a_key_that_cannot_be_used_is_named_with_its_file() {
    let home = Home::new(Api::Tiles);
    let large = "x".repeat(70_000);
    for (content, why) in [("no key", "PEM"), (large.as_str(), "larger than 64 KiB"), ("", "PEM")] {
        std::fs::write(home.folder.path().join("log.pem"), content).unwrap();
        let said = home.provwatch(&["logs", "list"]);
        assert_eq!(said.code, 2, "{}", said.err);
        let file = "the log \"log.example\" ([[logs.instance]]), whose public key is in log.pem\n";
        assert!(said.err.contains(file) && said.err.contains(why), "{}", said.err);
    }
}

#[test]
fn a_third_party_verifies_the_accusation_from_the_document_alone() {
    let home = Home::new(Api::Tiles);
    home.ledger.grow(100);
    home.provwatch(&["run", "--once"]);
    home.ledger.grow(50);
    home.ledger.misbehave(Misbehaviour::Fork(40));
    let once = home.provwatch(&["run", "--once"]);
    assert_eq!(once.code, 3, "{}", once.out);
    assert_eq!(home.provwatch(&["alerts", "list"]).code, 3);
    let status = home.provwatch(&["logs", "status"]);
    assert_eq!(status.code, 3);
    assert!(status.out.contains("fork"), "{}", status.out);
    let doctor = home.provwatch(&["doctor"]).out;
    assert!(doctor.contains("open alerts") && doctor.contains("all entries are to be read"), "{doctor}");
    assert_eq!(doctor.matches("but not sent").count(), 1, "that there are no receivers is said once: {doctor}");
    let listed = lines(&home.provwatch(&["logs", "evidence", "--format", "json"]).out);
    let id = listed[0]["id"].as_str().unwrap();
    let alerts = lines(&home.provwatch(&["alerts", "list", "--format", "json"]).out);
    let shown = home.provwatch(&["alerts", "show", alerts[0]["id"].as_str().unwrap()]).out;
    assert!(shown.contains(&format!("provwatch --config provwatch.toml logs evidence {id}")), "{shown}");
    assert_eq!(home.provwatch(&["logs", "evidence", &id[..6], "--output", "fork.json"]).code, 0);
    let alerts = lines(&home.provwatch(&["alerts", "list", "--format", "json"]).out);
    let alert = alerts.iter().find(|alert| alert["evidence"] == listed[0]["id"]).unwrap()["id"].as_str().unwrap();
    let of_alert = home.provwatch(&["logs", "evidence", &alert[..8]]);
    assert_eq!(of_alert.code, 0, "the alert's id names it too: {}", of_alert.err);
    let shown = home.provwatch(&["alerts", "show", alert]).out;
    assert!(shown.contains(&format!("logs evidence {id} --output fork.json")), "{shown}");

    let third = home.provwatch(&["logs", "verify", "fork.json"]);
    assert_eq!(third.code, 0, "{}{}", third.out, third.err);
    assert!(third.out.contains("proven"), "{}", third.out);

    let path = home.folder.path().join("fork.json");
    let document = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, document.replace("\"leaf\": \"", "\"leaf\": \"0")).unwrap();
    assert_ne!(home.provwatch(&["logs", "verify", "fork.json"]).code, 0, "a changed document proves nothing");
    for (text, code) in [("{}", 2), ("nonsense", 2), (&document.replace("\"version\": 1", "\"version\": 9"), 2)] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(home.provwatch(&["logs", "verify", "fork.json"]).code, code, "{text:.40}");
    }
    std::fs::write(&path, document).unwrap();
    let stranger = home.folder.path().join("elsewhere.toml");
    std::fs::write(stranger, "[trust]\nsource = \"embedded\"\n").unwrap();
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_provwatch"))
        .args(["--config", "elsewhere.toml", "logs", "verify", "fork.json"])
        .current_dir(home.folder.path())
        .output()
        .unwrap();
    assert_eq!(elsewhere.status.code(), Some(4), "who does not know the key is told so");
}

#[test]
fn what_a_trust_root_leaves_open_is_found_out_or_said() {
    let home = Home::new(Api::Tiles);
    home.ledger.grow(20);
    let nowhere = Ledger::new("nowhere.example", Api::Tiles);
    let mut root = home.world.lab().trusted_root();
    let base = home.server.base("log.example");
    let since = "2020-01-01T00:00:00Z";
    root["tlogs"] = serde_json::json!([ledger_at(&home.ledger, &base, since), ledger_at(&nowhere, "", since)]);
    root["ctlogs"] = serde_json::json!([]);
    std::fs::write(home.folder.path().join("root.json"), root.to_string()).unwrap();
    let config = CONFIG.replace("trust_root = false", "trust_root = true");
    std::fs::write(home.folder.path().join("provwatch.toml"), config).unwrap();
    let key = key_id(&nowhere.spki());

    let listed = home.provwatch(&["logs", "list"]).out;
    assert!(listed.contains("tiles, not asked yet") && listed.contains(&key), "{listed}");
    let checks = lines(&home.provwatch(&["doctor", "--format", "json"]).out);
    let of = |name: &str| checks.iter().find(|check| check["name"].as_str().unwrap().contains(name)).unwrap().clone();
    assert!(of("log.example")["detail"].as_str().unwrap().starts_with("answers as tiles, signed 20"), "{checks:?}");
    let open = of(&key);
    assert_eq!(open["state"], "limited", "{open}");
    assert!(open["next"].as_str().unwrap().contains("[logs] urls"), "{open}");

    let scan = ["logs", "scan", "--log", "log.example", "--from", "0", "--issuer", "x"];
    assert_eq!(home.provwatch(&scan).code, 0, "a log may be named as it names itself before it was ever read");
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let status = home.provwatch(&["logs", "status"]);
    assert!(status.out.contains(&key) && status.out.contains("does not say where"), "{}", status.out);
    assert!(status.out.contains("logs start --log log.example --from-index 0"), "a gap is asked for: {}", status.out);
    assert_eq!(status.code, 0, "that limits provwatch, and is no trouble");
    let json = lines(&home.provwatch(&["logs", "status", "--format", "json"]).out);
    assert_eq!(json.last().unwrap()["not_followed"]["key_id"], key.as_str());
    let report = lines(&home.provwatch(&["status", "--format", "json"]).out).remove(0);
    let limited: Vec<_> = report["limited"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(limited.iter().any(|sentence| sentence.contains(&key[..16])), "{limited:?}");
}

/// Logs, and the repository of the trust root that names one of them.
#[derive(Clone)]
struct WithTuf(Hosts, Tuf);

impl Respond for WithTuf {
    fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        if host == "tuf" {
            self.1.respond(host, path, headers, body)
        } else {
            self.0.respond(host, path, headers, body)
        }
    }
}

#[test]
fn a_trust_root_that_nobody_has_read_yet_is_read_for_a_look() {
    let (world, ledger) = (World::new(), Ledger::new("log.example", Api::Tiles));
    let tuf = Tuf::of(world.lab());
    let hosts = Hosts { ledgers: vec![ledger.clone()], world: world.clone() };
    let server = serve(WithTuf(hosts, tuf.clone()));
    let home = Home { folder: folder(), ledger, world, server };
    home.ledger.grow(20);
    let signed = home.sign("release.yml");
    home.ledger.publish();
    let write = |name: &str, text: &[u8]| std::fs::write(home.folder.path().join(name), text).unwrap();
    write("1.root.json", &tuf.first_root());
    write("watchlist.toml", b"packages = []");
    let (base, repository) = (home.server.base("log.example"), home.server.base("tuf"));
    let mut root = home.world.lab().trusted_root();
    root["tlogs"] = serde_json::json!([ledger_at(&home.ledger, &base, "2020-01-01T00:00:00Z")]);
    root["ctlogs"] = serde_json::json!([]);
    tuf.publish(root);
    let trust = format!("source = \"tuf\"\ntuf_url = \"{repository}\"\ntuf_root = \"1.root.json\"\ncache = \"tuf\"");
    let config = CONFIG.replace("source = \"file\"\ntrusted_root = \"root.json\"", &trust);
    write("provwatch.toml", config.replace("trust_root = false", "trust_root = true").as_bytes());

    let listed = home.provwatch(&["logs", "list"]);
    assert!(listed.code == 0 && listed.out.contains("was not read yet"), "{listed}");
    let scan = ["logs", "scan", "--log", "log.example", "--from", "0", "--match", "https://github\\.com/acme/.*"];
    tuf.answer("timestamp.json", 503);
    let said = home.provwatch(&scan);
    assert!(said.code == 1 && said.err.contains("cannot be read now"), "{said}");
    assert!(said.err.contains("503") && said.err.contains("[trust] tuf_url"), "the cause, and what to do: {said}");
    tuf.recover();
    let said = home.provwatch(&scan);
    assert_eq!(said.code, 0, "{said}");
    let matches = lines(&said.out);
    assert_eq!((matches.len(), &matches[0]["index"]), (1, &Value::from(signed)), "{said}");
    assert_eq!(matches[0]["issued_by_trusted_authority"], true, "{said}");
    let found = home.provwatch(&["logs", "find", "--log", "log.example", "--index", &signed.to_string()]);
    assert!(found.code == 0 && found.out.contains("acme/tool"), "{found}");
    assert!(home.provwatch(&["logs", "list"]).out.contains("log.example"), "what was read is kept");
}
