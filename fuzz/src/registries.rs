//! Fuzz targets for the package documents of registries. Whatever they say, no version that they list is lost: it is
//! described, or said to be unreadable.

use bytes::Bytes;
use futures::executor::block_on;
use provwatch::{
    model::Package,
    registry::{CargoRegistry, Known, NpmRegistry, PackageDocument, PackageState, PypiRegistry, Question, Registry},
};
use serde_json::Value;

use crate::web::{body, client, seed};

const MAX: u64 = 1 << 20;

const PROJECT: &[u8] = include_bytes!("../seeds/pypi_project/widget");
const SIMPLE: &[u8] = include_bytes!("../seeds/pypi_simple/widget");
const INDEX: &[u8] = include_bytes!("../seeds/crates_index/widget");
const VERSIONS: &[u8] = include_bytes!("../seeds/crates_versions/widget");
const OWNERS: &[u8] = include_bytes!("../seeds/crates_owners/widget");

fn url(text: &str) -> url::Url {
    text.parse().expect("a constant URL")
}

/// What a registry makes of its answers about a package.
fn document(
    registry: &dyn Registry,
    package: &str,
    answers: impl IntoIterator<Item = (&'static str, Bytes)>,
) -> Option<PackageDocument> {
    let package: Package = package.parse().expect("a constant package");
    let known = Known::default();
    let question = Question { known: &known, validators: None, revision: None };
    match block_on(registry.package(&client(answers), &package, question)) {
        Ok(PackageState::Current(document)) => Some(*document),
        _ => None,
    }
}

/// Every version that the document lists is described, or waits for its description, or is unreadable.
fn assert_complete(document: &PackageDocument) {
    let incomplete = document.behind.iter().flat_map(|behind| &behind.incomplete);
    let described = document.releases.iter().chain(incomplete).map(|release| release.id.version());
    let told: Vec<&str> = described.chain(document.unreadable.iter().map(|(version, _)| version.as_str())).collect();
    for (version, _) in &document.versions {
        assert!(told.contains(&version.as_str()), "{version:?} is lost");
    }
}

pub fn npm_packument(bytes: &[u8]) {
    let registry = NpmRegistry::new(url("https://npm.example/"), MAX);
    let Some(document) = document(&registry, "pkg:npm/widget", [("/widget", body(bytes))]) else { return };
    let Ok(Value::Object(read)) = serde_json::from_slice(bytes) else { return };
    let versions = read.get("versions").and_then(Value::as_object);
    for version in versions.into_iter().flat_map(|versions| versions.keys()) {
        let described = document.releases.iter().any(|release| release.id.version() == version);
        let unreadable = document.unreadable.iter().any(|(what, _)| what == version);
        assert!(described || unreadable, "{version:?} is lost");
    }
}

fn pypi(simple: Bytes, project: Bytes) {
    let registry = PypiRegistry::new(url("https://pypi.example/"), MAX);
    let answers = [("/simple/widget/", simple), ("/pypi/widget/json", project)];
    if let Some(document) = document(&registry, "pkg:pypi/widget", answers) {
        assert_complete(&document);
    }
}

pub fn pypi_simple(bytes: &[u8]) {
    pypi(body(bytes), seed(PROJECT));
}

pub fn pypi_project(bytes: &[u8]) {
    pypi(seed(SIMPLE), body(bytes));
}

fn crates(index: Bytes, versions: Bytes, owners: Bytes) -> Option<PackageDocument> {
    let registry = CargoRegistry::new(url("https://crates.example/"), url("https://index.example/"), MAX);
    let answers = [("/wi/dg/widget", index), ("/widget/versions", versions), ("/widget/owners", owners)];
    let document = document(&registry, "pkg:cargo/widget", answers)?;
    assert_complete(&document);
    Some(document)
}

pub fn crates_index(bytes: &[u8]) {
    crates(body(bytes), seed(VERSIONS), seed(OWNERS));
}

pub fn crates_versions(bytes: &[u8]) {
    crates(seed(INDEX), body(bytes), seed(OWNERS));
}

pub fn crates_owners(bytes: &[u8]) {
    crates(seed(INDEX), seed(VERSIONS), body(bytes));
}
