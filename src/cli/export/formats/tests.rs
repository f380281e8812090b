//! Tests of the formats of a blocklist with ordinary and hostile releases.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::*;
use crate::{
    cli::export::entry::Written,
    model::{AlertId, ReleaseId, Severity},
};

const HOSTILE: &str = "fine\u{202e}\r\nevil==1.0 # \" ' ] }\n[bans]\ndeny = []\n\u{1b}[2J \\";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn entry(purl: &str, reason: &str) -> Entry {
    let purl: ReleaseId = purl.parse().unwrap();
    Entry {
        severity: Severity::High,
        alert: AlertId::TEST,
        raised_at: at("2026-06-01T12:00:00Z"),
        reason: reason.to_owned(),
        withdrawn: false,
        last_good: None,
        files: vec![format!("{}-{}.tar.gz", purl.package().name().replace('-', "_"), purl.version())],
        purl,
    }
}

fn list(entries: Vec<Entry>) -> List {
    List {
        made_at: at("2026-06-01T12:00:00Z"),
        valid_until: at("2026-06-08T12:00:00Z"),
        min_severity: Severity::High,
        entries,
    }
}

/// Every format with its name.
fn all(list: &List) -> Vec<(&'static str, Written)> {
    vec![
        ("npm", npm::overrides(list)),
        ("npm-audit", npm::advisories(list)),
        ("pip", pip::constraints(list)),
        ("cargo-deny", cargo_deny::bans(list)),
        ("artifactory", artifactory::pattern(list)),
        ("purl", purl::lines(list)),
    ]
}

#[test]
fn every_format_has_reasons_and_an_end() {
    let good = Some("pkg:npm/axios@1.14.0".parse().unwrap());
    let entries = vec![
        entry("pkg:cargo/serde@1.0.1%2Bbuild.7", "serde 1.0.1 was published by another account"),
        Entry { last_good: good, ..entry("pkg:npm/axios@1.14.1", "axios 1.14.1 lost its provenance") },
        Entry { withdrawn: true, ..entry("pkg:npm/%40acme/widget@2.0.0-rc.1", "by a stranger") },
        Entry { severity: Severity::Critical, ..entry("pkg:pypi/foo-bar@1%212.0", "foo-bar has a new script") },
    ];
    let shown = all(&list(entries)).into_iter().map(|(name, Written { text, left_out })| {
        assert_eq!(left_out, [], "{name}");
        assert!(text.contains("stale after 2026-06-08 12:00 UTC"), "{name}: {text}");
        format!("--- {name}\n{text}")
    });
    insta::assert_snapshot!(shown.collect::<String>());
}

#[test]
fn an_empty_list_is_a_list() {
    for (name, written) in all(&list(Vec::new())) {
        assert_eq!(written.left_out, [], "{name}");
        if ["npm", "npm-audit", "artifactory"].contains(&name) {
            let _: Value = serde_json::from_str(&written.text).unwrap();
        }
    }
}

/// The lines of a list that are not comments.
fn effective(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn a_publishers_text_stays_text_in_every_format() {
    let purls = ["pkg:cargo/a@1.0.0", "pkg:npm/a@1.0.0", "pkg:pypi/a@1.0"];
    let plain = list(purls.map(|purl| entry(purl, "fine")).to_vec());
    let hostile = list(purls.map(|purl| entry(purl, HOSTILE)).to_vec());
    for ((name, plain), (_, hostile)) in all(&plain).into_iter().zip(all(&hostile)) {
        assert_eq!(plain.text.lines().count(), hostile.text.lines().count(), "{name}: {}", hostile.text);
        assert!(hostile.text.lines().all(|line| !line.ends_with('\\')), "{name}: {}", hostile.text);
        assert!(!hostile.text.contains(['\u{1b}', '\u{202e}']), "{name}");
        match name {
            "pip" | "purl" => assert_eq!(effective(&hostile.text), effective(&plain.text), "{name}"),
            "cargo-deny" => {
                let read: toml::Table = toml::from_str(&hostile.text).unwrap();
                let deny = read["bans"]["deny"].as_array().unwrap();
                assert_eq!((deny.len(), deny[0]["crate"].as_str()), (1, Some("a@1.0.0")));
            }
            _ => {
                let read: Value = serde_json::from_str(&hostile.text).unwrap();
                let keys = |text: &str| serde_json::from_str::<Value>(text).unwrap().as_object().unwrap().len();
                assert_eq!(keys(&hostile.text), keys(&plain.text), "{name}: {read}");
            }
        }
    }
}

#[test]
fn a_name_or_version_that_means_something_is_left_out_and_named() {
    let hostile = [
        "pkg:npm/*@1.0.0",
        "pkg:npm/a*b@1.0.0",
        "pkg:npm/it's@1.0.0",
        "pkg:npm/a@1.0.0%20%7C%7C%20%2A",
        "pkg:npm/a@latest",
        "pkg:pypi/a@1.0%0Aevil",
        "pkg:pypi/a@1.0%20%23",
        "pkg:pypi/a@not-a-version",
        "pkg:pypi/a@1.0%3B%20python_version%3E%273%27",
        "pkg:cargo/a@1.0.0%22%20%7D%2C",
        "pkg:cargo/a@%2A",
    ];
    for purl in hostile {
        let entries = vec![entry(purl, "bad")];
        let ecosystem = entries[0].purl.package().ecosystem().to_string();
        let empty = all(&list(Vec::new()));
        for ((name, written), (_, empty)) in all(&list(entries.clone())).into_iter().zip(empty) {
            let concerns = match name {
                "npm" | "npm-audit" => ecosystem == "npm",
                "pip" => ecosystem == "pypi",
                "cargo-deny" => ecosystem == "cargo",
                _ => continue,
            };
            assert_eq!(written.left_out.len(), usize::from(concerns), "{name}: {purl}");
            // The head counts the entries.
            let without_head = |text: &str| text.lines().filter(|line| !line.contains("provwatch: ")).count();
            assert_eq!(without_head(&written.text), without_head(&empty.text), "{name}: {purl}: {}", written.text);
        }
        let lines = purl::lines(&list(entries.clone())).text;
        assert_eq!(effective(&lines), [entries[0].purl.to_string()], "a purl escapes everything");
        let paths = artifactory::pattern(&list(entries)).text;
        let read: Value = serde_json::from_str(&paths).unwrap();
        // The files of a release of PyPI are in folders of any name.
        let pattern = read["excludesPattern"].as_str().unwrap().trim_start_matches("**/");
        assert!(!pattern.contains(['*', '?']), "{purl}: {paths}");
    }
}

#[test]
fn artifactory_gets_each_file_of_a_python_release_and_none_that_is_a_pattern() {
    let mut wheel = entry("pkg:pypi/foo-bar@1.0", "bad");
    wheel.files.push("foo_bar-1.0-py3-none-any.whl".to_owned());
    let pattern = |entry: Entry| {
        let written = artifactory::pattern(&list(vec![entry]));
        let read: Value = serde_json::from_str(&written.text).unwrap();
        (read["excludesPattern"].as_str().unwrap().to_owned(), written.left_out.len())
    };
    let expected = "**/foo_bar-1.0.tar.gz,**/foo_bar-1.0-py3-none-any.whl";
    assert_eq!(pattern(wheel.clone()), (expected.to_owned(), 0));
    for files in [vec![], vec!["*.whl"], vec!["a,b"], vec!["../.."], vec!["a b"], vec![""]] {
        let files: Vec<String> = files.into_iter().map(str::to_owned).collect();
        assert_eq!(pattern(Entry { files, ..wheel.clone() }), (String::new(), 1));
    }
    let scoped = pattern(entry("pkg:npm/%40acme/widget@2.0.0", "bad")).0;
    assert_eq!(scoped, "@acme/widget/-/widget-2.0.0.tgz,@acme/widget/-/@acme/widget-2.0.0.tgz");
}
