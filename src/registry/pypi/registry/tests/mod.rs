//! Tests of describing projects from PyPI's documents.

mod document;
mod exchange;
mod mutations;

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    clock::ManualClock,
    http::{ScriptedTransport, Validators},
    model::{Aspect, Provenance, Unread},
    registry::PackageState,
};

const SIMPLE: &str = "/simple/sampleproject/";
const JSON: &str = "/pypi/sampleproject/json";

fn registry() -> PypiRegistry {
    PypiRegistry::new(Url::parse("https://pypi.example/").unwrap(), 64 << 20)
}

fn package() -> Package {
    Package::new(Ecosystem::PYPI, "sampleproject").unwrap()
}

fn set(versions: &[&str]) -> Known {
    versions.iter().map(|version| (*version).to_owned()).collect()
}

fn file(name: &str, time: &str, provenance: bool) -> Value {
    json!({
        "filename": name, "url": format!("https://files.example/packages/{name}"), "hashes": {"sha256": "0ace".repeat(16)},
        "requires-python": ">=3.9", "size": 51024, "upload-time": time, "yanked": false,
        "core-metadata": {"sha256": "1bdf".repeat(16)}, "data-dist-info-metadata": false,
        "provenance": provenance.then(|| format!("https://elsewhere.example/{name}/provenance")),
    })
}

fn simple(versions: &Value, files: &[Value]) -> Value {
    json!({
        "meta": {"_last-serial": 25_977_000, "api-version": "1.4"}, "name": "sampleproject",
        "project-status": {"status": "active"}, "versions": versions, "files": files,
    })
}

fn sampleproject() -> Value {
    simple(
        &json!(["3.0.0", "4.0.0"]),
        &[
            file("sampleproject-3.0.0.tar.gz", "2022-12-01T19:51:04.321098Z", false),
            file("sampleproject-4.0.0-py3-none-any.whl", "2024-11-06T22:37:10.868088Z", true),
            file("sampleproject-4.0.0.tar.gz", "2024-11-06T22:37:08.012345Z", true),
        ],
    )
}

fn project_json() -> Value {
    json!({
        "info": {"name": "sampleproject", "version": "4.0.0", "requires_dist": ["peppercorn"],
                 "project_urls": {"Source": "https://github.com/pypa/sampleproject/"}},
        "ownership": {"roles": [{"role": "Owner", "user": "theacodes"}], "organization": "pypa"},
    })
}

struct Asked {
    state: Result<PackageState, RegistryError>,
    transport: Arc<ScriptedTransport>,
}

impl Asked {
    fn document(self) -> PackageDocument {
        match self.state {
            Ok(PackageState::Current(document)) => *document,
            other => panic!("no document: {other:?}"),
        }
    }
}

async fn ask(answers: &[(&str, u16, String)], question: Question<'_>) -> Asked {
    let transport = Arc::new(ScriptedTransport::new());
    let headers = [("x-pypi-last-serial", "25977001"), ("etag", "\"abc\"")];
    for (url, status, body) in answers {
        transport.answer(url, *status, &headers, body.clone());
    }
    let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
    Asked { state: registry().package(&http, &package(), question).await, transport }
}

fn about(known: &Known) -> Question<'_> {
    Question { known, validators: None, revision: None }
}

/// Reads a simple document without further requests.
fn read(body: &Value, known: &[&str]) -> Result<PackageDocument, String> {
    let project = Project::read(body.to_string().as_bytes(), &package())?;
    Ok(registry().document(&package(), project, &set(known)))
}
