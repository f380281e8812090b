use proptest::prelude::*;

use super::*;
use crate::model::RegistryId;

fn import(text: &str) -> Imported {
    parse(text, Path::new("file"), &Mirrors::default()).expect(text)
}

fn error(text: &str) -> String {
    parse(text, Path::new("file"), &Mirrors::default()).expect_err(text).to_string()
}

/// The packages, and what was skipped.
fn outcome(text: &str) -> (Vec<String>, Vec<String>) {
    let imported = import(text);
    let skipped = imported.skipped.iter().map(|skipped| format!("{}: {}", skipped.what, skipped.why));
    (imported.packages.iter().map(Package::to_string).collect(), skipped.collect())
}

/// A URL below a public registry.
fn at(registry: RegistryId, path: &str) -> String {
    registry.base_url() + path
}

#[test]
fn package_lock_with_packages() {
    let text = serde_json::json!({
        "name": "project", "lockfileVersion": 3,
        "packages": {
            "": {"name": "project", "dependencies": {"axios": "^1"}},
            "node_modules/axios": {"version": "1.0.0", "resolved": at(RegistryId::NPM, "axios/-/axios-1.0.0.tgz")},
            "node_modules/a/node_modules/@b/c": {"version": "1.0.0", "resolved": at(RegistryId::NPM, "x.tgz")},
            "node_modules/alias": {"name": "real", "version": "1.0.0", "resolved": at(RegistryId::NPM, "y.tgz")},
            "node_modules/unresolved": {"version": "1.0.0"},
            "node_modules/linked": {"resolved": "packages/linked", "link": true},
            "packages/linked": {"version": "1.0.0"},
            "node_modules/private": {"version": "1.0.0", "resolved": "https://npm.example/private.tgz"},
            "node_modules/gitty": {"version": "1.0.0", "resolved": "git+ssh://git@github.com/a/b.git#0123"},
            "node_modules/filed": {"version": "file:../x.tgz", "resolved": "file:../x.tgz"},
        },
    });
    let (packages, skipped) = outcome(&text.to_string());
    assert_eq!(packages, ["pkg:npm/%40b/c", "pkg:npm/axios", "pkg:npm/real", "pkg:npm/unresolved"]);
    assert_eq!(
        skipped,
        [
            "filed: not from a registry but file",
            "gitty: not from a registry but git+ssh",
            "node_modules/linked: a link into the workspace",
            "private: from npm.example, not from npm",
            "packages/linked: part of the workspace",
        ]
    );
}

#[test]
fn package_lock_version_1_is_a_tree() {
    let text = serde_json::json!({
        "lockfileVersion": 1,
        "dependencies": {
            "a": {"version": "1.0.0", "resolved": at(RegistryId::NPM, "a.tgz"),
                  "dependencies": {"@b/c": {"version": "1.0.0"}}},
            "alias": {"version": "npm:@real/name@1.0.0"},
            "bare": {"version": "npm:real@1.0.0"},
            "gitty": {"version": "github:a/b#0123", "from": "github:a/b"},
            "tarball": {"version": "https://files.example/x.tgz"},
        },
    });
    let (packages, skipped) = outcome(&text.to_string());
    assert_eq!(packages, ["pkg:npm/%40b/c", "pkg:npm/%40real/name", "pkg:npm/a", "pkg:npm/real"]);
    assert_eq!(skipped, ["gitty: not from a registry but github", "tarball: from files.example, not from npm"]);
}

#[test]
fn requirements() {
    let text = "\
# comment
--extra-index-url https://user:hunter2@pypi.example/simple
-r other.txt
-c ../constraints.txt
-e .
Django>=4,<5  # why
requests[socks,security] == 2.32.0 ; python_version < '3.13' \\
    --hash=sha256:0123 \\
    --hash=sha256:4567
zope.interface
typing_extensions (>=4)
direct @ https://files.example/direct.whl
git+https://github.com/a/b.git#egg=b
./local/wheel.whl
plain ~= 1.0";
    let (packages, skipped) = outcome(&text.replace('\n', "\r\n").replace("\\\r\n", "\\\n"));
    assert_eq!(
        packages,
        [
            "pkg:pypi/django",
            "pkg:pypi/plain",
            "pkg:pypi/requests",
            "pkg:pypi/typing-extensions",
            "pkg:pypi/zope-interface"
        ]
    );
    assert_eq!(
        skipped,
        [
            "--extra-index-url: another index; all packages are taken for those of PyPI",
            "-r other.txt: another file; import it by itself",
            "-c ../constraints.txt: another file; import it by itself",
            "-e: an editable project, not from a registry",
            "direct: from a URL, not from a registry",
            "git+https://github.com/a/b.git: a URL or path, not from a registry",
            "./local/wheel.whl: a URL or path, not from a registry",
        ]
    );
    assert_eq!(import("requests==2 \\\r\n  --hash=sha256:00\r\nflask\r\n").packages.len(), 2, "continued over CRLF");
}

#[test]
fn uv_lock() {
    let text = format!(
        "version = 1\nrequires-python = \">=3.12\"\n\
         [[package]]\nname = \"Requests\"\nversion = \"2\"\nsource = {{ registry = \"{}\" }}\n\
         [[package]]\nname = \"private\"\nsource = {{ registry = \"https://user:hunter2@pypi.example/simple\" }}\n\
         [[package]]\nname = \"project\"\nsource = {{ virtual = \".\" }}\n",
        at(RegistryId::PYPI, "simple")
    );
    let (packages, skipped) = outcome(&text);
    assert_eq!(packages, ["pkg:pypi/requests"]);
    assert_eq!(skipped, ["private: from pypi.example, not from PyPI", "project: not from a registry but virtual"]);
}

#[test]
fn cargo_lock() {
    let text = format!(
        "# This file is automatically @generated by Cargo.\nversion = 4\n\n\
         [[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"{}\"\n\
         [[package]]\nname = \"sparse\"\nversion = \"1.0.0\"\nsource = \"sparse+{}\"\n\
         [[package]]\nname = \"mine\"\nversion = \"0.1.0\"\n\
         [[package]]\nname = \"other\"\nsource = \"registry+https://crates.example/index\"\n\
         [[package]]\nname = \"gitty\"\nsource = \"git+https://github.com/a/b?branch=main#0123\"\n",
        "registry+https://github.com/rust-lang/crates.io-index",
        RegistryId::CARGO_INDEX.base_url()
    );
    let (packages, skipped) = outcome(&text);
    assert_eq!(packages, ["pkg:cargo/serde", "pkg:cargo/sparse"]);
    assert_eq!(
        skipped,
        [
            "mine: no source: part of the workspace",
            "other: from crates.example, not from crates.io",
            "gitty: from github.com, not from crates.io",
        ]
    );
    assert_eq!(import("version = 4\n"), Imported::default(), "a lock file without packages");
}

#[test]
fn bills_of_materials() {
    let cyclonedx = serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [
            {"type": "library", "name": "a", "purl": "pkg:npm/%40a/b@1.0.0?vcs_url=x",
             "components": [{"name": "c", "purl": "pkg:pypi/C_d"}]},
            {"name": "mirror", "purl": "pkg:npm/m@1?repository_url=https%3A%2F%2Fnpm.example%2F"},
            {"name": "own", "purl": format!("pkg:npm/own@1?repository_url={}", RegistryId::NPM.host())},
            {"name": "no purl"},
            {"name": "gem", "purl": "pkg:gem/rails@7"},
        ],
    });
    let (packages, skipped) = outcome(&cyclonedx.to_string());
    assert_eq!(packages, ["pkg:npm/%40a/b", "pkg:npm/own", "pkg:pypi/c-d"]);
    assert_eq!(skipped.len(), 3);
    assert!(skipped[0].ends_with("from npm.example, not from npm"), "{skipped:?}");

    let spdx = serde_json::json!({
        "spdxVersion": "SPDX-2.3",
        "packages": [
            {"name": "a", "externalRefs": [
                {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a"},
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:cargo/serde@1.0.0"}]},
            {"name": "b"},
        ],
    });
    assert_eq!(outcome(&spdx.to_string()), (vec!["pkg:cargo/serde".to_owned()], vec!["b: no purl".to_owned()]));
}

#[test]
fn broken_files_are_named_with_the_place() {
    for (text, expected) in [
        ("{", "file:1:1: EOF"),
        ("{\n\"lockfileVersion\": 3,\n\"packages\": []}", "file:3:"),
        ("{}", "it has none of the keys"),
        ("[]", "file:"),
        ("{\"spdxVersion\": \"2.3\", \"packages\": [{\"name\": 1}]}", "file:1:"),
        ("{\"@graph\": []}", "SPDX 3"),
        ("version = 4\n[[package]]\nversion = \"1\"\n", "missing field `name`"),
        ("[[package]]\nname = ", "file:2:"),
        ("<html>\n", "an XML or HTML document"),
        ("{html}\n??\n", "file:1:2"),
        ("?\n!\n", "file:1:1: found \"?\""),
        ("lockfileVersion: '9.0'\n", "pnpm-lock.yaml"),
        ("requests[socks\n", "has no end"),
    ] {
        let error = error(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
    let deep = format!("{}{}", "{\"bomFormat\": \"CycloneDX\", \"components\": [", "{\"components\": [".repeat(10_000))
        + &"]}".repeat(10_001);
    assert!(error(&deep).contains("recursion limit"));
}

#[test]
fn a_file_is_read_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(read(&path, &Mirrors::default()), Err(ImportError::Read(ReadError::TooLarge { .. }))));
    std::fs::write(&path, "\u{feff}requests\n").unwrap();
    assert_eq!(read(&path, &Mirrors::default()).unwrap().packages.len(), 1);
}

#[test]
fn what_comes_through_a_mirror_is_the_public_package() {
    let lock = serde_json::json!({
        "lockfileVersion": 3,
        "packages": {
            "node_modules/y": {"resolved": at(RegistryId::NPM_YARN, "y/-/y-1.0.0.tgz")},
            "node_modules/m": {"resolved": at(RegistryId::NPM_MIRROR, "m/-/m-1.0.0.tgz")},
            "node_modules/ours": {"resolved": "https://npm.example/repository/ours/-/ours-1.0.0.tgz"},
            "node_modules/JSONStream": {"resolved": at(RegistryId::NPM, "JSONStream/-/JSONStream-1.3.5.tgz")},
            "node_modules/bundled": {"resolved": false, "inBundle": true},
            "node_modules/unsaid": {"resolved": ""},
        },
    })
    .to_string();
    let (packages, skipped) = outcome(&lock);
    let expected = ["JSONStream", "bundled", "m", "unsaid", "y"].map(|name| format!("pkg:npm/{name}"));
    assert_eq!(packages, expected);
    assert_eq!(skipped, ["ours: from npm.example, not from npm"]);

    let mirrors = Mirrors::with([(Ecosystem::Npm, "NPM.example"), (Ecosystem::Pypi, "pypi.example")]);
    let imported = parse(&lock, Path::new("file"), &mirrors).unwrap();
    assert_eq!((imported.packages.len(), imported.skipped.len()), (6, 0));
    let of_pypi = "version = 1\n[[package]]\nname = \"a\"\nsource = { registry = \"https://npm.example/simple\" }\n";
    let imported = parse(of_pypi, Path::new("file"), &mirrors).unwrap();
    assert!(imported.packages.is_empty(), "a mirror of npm is not one of PyPI");
}

#[test]
fn odd_lines_of_requirements_are_their_own_matter() {
    let text = "requests==2.0 \\\n    # via bar\n    --hash=sha256:aa\nflask\n.\n.[test]\n..\n${PACKAGE}==1\nb==${VERSION}\n<<<<<<< HEAD\n";
    let (packages, skipped) = outcome(text);
    assert_eq!(packages, ["pkg:pypi/b", "pkg:pypi/flask", "pkg:pypi/requests"]);
    assert_eq!(
        skipped,
        [
            ".: a URL or path, not from a registry",
            ".[test]: a URL or path, not from a registry",
            "..: a URL or path, not from a registry",
            "${PACKAGE}==1: its name is a variable of the environment",
            "<<<<<<< HEAD: line 10: found \"<<<<<<< HEAD\", expected a requirement such as \"requests>=2\"",
        ]
    );
}

#[test]
fn bills_of_materials_in_the_forms_that_tools_write() {
    let purl = |kind: &str, locator: &str| serde_json::json!({"name": "x", "externalRefs": [{"referenceType": kind, "referenceLocator": locator}]});
    let packages = [
        purl("http://spdx.org/rdf/references/purl", "pkg:npm/lodash@%5E4.17.21"),
        purl("purl", "pkg:npm/%40types/node@>= 18"),
        purl("purl", "pkg:npm/away@1?download_url=https://npm.example/away.tgz"),
    ];
    let document = serde_json::json!({"sbom": {"spdxVersion": "SPDX-2.3", "packages": packages}});
    let (packages, skipped) = outcome(&document.to_string());
    assert_eq!(packages, ["pkg:npm/%40types/node", "pkg:npm/lodash"]);
    assert!(skipped[0].ends_with("from npm.example, not from npm"), "{skipped:?}");
    let old = r#"{"name":"x","version":"1","dependencies":{"lodash":{"version":"4.17.21","from":"lodash@^4"}}}"#;
    assert_eq!(outcome(old).0, ["pkg:npm/lodash"], "a shrinkwrap of npm 4");
}

#[test]
fn a_kind_that_is_not_read_is_named_with_the_way_around() {
    let said = error("lockfileVersion: '9.0'\npackages:\n");
    assert!(said.contains("file: this is a pnpm-lock.yaml, which provwatch does not read; make a CycloneDX"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bun.lockb");
    std::fs::write(&path, b"#!/usr/bin/env bun\nbun-lockfile-format-v0\xff\xfe").unwrap();
    assert!(read(&path, &Mirrors::default()).unwrap_err().to_string().contains("this is a bun.lockb"));
    let utf16: Vec<u8> = "\u{feff}requests==2.0\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&path, utf16).unwrap();
    assert_eq!(read(&path, &Mirrors::default()).unwrap().packages.len(), 1, "PowerShell writes UTF-16");
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC*", line in "[-\\[\\]a-z@#;\\\\ \n./]{0,40}") {
        for text in [&text, &line, &format!("[[package]]\nname = '{text}'")] {
            let _ = parse(text, Path::new("file"), &Mirrors::default());
        }
    }
}

#[test]
fn what_comes_from_a_registry_of_the_configuration_is_of_that_registry() {
    let key = |ecosystem, url: &str| RegistryKey::at(ecosystem, url.parse().unwrap());
    let mirrors = Mirrors::with([(Ecosystem::Npm, "acme.example")]).beside([
        key(Ecosystem::Npm, "https://npm.acme.example"),
        key(Ecosystem::Npm, "https://acme.example/api/npm/npm-local"),
        key(Ecosystem::Pypi, "https://acme.example/api/pypi/simple"),
        key(Ecosystem::Cargo, "https://cargo.acme.example/index"),
    ]);
    let read = |text: &str| {
        let imported = parse(text, Path::new("file"), &mirrors).unwrap();
        let packages: Vec<String> = imported.packages.iter().map(ToString::to_string).collect();
        (packages, imported.skipped.into_iter().map(|skipped| format!("{}: {}", skipped.what, skipped.why)).collect())
    };
    let expect = |text: &str, packages: &[&str], skipped: &[&str]| {
        let (found, left): (Vec<String>, Vec<String>) = read(text);
        assert_eq!(
            (found, left),
            (
                packages.iter().map(|one| (*one).to_owned()).collect(),
                skipped.iter().map(|one| (*one).to_owned()).collect()
            ),
            "{text}"
        );
    };
    expect(
        r#"{"lockfileVersion": 3, "packages": {
            "node_modules/@acme/x": {"resolved": "https://npm.acme.example/@acme/x/-/x-1.0.0.tgz"},
            "node_modules/@acme/y": {"resolved": "https://npm.acme.example/download/@acme/y/1.0.0/0123abcd"},
            "node_modules/local": {"resolved": "https://acme.example/api/npm/npm-local/local/-/local-1.0.0.tgz"},
            "node_modules/passed-on": {"resolved": "https://acme.example/api/npm/npm-remote/passed-on/-/passed-on-1.0.0.tgz"},
            "node_modules/axios": {"resolved": "https://npm.other.example/axios/-/axios-1.0.0.tgz"},
            "node_modules/evil": {"resolved": "https://npm.acme.example.evil.example/evil/-/evil-1.0.0.tgz"},
            "node_modules/lodash": {}
        }}"#,
        &[
            "pkg:npm/%40acme/x?repository_url=https://npm.acme.example",
            "pkg:npm/%40acme/y?repository_url=https://npm.acme.example",
            "pkg:npm/local?repository_url=https://acme.example/api/npm/npm-local",
            "pkg:npm/lodash",
            "pkg:npm/passed-on",
        ],
        &["axios: from npm.other.example, not from npm", "evil: from npm.acme.example.evil.example, not from npm"],
    );
    expect(
        "version = 1\n[[package]]\nname = \"Acme_Log\"\nsource = { registry = \"https://acme.example/api/pypi/simple/\" }\n\
         [[package]]\nname = \"other\"\nsource = { registry = \"https://acme.example/api/other/simple\" }\n",
        &["pkg:pypi/acme-log?repository_url=https://acme.example/api/pypi/simple"],
        &["other: from acme.example, not from PyPI"],
    );
    expect(
        "version = 4\n[[package]]\nname = \"acme-log\"\nsource = \"sparse+https://cargo.acme.example/index/\"\n",
        &["pkg:cargo/acme-log?repository_url=https://cargo.acme.example/index"],
        &[],
    );
    expect(
        "acme-log==1.0\n--index-url https://acme.example/api/pypi/simple\n",
        &["pkg:pypi/acme-log?repository_url=https://acme.example/api/pypi/simple"],
        &[],
    );
    expect(
        "acme-log==1.0\n--extra-index-url https://acme.example/api/pypi/simple\n",
        &["pkg:pypi/acme-log"],
        &["--extra-index-url: another index; all packages are taken for those of PyPI"],
    );
    let purls = [
        "pkg:npm/%40acme/x@1.0.0?repository_url=npm.acme.example",
        "pkg:npm/passed-on@1.0.0?repository_url=https%3A%2F%2Facme.example%2Fapi%2Fnpm%2Fnpm-remote",
        "pkg:npm/z@1.0.0?download_url=https://npm.acme.example/z/-/z-1.0.0.tgz",
        "pkg:npm/far@1.0.0?repository_url=https://npm.other.example",
    ];
    let components: Vec<String> = purls.iter().map(|purl| format!(r#"{{"name": "a", "purl": "{purl}"}}"#)).collect();
    expect(
        &format!(r#"{{"bomFormat": "CycloneDX", "components": [{}]}}"#, components.join(",")),
        &[
            "pkg:npm/%40acme/x?repository_url=https://npm.acme.example",
            "pkg:npm/passed-on",
            "pkg:npm/z?repository_url=https://npm.acme.example",
        ],
        &["pkg:npm/far@1.0.0?repository_url=https://npm.other.example: from npm.other.example, not from npm"],
    );
}

#[test]
fn of_a_host_only_what_lies_below_the_mirror_is_public() {
    let url = |url: &str| url.parse().unwrap();
    let mirrors = Mirrors::default()
        .below([
            (Ecosystem::Npm, url("https://acme.example/api/npm/npm-remote")),
            (Ecosystem::Pypi, url("https://acme.example/api/pypi/pypi-remote")),
            (Ecosystem::Cargo, url("https://acme.example/api/cargo/index")),
        ])
        .beside([RegistryKey::at(Ecosystem::Npm, url("https://acme.example/api/npm"))]);
    let read = |text: &str| {
        let imported = parse(text, Path::new("file"), &mirrors).unwrap();
        (imported.packages.iter().map(Package::to_string).collect::<Vec<_>>(), imported.skipped.len())
    };
    let lock = r#"{"lockfileVersion": 3, "packages": {
        "node_modules/public": {"resolved": "https://acme.example/api/npm/npm-remote/public/-/public-1.0.0.tgz"},
        "node_modules/private": {"resolved": "https://acme.example/api/npm/npm-local/private/-/private-1.0.0.tgz"},
        "node_modules/other": {"resolved": "https://acme.example/other/-/other-1.0.0.tgz"}
    }}"#;
    let own = "pkg:npm/private?repository_url=https://acme.example/api/npm";
    assert_eq!(read(lock), (vec![own.to_owned(), "pkg:npm/public".to_owned()], 1));
    let uv = "version = 1\n[[package]]\nname = \"a\"\nsource = { registry = \"https://ada:pw@acme.example/api/pypi/pypi-remote/simple\" }\n\
              [[package]]\nname = \"b\"\nsource = { registry = \"https://acme.example/api/pypi/pypi-local/simple\" }\n";
    assert_eq!(read(uv), (vec!["pkg:pypi/a".to_owned()], 1));
    let cargo = "version = 4\n[[package]]\nname = \"a\"\nsource = \"sparse+https://acme.example/api/cargo/index/\"\n\
                 [[package]]\nname = \"b\"\nsource = \"sparse+https://acme.example/api/cargo/local/\"\n";
    assert_eq!(read(cargo), (vec!["pkg:cargo/a".to_owned()], 1));
}

#[test]
fn the_last_index_of_requirements_counts() {
    let acme = "https://acme.example/pypi/simple";
    let mirrors = Mirrors::default().beside([RegistryKey::at(Ecosystem::Pypi, acme.parse().unwrap())]);
    let public = at(RegistryId::PYPI, "simple");
    let own = "pkg:pypi/x?repository_url=https://acme.example/pypi/simple";
    let unknown = "https://user:hunter2@far.example/simple";
    for (options, expected) in [
        (String::new(), Ok("pkg:pypi/x")),
        (format!("-i {acme}"), Ok(own)),
        (format!("-i{acme}"), Ok(own)),
        (format!("-i {unknown}\n--index-url={acme}/"), Ok(own)),
        (format!("--index-url https://ada:pw@acme.example/pypi/simple --extra-index-url {acme}"), Ok(own)),
        (format!("-i {acme}\n-i {public}"), Ok("pkg:pypi/x")),
        (format!("--extra-index-url {unknown}\n-i {acme}"), Ok(own)),
        (format!("--extra-index-url {acme}"), Ok("pkg:pypi/x")),
        (format!("--extra-index-url {unknown}"), Ok("pkg:pypi/x")),
        (format!("-f {unknown}"), Ok("pkg:pypi/x")),
        (format!("--index-url {unknown}"), Err("from far.example, not from PyPI")),
        (format!("--pre --index-url {unknown}"), Err("from far.example, not from PyPI")),
        (format!("-i {public}\n-i {unknown} --extra-index-url {public}"), Err("from far.example, not from PyPI")),
        ("--index-url ${PIP_INDEX}".to_owned(), Err("from another index, not from PyPI")),
        ("--no-index\n--find-links wheels".to_owned(), Err("not from an index: the file has --no-index")),
        (
            format!("-i {acme}\n--extra-index-url {public}"),
            Err("from pypi at acme.example/pypi/simple or another index"),
        ),
        (format!("--index-url {acme} --extra-index-url {unknown}"), Err("from pypi at acme.example/pypi/simple or")),
    ] {
        // An option holds for what stands before it too.
        let imported = parse(&format!("x==1.0\n{options}\n"), Path::new("file"), &mirrors).unwrap();
        let packages: Vec<String> = imported.packages.iter().map(Package::to_string).collect();
        let said: Vec<_> = imported.skipped.iter().filter(|skipped| skipped.what == "x").collect();
        match expected {
            Ok(package) => assert_eq!((packages, said.len()), (vec![package.to_owned()], 0), "{options}"),
            Err(why) => {
                assert!(packages.is_empty(), "{options}: {packages:?}");
                assert!(said.len() == 1 && said[0].why.starts_with(why), "{options}: {said:?}");
            }
        }
        assert!(!format!("{imported:?}").contains("hunter2"), "{options}");
    }
}
