//! Tests of what each format says of a release: version, scope, depth, the way to it, digests, VEX and reachability.

use serde_json::{Value, json};

use super::*;
use crate::model::{Locked, Reachability, Vex};

/// Each release with its scope and the way to it: `pkg:npm/a@1.0.0 required 1`, `… dev 3 through pkg:npm/b@1.0.0`.
fn places(text: &str) -> Vec<String> {
    content(text).locked.iter().map(place).collect()
}

fn content(text: &str) -> Content {
    Content::of([import(text)]).unwrap()
}

fn place(locked: &Locked) -> String {
    let depth = locked.place.depth.map_or_else(|| "?".to_owned(), |depth| depth.to_string());
    let through = locked.place.through.as_ref().map(|first| format!(" through {first}")).unwrap_or_default();
    format!("{} {} {depth}{through}", locked.release, locked.place.scope)
}

#[test]
fn npm_says_what_leads_to_what() {
    let text = json!({
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"express": "^4", "gone": "1"}, "devDependencies": {"jest": "^29"},
                 "optionalDependencies": {"fsevents": "^2"}},
            "node_modules/express": {"version": "4.18.2", "dependencies": {"debug": "2", "cookie": "1"}},
            "node_modules/express/node_modules/debug": {"version": "2.6.9", "dependencies": {"ms": "2"}},
            "node_modules/cookie": {"version": "0.5.0"},
            "node_modules/debug": {"version": "4.3.4", "dev": true, "dependencies": {"ms": "2"}},
            "node_modules/ms": {"version": "2.1.2"},
            "node_modules/jest": {"version": "29.0.0", "dev": true, "dependencies": {"debug": "4"}},
            "node_modules/fsevents": {"version": "2.3.2", "optional": true},
            "node_modules/both": {"version": "1.0.0", "devOptional": true},
            "node_modules/alias": {"name": "real", "version": "3.0.0"},
            "node_modules/member": {"resolved": "packages/member", "link": true},
            "packages/member": {"version": "1.0.0", "dependencies": {"alias": "npm:real@3"}, "peerDependencies": {"peer": "1"}},
            "packages/member/node_modules/peer": {"version": "1.0.0"},
            "node_modules/range": {"version": "^1.0.0"},
        },
    });
    assert_eq!(
        places(&text.to_string()),
        [
            "pkg:npm/both@1.0.0 optional ?",
            "pkg:npm/cookie@0.5.0 required 2 through pkg:npm/express@4.18.2",
            "pkg:npm/debug@2.6.9 required 2 through pkg:npm/express@4.18.2",
            "pkg:npm/debug@4.3.4 dev 2 through pkg:npm/jest@29.0.0",
            "pkg:npm/express@4.18.2 required 1",
            "pkg:npm/fsevents@2.3.2 optional 1",
            "pkg:npm/jest@29.0.0 dev 1",
            "pkg:npm/ms@2.1.2 required 3 through pkg:npm/express@4.18.2",
            "pkg:npm/peer@1.0.0 required 1",
            "pkg:npm/real@3.0.0 required 1",
        ]
    );
    let skipped: Vec<String> =
        content(&text.to_string()).skipped.iter().map(|one| format!("{}: {}", one.what, one.why)).collect();
    assert_eq!(
        skipped,
        [
            "node_modules/member: a link into the workspace",
            "packages/member: part of the workspace",
            "pkg:npm/range: not locked to one version"
        ]
    );
}

#[test]
fn the_tree_of_npm_says_no_depth() {
    let text = json!({
        "lockfileVersion": 1,
        "dependencies": {
            "a": {"version": "1.0.0", "requires": {"b": "1"}, "dependencies": {"b": {"version": "1.0.0", "dev": true}}},
            "alias": {"version": "npm:@real/name@1.0.0", "optional": true},
            "gitty": {"version": "github:a/b#0123"},
        },
    });
    assert_eq!(
        places(&text.to_string()),
        ["pkg:npm/%40real/name@1.0.0 optional ?", "pkg:npm/a@1.0.0 required ?", "pkg:npm/b@1.0.0 dev ?"]
    );
}

#[test]
fn cargo_says_the_way_and_not_what_for() {
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let package = |name: &str, version: &str, more: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{more}\n")
    };
    let of = |more: &str| format!("source = \"{registry}\"\n{more}");
    let text = [
        "version = 4\n".to_owned(),
        package("mine", "0.1.0", "dependencies = [\"rand 0.8.5\", \"gitty\", \"local\"]"),
        package("local", "0.1.0", "dependencies = [\"serde\"]"),
        package("gitty", "1.0.0", "source = \"git+https://github.com/a/b#0123\"\ndependencies = [\"libc\"]"),
        package(
            "libc",
            "0.2.1",
            &of("checksum = \"abababababababababababababababababababababababababababababababab\""),
        ),
        package("rand", "0.8.5", &of(&format!("dependencies = [\"rand_core 0.6.4 ({registry})\", \"rand\"]"))),
        package("rand", "0.7.0", &of("")),
        package("rand_core", "0.6.4", &of("dependencies = [\"rand 0.8.5\"]")),
        package("serde", "1.0.0+build.1", &of("")),
        package("alone", "1.0.0", &of("")),
    ]
    .concat();
    assert_eq!(
        places(&text),
        [
            "pkg:cargo/alone@1.0.0 unknown ?",
            "pkg:cargo/libc@0.2.1 unknown 2",
            "pkg:cargo/rand@0.7.0 unknown 2 through pkg:cargo/rand@0.8.5",
            "pkg:cargo/rand@0.8.5 unknown 1",
            "pkg:cargo/rand_core@0.6.4 unknown 2 through pkg:cargo/rand@0.8.5",
            "pkg:cargo/serde@1.0.0%2Bbuild.1 unknown 1",
        ]
    );
    let digests: Vec<String> = content(&text).locked[1].digests.iter().map(ToString::to_string).collect();
    assert_eq!(digests, [format!("sha256:{}", "ab".repeat(32))]);
}

#[test]
fn uv_says_groups_and_extras() {
    let index = at(RegistryId::PYPI, "simple");
    let text = format!(
        "version = 1\n\
         [[package]]\nname = \"shop\"\nversion = \"0.1.0\"\nsource = {{ editable = \".\" }}\n\
         dependencies = [{{ name = \"requests\", extra = [\"socks\"] }}, {{ name = \"numpy\", version = \"1.26.0\" }}]\n\
         [package.optional-dependencies]\nplot = [{{ name = \"numpy\", version = \"2.0.0\" }}]\n\
         [package.dev-dependencies]\ndev = [{{ name = \"pytest\" }}, {{ name = \"requests\" }}]\n\
         [[package]]\nname = \"numpy\"\nversion = \"1.26.0\"\nsource = {{ registry = \"{index}\" }}\n\
         sdist = {{ url = \"x\", hash = \"sha256:{}\" }}\nwheels = [{{ url = \"y\", hash = \"sha256:{}\" }}, {{ url = \"z\" }}]\n\
         [[package]]\nname = \"numpy\"\nversion = \"2.0.0\"\nsource = {{ registry = \"{index}\" }}\n\
         [[package]]\nname = \"pytest\"\nversion = \"8.0\"\nsource = {{ registry = \"{index}\" }}\ndependencies = [{{ name = \"pluggy\" }}]\n\
         [[package]]\nname = \"pluggy\"\nversion = \"1.4\"\nsource = {{ registry = \"{index}\" }}\ndependencies = [{{ name = \"pluggy\" }}]\n\
         [[package]]\nname = \"requests\"\nversion = \"2.31\"\nsource = {{ registry = \"{index}\" }}\n\
         [package.optional-dependencies]\nsocks = [{{ name = \"pysocks\" }}]\n\
         [[package]]\nname = \"pysocks\"\nversion = \"1.7\"\nsource = {{ registry = \"{index}\" }}\n",
        "ab".repeat(32),
        "cd".repeat(32),
    );
    assert_eq!(
        places(&text),
        [
            "pkg:pypi/numpy@1.26.0 required 1",
            "pkg:pypi/numpy@2.0.0 optional 1",
            "pkg:pypi/pluggy@1.4 dev 2 through pkg:pypi/pytest@8.0",
            "pkg:pypi/pysocks@1.7 required 2 through pkg:pypi/requests@2.31",
            "pkg:pypi/pytest@8.0 dev 1",
            "pkg:pypi/requests@2.31 required 1",
        ]
    );
    assert_eq!(content(&text).locked[0].digests.len(), 2);
}

#[test]
fn requirements_are_pins_and_nothing_more() {
    let hash = "ab".repeat(32);
    let text = format!(
        "a==1.0 \\\n  --hash=sha256:{hash} \\\n  --hash sha256:{}\nb === 2!1.0.post1 ; python_version < '3.13'\nc[x] (==1.5)\n\
         d>=1\ne==1.*\nf==${{VERSION}}\ng\nh == 1.0,!=1.1 # why\ni==1.0;os_name=='nt'\nA==1.0\n",
        "cd".repeat(32)
    );
    assert_eq!(
        places(&text),
        [
            "pkg:pypi/a@1.0 unknown ?",
            "pkg:pypi/b@2%211.0.post1 unknown ?",
            "pkg:pypi/c@1.5 unknown ?",
            "pkg:pypi/h@1.0 unknown ?",
            "pkg:pypi/i@1.0 unknown ?",
        ]
    );
    let content = content(&text);
    assert_eq!(content.locked[0].digests.len(), 2);
    assert!(content.skipped.iter().all(|one| one.why == "not locked to one version") && content.skipped.len() == 4);
}

fn cyclonedx() -> Value {
    let component = |name: &str, more: Value| {
        let mut component = json!({"bom-ref": name, "name": name, "purl": format!("pkg:npm/{name}@1.0.0")});
        component.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        component
    };
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": {"component": {"bom-ref": "shop", "name": "shop"}},
        "components": [
            component("a", json!({"scope": "required", "evidence": {"callstack": {"frames": [{"module": "m"}]}},
                "hashes": [{"alg": "SHA-512", "content": "ab".repeat(64)}, {"alg": "MD5", "content": "ab"}]})),
            component("b", json!({"scope": "optional", "evidence": {"occurrences": [{"location": "x"}], "callstack": {"frames": []}}})),
            component("c", json!({"scope": "excluded", "evidence": {}})),
            component("d", json!({"properties": [{"name": "cdx:npm:package:development", "value": "true"}]})),
            {"bom-ref": "folder", "name": "folder", "components": [component("e", json!({}))]},
        ],
        "dependencies": [
            {"ref": "shop", "dependsOn": ["a", "folder", "nowhere"]},
            {"ref": "a", "dependsOn": ["b", "a"]},
            {"ref": "b", "dependsOn": ["a"]},
            {"ref": "folder", "dependsOn": ["e"]},
            {"ref": "c"},
        ],
        "vulnerabilities": [
            {"id": "CVE-1", "analysis": {"state": "not_affected"}, "affects": [{"ref": "a"}, {"ref": "b"}]},
            {"id": "CVE-2", "analysis": {"state": "exploitable"}, "affects": [{"ref": "urn:cdx:3e671687/1#a"}]},
            {"id": "CVE-3", "analysis": {"state": "resolved_with_pedigree"}, "affects": [{"ref": "b"}]},
            {"id": "CVE-4", "analysis": {"state": "guessed"}, "affects": [{"ref": "c"}]},
            {"id": "CVE-5", "affects": [{"ref": "c"}, {}]},
        ],
    })
}

#[test]
fn cyclonedx_says_vex_and_reachability_too() {
    let text = cyclonedx().to_string();
    assert_eq!(
        places(&text),
        [
            "pkg:npm/a@1.0.0 required 1",
            "pkg:npm/b@1.0.0 optional 2 through pkg:npm/a@1.0.0",
            "pkg:npm/c@1.0.0 dev ?",
            "pkg:npm/d@1.0.0 dev ?",
            "pkg:npm/e@1.0.0 unknown 2",
        ]
    );
    let of = |one: &Locked| (one.vex.map(Vex::as_str), one.reachability.map(Reachability::as_str), one.digests.len());
    let said: Vec<_> = content(&text).locked.iter().map(of).collect();
    assert_eq!(
        said,
        [
            (Some("exploitable"), Some("called"), 1),
            (Some("resolved"), Some("found"), 0),
            (None, None, 0),
            (None, None, 0),
            (None, None, 0)
        ]
    );
}

#[test]
fn spdx_says_the_way_if_it_has_levels() {
    let package = |name: &str| {
        json!({"SPDXID": format!("SPDXRef-{name}"), "name": name,
            "checksums": [{"algorithm": "SHA256", "checksumValue": "ab".repeat(32)}],
            "externalRefs": [{"referenceType": "purl", "referenceLocator": format!("pkg:npm/{name}@1.0.0")}]})
    };
    let relationship = |one: &str, kind: &str, other: &str| {
        let id = |name: &str| format!("SPDXRef-{name}");
        json!({"spdxElementId": id(one), "relationshipType": kind, "relatedSpdxElement": id(other)})
    };
    let packages: Vec<Value> = ["a", "b", "c", "d"].into_iter().map(package).collect();
    let document = |relationships: Vec<Value>| {
        json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": packages, "relationships": relationships})
            .to_string()
    };
    let levels = document(vec![
        relationship("DOCUMENT", "DESCRIBES", "shop"),
        relationship("shop", "DEPENDS_ON", "a"),
        relationship("b", "DEV_DEPENDENCY_OF", "shop"),
        relationship("c", "OPTIONAL_DEPENDENCY_OF", "a"),
        relationship("c", "CONTAINS", "d"),
    ]);
    assert_eq!(
        places(&levels),
        [
            "pkg:npm/a@1.0.0 unknown 1",
            "pkg:npm/b@1.0.0 dev 1",
            "pkg:npm/c@1.0.0 optional 2 through pkg:npm/a@1.0.0",
            "pkg:npm/d@1.0.0 unknown ?",
        ]
    );
    assert_eq!(content(&levels).locked[0].digests.len(), 1);
    let flat = document(
        ["a", "b", "c", "d"]
            .map(|name| relationship("shop", "DEPENDS_ON", name))
            .into_iter()
            .chain([relationship("DOCUMENT", "DESCRIBES", "shop")])
            .collect(),
    );
    assert!(places(&flat).iter().all(|place| place.ends_with(" unknown ?")), "everything is listed, and not as direct");
}

#[test]
fn of_several_files_the_most_important_place_counts() {
    let one = |scope: &str| {
        import(
            &json!({"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0", scope: true}}})
                .to_string(),
        )
    };
    let bill = import(
        &json!({"bomFormat": "CycloneDX", "components": [{"name": "a", "purl": "pkg:npm/a@1.0.0"}]}).to_string(),
    );
    let of = |files: Vec<Listed>| place(&Content::of(files).unwrap().locked[0]);
    assert_eq!(of(vec![one("dev"), one("optional")]), "pkg:npm/a@1.0.0 optional ?");
    assert_eq!(of(vec![one("dev"), bill.clone()]), "pkg:npm/a@1.0.0 unknown ?");
    assert_eq!(of(vec![bill, one("peer")]), "pkg:npm/a@1.0.0 required ?");
}

#[test]
fn every_exact_release_is_of_a_package_of_the_import() {
    for text in [cyclonedx().to_string(), "a==1\nb\n".to_owned()] {
        let listed = import(&text);
        let packages = listed.packages();
        let content = Content::of([listed]).unwrap();
        assert!(content.locked.iter().all(|one| packages.contains(one.release.package())), "{text}");
    }
}
