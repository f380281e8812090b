//! Tests of the registry of an imported entry: mirrors, configured registries, and indexes.

use super::*;

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

    let mirrors = Mirrors::with([(Ecosystem::NPM, "NPM.example"), (Ecosystem::PYPI, "pypi.example")]);
    let imported = parse(&lock, Path::new("file"), &mirrors).unwrap();
    assert_eq!((imported.packages().len(), imported.skipped.len()), (6, 0));
    let of_pypi = "version = 1\n[[package]]\nname = \"a\"\nsource = { registry = \"https://npm.example/simple\" }\n";
    let imported = parse(of_pypi, Path::new("file"), &mirrors).unwrap();
    assert!(imported.packages().is_empty(), "a mirror of npm is not one of PyPI");
}

/// Private registries, and a host that is a mirror of npm except for a part of it.
fn configured() -> Mirrors {
    let key = |ecosystem, url: &str| RegistryKey::at(ecosystem, url.parse().unwrap());
    Mirrors::with([(Ecosystem::NPM, "acme.example")]).beside([
        key(Ecosystem::NPM, "https://npm.acme.example"),
        key(Ecosystem::NPM, "https://acme.example/api/npm/npm-local"),
        key(Ecosystem::PYPI, "https://acme.example/api/pypi/simple"),
        key(Ecosystem::CARGO, "https://cargo.acme.example/index"),
    ])
}

/// Asserts that with those registries a text has these packages, and these entries are skipped.
fn expect(text: &str, packages: &[&str], skipped: &[&str]) {
    let imported = parse(text, Path::new("file"), &configured()).unwrap();
    let found: Vec<String> = imported.packages().iter().map(ToString::to_string).collect();
    let left: Vec<String> =
        imported.skipped.iter().map(|skipped| format!("{}: {}", skipped.what, skipped.why)).collect();
    assert_eq!(found, packages, "{text}");
    assert_eq!(left, skipped, "{text}");
}

#[test]
fn a_lock_file_of_npm_names_registries_of_the_configuration() {
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
}

#[test]
fn lock_files_of_uv_and_cargo_name_registries_of_the_configuration() {
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
}

#[test]
fn requirements_name_registries_of_the_configuration() {
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
}

#[test]
fn purls_name_registries_of_the_configuration() {
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
            (Ecosystem::NPM, url("https://acme.example/api/npm/npm-remote")),
            (Ecosystem::PYPI, url("https://acme.example/api/pypi/pypi-remote")),
            (Ecosystem::CARGO, url("https://acme.example/api/cargo/index")),
        ])
        .beside([RegistryKey::at(Ecosystem::NPM, url("https://acme.example/api/npm"))]);
    let read = |text: &str| {
        let imported = parse(text, Path::new("file"), &mirrors).unwrap();
        (imported.packages().iter().map(Package::to_string).collect::<Vec<_>>(), imported.skipped.len())
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
    let mirrors = Mirrors::default().beside([RegistryKey::at(Ecosystem::PYPI, acme.parse().unwrap())]);
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
        // An option also applies to the lines before it.
        let imported = parse(&format!("x==1.0\n{options}\n"), Path::new("file"), &mirrors).unwrap();
        let packages: Vec<String> = imported.packages().iter().map(Package::to_string).collect();
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
