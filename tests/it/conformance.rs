//! Runs the cases of sigstore-conformance's `bundle-verify` by the suite's own command line. A folder whose name ends
//! in `_fail` must be refused and every other one accepted, by the path of the file and by its digest alike.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::lab::{
    keys::sha256,
    program::{Said, provwatch},
    published,
};

/// Who signs where a case does not say it.
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(published::path("conformance/bundle-verify")).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

/// What the suite passes on for a case, but for the artifact.
fn arguments(case: &Path) -> Vec<String> {
    let file = |name: &str| Some(case.join(name)).filter(|path| path.is_file());
    let at = |path: PathBuf| path.to_str().unwrap().to_owned();
    let said = |name: &str, usual: &str| {
        file(name).map_or(usual.to_owned(), |path| fs::read_to_string(path).unwrap().trim().to_owned())
    };
    let mut arguments = vec!["verify-bundle".to_owned(), "--bundle".to_owned(), at(case.join("bundle.sigstore.json"))];
    match file("key.pub") {
        Some(key) => arguments.extend(["--key".to_owned(), at(key)]),
        None => arguments.extend([
            "--certificate-identity".to_owned(),
            said("identity", IDENTITY),
            "--certificate-oidc-issuer".to_owned(),
            said("issuer", ISSUER),
        ]),
    }
    arguments.extend(file("trusted_root.json").into_iter().flat_map(|root| ["--trusted-root".to_owned(), at(root)]));
    arguments
}

/// A file and its digest, as the suite names what was signed.
fn artifacts(case: &Path) -> [String; 2] {
    let own = case.join("artifact");
    let file = if own.is_file() { own } else { case.with_file_name("a.txt") };
    let digest = format!("sha256:{}", hex::encode(sha256(&fs::read(&file).unwrap())));
    [file.to_str().unwrap().to_owned(), digest]
}

#[test]
fn every_case_of_the_suite_is_judged_as_it_says() {
    let home = tempfile::tempdir().unwrap();
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    for case in cases() {
        let must_fail = case.to_str().unwrap().ends_with("_fail");
        for artifact in artifacts(&case) {
            let mut arguments = arguments(&case);
            arguments.push(artifact);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let said = Said::by(&mut provwatch(home.path(), &arguments));
            match said.code {
                0 => accepted += 1,
                _ => refused += 1,
            }
            if (said.code != 0) != must_fail {
                wrong.push(format!("{arguments:?}\n{said}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!((accepted, refused), (42, 98), "all cases are there");
}
