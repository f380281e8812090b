//! Tests that the stable JSON forms, `schema/*.schema.json`, equal their types. `UPDATE_DOCS=1` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use provwatch::{cli, model::Observation};
use serde_json::{Value, json};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema")
}

fn check(name: &str, expected: &str) {
    let path = folder().join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == expected, "{name} is not what the types say; run UPDATE_DOCS=1 cargo test --test it schemas::");
}

#[test]
fn the_schemas_are_what_the_types_say() {
    for form in cli::forms() {
        let schema = serde_json::to_string_pretty(&form.schema).unwrap() + "\n";
        check(&format!("{}.schema.json", form.name), &schema);
    }
    check("README.md", &index());
}

/// `schema/README.md`: which form is whose.
fn index() -> String {
    let mut text = "# JSON forms\n\nEvery object that a command prints with `--format json` names its form: `\"form\": \"lookup/1\"`. \
                    A form only gets new keys; any other change\ngives it another number. Each schema describes its form \
                    exactly. A consumer should ignore unknown keys.\n\n| form | schema | where |\n|---|---|---|\n"
        .to_owned();
    for cli::Described { name, number, of, .. } in cli::forms() {
        writeln!(text, "| `{name}/{number}` | [{name}.schema.json]({name}.schema.json) | {of} |").unwrap();
    }
    text
}

#[test]
fn every_schema_has_a_form_of_its_own_and_an_identifier() {
    let forms = cli::forms();
    let names: BTreeSet<String> = forms.iter().map(|form| format!("{}.schema.json", form.name)).collect();
    assert_eq!(names.len(), forms.len(), "no name is used twice");
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.filter(|name| name.ends_with(".schema.json")).collect();
    assert_eq!(files, names, "no schema is left over");
    let identifiers: BTreeSet<&str> = forms.iter().map(|form| form.schema["$id"].as_str().unwrap()).collect();
    assert_eq!(identifiers.len(), forms.len());
    for form in &forms {
        let identifier = form.schema["$id"].as_str().unwrap();
        assert_eq!(identifier, format!("{}/schema/{}/{}", env!("CARGO_PKG_REPOSITORY"), form.name, form.number));
    }
}

/// The example of the contract, with every key that it names.
fn contract() -> Value {
    json!({
        "purl": "pkg:npm/axios@1.14.1",
        "published_at": "2026-03-31T00:21:00Z",
        "publisher": {"name": "jasonsaayman", "email": "j@example.org"},
        "auth": {"method": "trusted_publisher", "provider": "github", "config_id": "oidc:1",
                 "approved_by": {"name": "a", "email": "a@example.org"}},
        "attestation": {
            "status": "verified", "issuer": "https://token.actions.githubusercontent.com", "subject": "https://x",
            "signed_at": "2026-03-31T00:20:00Z",
            "claims": {"source_repository_uri": "https://github.com/axios/axios", "source_repository_identifier": "1"},
            "log": {"origin": "rekor.sigstore.dev - 1", "index": 153_589_716},
        },
        "manifest": {"repository": "https://github.com/axios/axios", "git_head": "a", "install_scripts": ["postinstall"],
                     "dependencies": {"name": "range"}, "optional_dependencies": {}},
        "facts": {
            "repository": {"identifier": "1", "created_at": "2014-08-18T22:30:27Z", "fork": false, "fork_of": "x/y",
                           "formerly": "owner/name", "default_branch": "main", "visibility": "public"},
            "owner": {"identifier": "1", "created_at": "2014-08-18T22:30:27Z"},
            "publisher_account": {"created_at": "2014-08-18T22:30:27Z", "maintainer_since": "2014-08-18T22:30:27Z"},
            "commit": {"on_default_branch": true, "verified": true},
            "tag": {"name": "v1.2.3", "exists": true},
            "release": {"exists": true},
            "run": {"conclusion": "success", "event": "push", "attempt": 1, "created_at": "2014-08-18T22:30:27Z"},
            "dependencies_first_published": {"name": "2014-08-18T22:30:27Z"},
        },
    })
}

#[test]
fn the_contract_s_observation_survives_a_round_trip() {
    let observation: Observation = serde_json::from_value(contract()).unwrap();
    assert_eq!(serde_json::to_value(&observation).unwrap(), contract());
}

#[test]
fn only_four_keys_are_required() {
    let least = json!({
        "purl": "pkg:npm/axios@1.14.1", "published_at": "2026-03-31T00:21:00Z",
        "auth": {"method": "unknown"}, "attestation": {"status": "absent"},
    });
    assert!(serde_json::from_value::<Observation>(least.clone()).is_ok());
    for key in ["purl", "published_at", "auth", "attestation"] {
        let mut without = least.clone();
        without.as_object_mut().unwrap().remove(key);
        assert!(serde_json::from_value::<Observation>(without).is_err(), "{key}");
    }
}

#[test]
fn verified_needs_an_issuer_and_unknown_keys_are_refused() {
    for (pointer, value) in [
        ("/attestation", json!({"status": "verified"})),
        ("/attestation", json!({"status": "verified", "issuer": "x", "claims": {"sorce_repository_uri": "typo"}})),
        ("/auth", json!({"method": "token", "mehtod": 1})),
        ("/facts", json!({"repositroy": {}})),
        ("/purl", json!("axios@1.14.1")),
        ("/published_at", json!("yesterday")),
    ] {
        let mut document = contract();
        *document.pointer_mut(pointer).unwrap() = value.clone();
        assert!(serde_json::from_value::<Observation>(document).is_err(), "{pointer} {value}");
    }
}
