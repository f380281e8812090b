//! Tests of single log entries on the command line: found and proven, listed where they matched, unreadable or
//! compressed.

use provwatch::http::Response;

use super::{Home, lines};
use crate::lab::{
    ledger::{Api, Hosts, Misbehaviour, body},
    server::{Respond, serve},
};

#[test]
fn single_entries_are_found_and_proven() {
    let home = Home::new(Api::RekorV1);
    home.ledger.grow(20);
    home.ledger.rotate();
    home.ledger.grow(3);
    let index = home.sign("release.yml") + 20;
    home.ledger.publish();
    let find = ["logs", "find", "--log", "log.example", "--index", &index.to_string()];
    let shown = home.provwatch(&find);
    assert!(shown.out.starts_with(&format!("entry {index}\n")) && shown.out.contains("acme/tool"), "{}", shown.out);
    let found = home.provwatch(&[find.as_slice(), &["--format", "json"]].concat());
    assert_eq!(found.code, 0, "{}", found.err);
    let [entry] = lines(&found.out).try_into().unwrap();
    assert_eq!((&entry["kind"], &entry["index"]), (&"hashedrekord".into(), &index.into()));
    assert!(entry["signers"][0]["subject"].as_str().unwrap().contains("acme/tool"));
    assert_eq!(home.provwatch(&["logs", "find", "--log", "log.example", "--index", "24"]).code, 1);

    let searched = home.provwatch(&["logs", "find", "--log", "log.example", "--hash", "sha256:00"]);
    assert_eq!(searched.code, 4, "a search index is never complete");
    assert_eq!(searched.out, "", "the index names everything; nothing of it is what was asked for");
    let hash = format!("sha256:{}", "07".repeat(32));
    let searched = home.provwatch(&["logs", "find", "--log", "log.example", "--hash", &hash, "--format", "json"]);
    assert_eq!(lines(&searched.out).len(), 1);
    assert!(searched.err.contains("may be incomplete"));

    home.ledger.misbehave(Misbehaviour::BadProofs);
    for by in [["--index", "5"], ["--hash", "sha256:00"]] {
        let lie = home.provwatch(&[["logs", "find", "--log", "log.example"].as_slice(), &by].concat());
        assert_eq!((lie.code, lie.out.as_str()), (1, ""), "what is not proven is not shown");
    }
    assert_eq!(home.provwatch(&["logs", "find", "--log", "log.example"]).code, 2);
}

#[test]
fn stored_entries_are_looked_up_by_signer_digest_leaf_and_place() {
    for api in [Api::Tiles, Api::RekorV1] {
        let home = Home::new(api);
        home.ledger.grow(3);
        assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
        let index = home.sign("release.yml");
        home.sign("other.yml");
        home.ledger.publish();
        assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
        let entries = |terms: &[&str]| {
            let said = home.provwatch(&[&["lookup", "--format", "json"], terms].concat());
            let all = lines(&said.out);
            let found = all.iter().filter(|line| line["form"] == "lookup-log-entry/1");
            let mut found: Vec<(u64, String)> = found
                .map(|line| (line["index"].as_u64().unwrap(), line["leaf"].as_str().unwrap().to_owned()))
                .collect();
            found.sort();
            (said.code, found)
        };
        let both = entries(&["acme/tool"]).1;
        assert_eq!((both.len(), both[0].0), (2, index as u64), "{api:?}: {both:?}");
        let (leaf, place) = (both[0].1.clone(), format!("log.example:{index}"));
        for (terms, code, count) in [
            (&["owner:acme"][..], 0, 2),
            (&["workflow:release.yml"], 0, 1),
            (&["identity:https://github.com/acme/*@refs/heads/*"], 0, 2),
            (&["identity:https://github.com/acme/*@refs/tags/*"], 4, 0),
            (&["https://github.com/acme/tool/.github/workflows/release.yml"], 0, 1),
            (&["https://github.com/acme/tool/.github/workflows/release.yml@refs/heads/main"], 0, 1),
            (&["acme/tool", "branch:main"], 0, 2),
            (&["acme/tool", "branch:evil"], 4, 0),
            (&["acme/tool", "--since", "2026-06-02"], 4, 0),
            (&["acme/tool", "--until", "2026-06-02"], 0, 2),
            (&[&leaf], 0, 1),
            (&[&format!("leaf:{leaf}")], 0, 1),
            (&[&place], 0, 1),
            (&[&format!("log:{place}")], 0, 1),
            (&["log.example:9999"], 4, 0),
            (&[&"07".repeat(32)], 0, 2),
            (&["https://token.actions.githubusercontent.com"], 0, 2),
            (&["publisher:ada", "acme/tool"], 4, 0),
        ] {
            let (seen, found) = entries(terms);
            assert_eq!((seen, found.len()), (code, count), "{api:?} {terms:?}");
        }
        let said = home.provwatch(&["lookup", &place]);
        assert!(said.out.contains("no known release") && said.out.contains("log.example"), "{}", said.out);
        assert!(said.out.contains("(entries 3 to "), "{}", said.out);
    }
}

#[test]
fn entries_that_are_not_understood_are_shown() {
    let home = Home::new(Api::Tiles);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    (0..3).for_each(|number| {
        home.ledger.append([&[1], [number; 64].as_slice()].concat());
    });
    home.ledger.publish();
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let status = home.provwatch(&["logs", "status"]).out;
    assert!(status.contains("3 entries: hashed and proven") && status.contains("leaf version 1"), "{status}");
    assert_eq!(lines(&home.provwatch(&["logs", "status", "--format", "json"]).out)[0]["not_understood"], 3);
    let limited = |home: &Home| {
        let report = lines(&home.provwatch(&["status", "--format", "json"]).out).remove(0);
        let findings = report["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|finding| finding["id"] == "log-not-understood")
    };
    let said = limited(&home).expect("nothing of it is understood");
    assert_eq!((said["level"].as_str(), said["subject"].as_str()), (Some("limited"), Some("log.example")), "{said}");
    home.ledger.grow(1);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    assert_eq!(limited(&home), None, "some of it is");
}

/// What answers with `Content-Encoding: gzip` wherever a tile is asked for, as static hosts do.
#[derive(Clone)]
struct Gzipped(Hosts);

impl Respond for Gzipped {
    fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        let answer = self.0.respond(host, path, headers, body)?;
        if answer.status != 200 || !path.contains("/tile/") {
            return Some(answer);
        }
        assert!(headers.iter().any(|(name, value)| name == "accept-encoding" && value.contains("gzip")), "{headers:?}");
        let headers = vec![("content-encoding".to_owned(), "gzip".to_owned())];
        Some(Response { headers, body: gzip(&answer.body).into(), ..answer })
    }
}

/// A gzip stream of stored blocks (RFC 1951, 3.2.4; RFC 1952).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for block in bytes.chunks(0xffff) {
        let length = u16::try_from(block.len()).unwrap();
        stream.extend([&[0], length.to_le_bytes().as_slice(), &(!length).to_le_bytes(), block].concat());
    }
    let fold =
        |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0xedb8_8320));
    let crc = !bytes.iter().fold(!0, fold);
    let size = u32::try_from(bytes.len()).unwrap();
    stream.extend([&[1, 0, 0, 0xff, 0xff], crc.to_le_bytes().as_slice(), &size.to_le_bytes()].concat());
    stream
}

#[test]
fn tiles_may_come_compressed() {
    for api in [Api::Tiles, Api::StaticCt] {
        let home = Home::over(api, |hosts| serve(Gzipped(hosts)));
        (0..600).for_each(|number| {
            home.ledger.append(body(api, number));
        });
        home.ledger.publish();
        let scan = home.provwatch(&["logs", "scan", "--log", "log.example", "--from", "0", "--issuer", "x"]);
        assert_eq!(scan.code, 0, "{api:?}: {}", scan.err);
        assert!(scan.err.contains("all hash to the root that the log signed for 600"), "{}", scan.err);
    }
}

#[test]
fn what_matched_is_listed_told_and_scanned_for_by_claim() {
    let home = Home::new(Api::Tiles);
    home.ledger.grow(20);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let index = home.sign("release.yml");
    home.ledger.publish();
    let once = home.provwatch(&["run", "--once"]);
    assert!(once.out.contains("match acme: new signer"), "{}{}", once.out, once.err);
    let listed = home.command(&["logs", "matches"]).env("COLUMNS", "80").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("acme") && listed.contains("log.example"), "{listed}");
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    let json = lines(&home.provwatch(&["logs", "matches", "--match", "acme", "--format", "json"]).out);
    assert_eq!((json.len(), &json[0]["index"], &json[0]["matches"][0]), (1, &index.into(), &"acme".into()));
    serde_json::from_value::<provwatch::model::MatchedEntry>(json[0].clone()).unwrap();
    let nobody = home.provwatch(&["logs", "matches", "--match", "acmé"]);
    assert!(nobody.code == 2 && nobody.err.contains("known: \"acme\""), "{}", nobody.err);
    let alerts = lines(&home.provwatch(&["alerts", "list", "--min-severity", "info", "--format", "json"]).out);
    assert_eq!((alerts.len(), &alerts[0]["match"], &alerts[0]["entries"]["count"]), (1, &"acme".into(), &1.into()));
    let shown = home.provwatch(&["alerts", "show", alerts[0]["id"].as_str().unwrap()]);
    let listing = "provwatch --config provwatch.toml logs matches --match acme";
    assert!(shown.out.contains("1 entry of a log") && shown.out.contains(listing), "{}", shown.out);
    // The same by a claim.
    let scan = |claims: &[&str]| {
        let claims = claims.iter().flat_map(|claim| ["--claim", claim]);
        home.provwatch(
            &["logs", "scan", "--log", "log.example", "--from", "0"].into_iter().chain(claims).collect::<Vec<_>>(),
        )
    };
    let owner = "source_repository_owner_uri=https://github\\.com/acme";
    assert_eq!(lines(&scan(&[owner]).out).len(), 1, "{}", scan(&[owner]).err);
    assert_eq!(lines(&scan(&[owner, "build_trigger=schedule"]).out).len(), 0);
    for (claim, said) in [
        ("build_triger=push", "did you mean \"build_trigger\"?; the claims are build_signer_uri, "),
        ("build_trigger=(", "build_trigger: the regular expression cannot be used"),
        ("push", "expected NAME=REGEX"),
    ] {
        let refused = scan(&[claim]);
        assert!(refused.code == 2 && refused.err.contains(said), "{claim}: {}", refused.err);
    }
    for (from, to, said) in [
        (".com/acme/.*", ".com/(acme/.*", "the pattern \"acme\" ([[logs.match]])"),
        (
            "name = \"acme\"",
            "name = \"acme\"\nreport = \"often\"",
            "found \"often\", expected one of \"new\", \"all\", \"never\"",
        ),
    ] {
        home.configure(|config| config.replace(from, to));
        let refused = home.provwatch(&["run", "--once"]);
        assert!(refused.code == 2 && refused.err.contains(said), "{to}: {}", refused.err);
        home.configure(|config| config.replace(to, from));
    }
}
