//! Tests of the seeds of the fuzz targets. Every target has seeds, those of attestations hold under the trust root
//! beside them, and `UPDATE_SEEDS=1 cargo test --test it fuzz_seeds::` mints and writes them anew.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::{
    fs,
    path::{Path, PathBuf},
};

use lab::{
    Authority, World,
    archive::{Tar, below, wheel},
    git::LabRepository,
    keys::{sha256, sha512},
    ledger::{ct_leaf, filler, hashedrekord},
    rig::*,
};
use provwatch::{
    attest::{self, TrustMaterial, Verifier},
    model::{Digests, Provenance},
};
use serde_json::{Value, json};

/// Larger seeds make a fuzzer slow.
const LARGEST: u64 = 64 * 1024;

fn fuzz(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(path)
}

fn write(path: &str, bytes: impl AsRef<[u8]>) {
    let path = fuzz(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The targets, by the table of the program.
fn targets() -> Vec<String> {
    let main = fs::read_to_string(fuzz("src/main.rs")).unwrap();
    let names = main.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next());
    names.map(str::to_owned).collect()
}

#[test]
fn every_target_has_seeds() {
    if std::env::var_os("UPDATE_SEEDS").is_some() {
        update();
    }
    let targets = targets();
    assert!(targets.len() >= 20, "{targets:?}");
    for target in &targets {
        let seeds: Vec<_> = fs::read_dir(fuzz(&format!("seeds/{target}"))).unwrap().map(Result::unwrap).collect();
        assert!(!seeds.is_empty(), "{target} starts from nothing");
        for seed in seeds {
            assert!(seed.metadata().unwrap().len() <= LARGEST, "{} is large", seed.path().display());
        }
    }
    for folder in fs::read_dir(fuzz("seeds")).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(targets.contains(&name), "seeds for {name}, which is not a target");
    }
    attestations_hold();
}

fn attestations_hold() {
    let keys = fuzz("trust/keys.json");
    let verifier = Verifier::new(&TrustMaterial::from_files(&fuzz("seeds/trust_root/lab"), Some(&keys)).unwrap());
    let text = |path: &str| fs::read_to_string(fuzz(path)).unwrap();
    let npm = Digests { sha512: Some(text("trust/npm.sha512")), ..Digests::default() };
    let pypi = Digests { sha256: Some(text("trust/pypi.sha256")), ..Digests::default() };
    let seed = |path: &str| fs::read(fuzz(path)).unwrap();
    let npm = verifier.npm(&seed("seeds/npm_attestations/widget"), "pkg:npm/widget@1.0.0", &npm);
    let pypi = verifier.pypi(&seed("seeds/pypi_provenance/widget"), "widget-1.0.0.tar.gz", &pypi);
    for provenance in [npm, pypi] {
        assert!(matches!(provenance, Provenance::Verified(_)), "{provenance:?}");
    }
    for (name, count) in [("npm", 2), ("pypi", 1), ("lines", 2)] {
        let found = attest::attestations(&seed(&format!("seeds/attestation_files/{name}"))).unwrap();
        assert_eq!(found.iter().filter(|one| one.verify(&verifier, None).is_ok()).count(), count, "{name}");
    }
}

/// Writes all seeds.
fn update() {
    let _ = fs::remove_dir_all(fuzz("seeds"));
    let world = World::new();
    publish(&world);
    archives();
    registries(&world);
    attestations(&world);
    forges();
    git();
    files();
    logs();
}

fn publish(world: &World) {
    let attested = by_workflow(&workflow("widget"));
    let mut strange = by_mallory().install_script("node steal.js");
    strange.dependencies = vec![("left-pad".to_owned(), "^1.0.0".to_owned())];
    for (version, publication) in [("1.0.0", &attested), ("1.1.0", &by_ada()), ("2.0.0-beta.1", &strange)] {
        world.publish_npm("widget", version, publication);
        world.publish_pypi("widget", version, publication);
        world.publish_crate("widget", version, publication);
    }
    world.publish_npm("gadget", "1.0.0", &attested);
    world.pypi_role("widget", "add Owner mallory", START);
}

fn archives() {
    let hook = r#"{"scripts":{"postinstall":"node setup.js"}}"#;
    let tar = Tar::new().file("package/package.json", hook).pax(&[("path", "package/setup.js")]).file("x", "a\n");
    write("seeds/archive/tarball", tar.symlink("package/link", "setup.js").gz());
    write("seeds/archive/wheel", wheel("a", "1.0", &[("a.pth", "import a\n"), ("a/__init__.py", "")]));
    write("seeds/archive/crate", below("a-1.0.0", &[("Cargo.toml", "[lib]\nproc-macro = true\n"), ("build.rs", "")]));
}

fn registries(world: &World) {
    let ask = |host: &str, path: &str, body: &str| {
        let answer = world.respond(host, path, &[], body.as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{host}{path}");
        answer.body
    };
    let calls = [
        ("rows", "<methodName>changelog_since_serial</methodName><int>0</int>"),
        ("serial", "<methodName>changelog_last_serial</methodName>"),
    ];
    for (name, call) in calls {
        write(&format!("seeds/pypi_changelog/{name}"), ask("pypi.example", "/pypi", call));
    }
    for (target, host, path) in [
        ("npm_packument/widget", "npm.example", "/widget"),
        ("npm_changes/rows", "replicate.example", "/registry/_changes?since=0"),
        ("npm_changes/tip", "replicate.example", "/registry/"),
        ("pypi_simple/widget", "pypi.example", "/simple/widget/"),
        ("pypi_project/widget", "pypi.example", "/pypi/widget/json"),
        ("crates_updates/items", "static.example", "/rss/updates.xml"),
        ("crates_index/widget", "index.example", "/wi/dg/widget"),
        ("crates_versions/widget", "crates.example", "/api/v1/crates/widget/versions"),
        ("crates_owners/widget", "crates.example", "/api/v1/crates/widget/owners"),
    ] {
        write(&format!("seeds/{target}"), ask(host, path, ""));
    }
}

fn attestations(world: &World) {
    let (lab, at) = (world.lab(), START.parse().unwrap());
    let npm = hex::encode(sha512(b"widget@1.0.0"));
    let pypi = hex::encode(sha256(b"widget-1.0.0.tar.gz"));
    let signed = workflow("widget");
    let document = lab.npm_attestations("pkg:npm/widget@1.0.0", &npm, &signed, at, None);
    write("seeds/npm_attestations/widget", document.to_string());
    let object = lab.pypi_provenance("widget-1.0.0.tar.gz", &pypi, &signed, at, None);
    write("seeds/pypi_provenance/widget", object.to_string());
    let bundles = document["attestations"].as_array().unwrap().iter().map(|item| format!("{}\n", item["bundle"]));
    write("seeds/attestation_files/npm", document.to_string());
    write("seeds/attestation_files/pypi", object.to_string());
    write("seeds/attestation_files/lines", bundles.collect::<String>());
    write("seeds/trust_root/lab", lab.trusted_root().to_string());
    write("trust/keys.json", lab.npm_keys().to_string());
    write("trust/npm.sha512", npm);
    write("trust/pypi.sha256", pypi);
    let signed = |signed: Value| json!({"signatures": [{"keyid": "aa", "sig": "3045"}], "signed": signed}).to_string();
    let common =
        |kind: &str| json!({"_type": kind, "spec_version": "1.0", "version": 17, "expires": "2027-01-01T00:00:00Z"});
    let with = |kind: &str, key: &str, value: Value| {
        let mut all = common(kind);
        all[key] = value;
        signed(all)
    };
    let meta = json!({"snapshot.json": {"version": 17, "length": 10, "hashes": {"sha256": "00"}}});
    write("seeds/tuf/timestamp", with("timestamp", "meta", meta));
    write(
        "seeds/tuf/targets",
        with("targets", "targets", json!({"trusted_root.json": {"length": 1, "hashes": {"sha256": "00"}}})),
    );
    write("seeds/tuf/root", fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/attest/tuf-root.json")).unwrap());
}

/// One object answers every question that an object answers.
fn forges() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let github = json!({
        "id": 1, "full_name": "acme/widget", "fork": false, "private": false, "archived": false,
        "created_at": "2016-01-01T00:00:00Z", "pushed_at": START, "default_branch": "main", "visibility": "public",
        "owner": {"id": 2, "login": "acme", "type": "Organization"}, "login": "acme", "type": "Organization",
        "sha": commit, "verification": {"verified": true, "reason": "valid", "verified_at": START},
        "author": {"name": "ada", "email": "ada@example.org", "date": START},
        "committer": {"name": "ada", "email": "ada@example.org", "date": START},
        "status": "behind", "ahead_by": 0, "behind_by": 3, "object": {"type": "commit", "sha": commit},
        "ref": "refs/tags/v1.0.0", "tag_name": "v1.0.0", "published_at": START, "draft": false,
        "conclusion": "success", "event": "push", "run_attempt": 1, "run_started_at": START, "path": ".github/workflows/release.yml",
        "actor": {"login": "ada", "id": 3}, "triggering_actor": {"login": "ada", "id": 3}, "head_sha": commit,
        "total_count": 1, "workflow_runs": [{"id": 1001, "conclusion": "failure", "created_at": START}],
    });
    write("seeds/github/object", github.to_string());
    write(
        "seeds/github/branches",
        json!([{"name": "main", "protected": true}, {"name": "v1", "protected": true}]).to_string(),
    );
    let gitlab = json!({
        "id": 1, "path_with_namespace": "acme/widget", "visibility": "public", "default_branch": "main",
        "created_at": "2016-01-01T00:00:00Z", "namespace": {"id": 2, "kind": "group", "full_path": "acme"},
        "forked_from_project": null, "archived": false, "verification_status": "verified", "signature_type": "PGP",
        "name": "v1.0.0", "tag_name": "v1.0.0", "target": commit, "released_at": START, "commit": {"id": commit},
        "status": "success", "started_at": START, "user": {"id": 3, "username": "ada"}, "app": {"id": 4, "source": "push", "sha": commit},
    });
    write("seeds/gitlab/object", gitlab.to_string());
    write("seeds/gitlab/branches", json!([{"name": "main", "protected": true, "type": "branch"}]).to_string());
}

fn git() {
    let [commit, object] = ["0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef"];
    let listing = |widen: &dyn Fn(&str) -> String| {
        let (commit, object) = (widen(commit), widen(object));
        let mut repository = LabRepository::new(&commit);
        repository.branch("next", &commit).tag("v1.0.0", &commit).annotated("v1.1.0", &object, &commit);
        repository.answer(&["peel".to_owned(), "symrefs".to_owned()])
    };
    write("seeds/git_references/listing", listing(&str::to_owned));
    write("seeds/git_references/sha256", listing(&|id| format!("{id}{}", &id[..24])));
    write("seeds/git_references/error", "0012ERR not found\n0000");
    write("seeds/git_references/advertisement", "001e# service=git-upload-pack\n0000000eversion 2\n0000");
    write("seeds/git_references/unborn", "002eunborn HEAD symref-target:refs/heads/main\n00000002");
}

fn files() {
    for (name, text) in [
        (
            "npm",
            r#"{"name":"app","lockfileVersion":3,"packages":{"":{"name":"app"},"node_modules/widget":{"version":"1.0.0","resolved":"https://npm.example/widget/-/widget-1.0.0.tgz"},"node_modules/@acme/gadget":{"version":"2.0.0","dev":true}}}"#,
        ),
        (
            "requirements",
            "# build\nwidget==1.0.0 --hash=sha256:00\ngadget[extra]>=2,<3 ; python_version > '3.8'\n-r other.txt\n-e git+https://git.example/x#egg=x\n",
        ),
        (
            "uv",
            "version = 1\nrequires-python = \">=3.12\"\n\n[[package]]\nname = \"widget\"\nversion = \"1.0.0\"\nsource = { registry = \"https://pypi.example/simple\" }\n",
        ),
        (
            "cargo",
            "version = 4\n\n[[package]]\nname = \"widget\"\nversion = \"1.0.0\"\nsource = \"registry+https://index.example/\"\nchecksum = \"00\"\n",
        ),
        (
            "cyclonedx",
            r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"widget","purl":"pkg:npm/widget@1.0.0","components":[{"purl":"pkg:pypi/gadget@1"}]}]}"#,
        ),
        (
            "spdx",
            r#"{"spdxVersion":"SPDX-2.3","packages":[{"name":"widget","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:cargo/widget@1.0.0"}]}]}"#,
        ),
    ] {
        write(&format!("seeds/lock_file/{name}"), text);
    }
    let copied = |path: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    write("seeds/timeline/attested", copied("tests/cases/workflow-changed/fires.json"));
    write("seeds/timeline/facts", copied("tests/cases/commit-unsigned/quiet.json"));
    write(
        "seeds/osv_report/ranges",
        r#"{"id":"MAL-2026-1","modified":"2026-03-02T00:00:00Z","aliases":["GHSA-aaaa-bbbb-cccc"],"affected":[{"package":{"ecosystem":"npm","name":"@acme/widget"},"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.2.0"}]}],"versions":["2.0.0"]}]}"#,
    );
    write("seeds/configuration/rig", CONFIG);
    write(
        "seeds/configuration/logs",
        "[logs]\nenabled = true\ntail = [\"tiles\"]\nwindow = \"7d\"\n\n[[logs.match]]\nname = \"ours\"\nsan = \"https://github.com/acme/*\"\n\n[detectors.odd-hours]\nenabled = false\n",
    );
    write("seeds/watchlist/template", copied("src/watchlist/template.toml"));
    write(
        "seeds/watchlist/rules",
        "packages = [\"pkg:npm/widget\", \"pkg:pypi/gadget-*\", \"pkg:npm/%40acme/*\"]\nexclude = [\"pkg:npm/%40acme/old\"]\n",
    );
}

fn logs() {
    let certificate = Authority::new().issue(&workflow("widget"), START.parse().unwrap()).der;
    let checkpoints = include_str!("../data/log/checkpoints.jsonl");
    let note: Value = serde_json::from_str(checkpoints.lines().next().unwrap()).unwrap();
    let text = note["note"].as_str().unwrap();
    let log = json!({"name": "a", "form": "note", "public_key": "MCowBQYDK2VwAyEAt8rlp1knGwjfbcXAYPYAkn0XiLz1x8O4t0YkEhie244="});
    let evidence = json!({
        "version": 1, "misdeed": "fork", "log": log, "found_at": START, "statement": "", "checkpoints": [text, text],
        "proof": {"leaf": "00", "index": 1, "size": 2, "path": []},
    });
    write("seeds/note/checkpoint", text);
    write("seeds/checkpoint/checkpoint", text);
    write(
        "seeds/checkpoint/tree-head",
        r#"{"tree_size":10,"timestamp":1780315200000,"sha256_root_hash":"AAAA","tree_head_signature":"BAMA"}"#,
    );
    write("seeds/evidence/fork", evidence.to_string());
    write("seeds/entry/hashedrekord", hashedrekord(&certificate, &[7; 32]));
    write("seeds/entry/filler", filler(1));
    write("seeds/ct_leaf/leaf", ct_leaf(&certificate));
    write("seeds/certificate/leaf", certificate);
    write("seeds/tile/entries", [0, 0, 3, b'o', b'n', b'e', 0, 0]);
    write("seeds/tile/hashes", [&[1][..], &[7; 64]].concat());
}
