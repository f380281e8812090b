//! Benchmarks of verifying what npm and PyPI serve: certificate chain, certificate timestamp, log promise and proof,
//! signature, subject. One thread; a throughput counts bundles, of which an npm document has two (provenance and
//! publish attestation).

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use provwatch::{
    attest::{TrustMaterial, Verifier},
    model::{Digests, Provenance},
};
use serde_json::json;

#[path = "../tests/lab/mod.rs"]
mod lab;

use lab::{Breakage, Lab, Workflow};

/// Documents of different releases, so that nothing is verified twice in a row.
const DOCUMENTS: usize = 32;
/// Entries that the log has before ours: proofs have this many hashes' depth.
const LOGGED: usize = 1 << 10;
const AT: &str = "2026-01-12T11:00:00Z";

/// The files that the published documents attest.
const SIGSTORE_1_0_0: &str = "7bea9f6e7ff37f5fab0b36bf061200fff03099fd2fd696b91d04bc5e4f225eb9fd6e0cadcad54ba980f43fb352a99e8810b4e0abeb5c0ef2cf9108cd1f258b36";
const PYPI_ATTESTATIONS: &str = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";

/// A document of a registry, and what it must attest.
struct Document {
    bytes: Vec<u8>,
    subject: String,
    digests: Digests,
}

fn laboratory() -> Lab {
    let lab = Lab::new();
    for entry in 0..LOGGED {
        lab.log.append("dsse", "0.0.1", &json!({"some other": entry}), 0);
    }
    lab
}

fn verifier(lab: &Lab) -> Verifier {
    let folder = tempfile::tempdir().unwrap();
    let (root, keys) = (folder.path().join("trusted_root.json"), folder.path().join("keys.json"));
    std::fs::write(&root, lab.trusted_root().to_string()).unwrap();
    std::fs::write(&keys, lab.npm_keys().to_string()).unwrap();
    Verifier::new(&TrustMaterial::from_files(&root, Some(&keys)).unwrap())
}

fn workflow(number: usize) -> Workflow {
    Workflow::github("acme/widget", "release.yml", &format!("refs/tags/v1.0.{number}"))
}

fn npm_documents(lab: &Lab, broken: Option<Breakage>) -> Vec<Document> {
    let mint = |number| {
        let subject = format!("pkg:npm/widget@1.0.{number}");
        let sha512 = hex::encode(lab::keys::sha512(subject.as_bytes()));
        let document = lab.npm_attestations(&subject, &sha512, &workflow(number), AT.parse().unwrap(), broken);
        let digests = Digests { sha512: Some(sha512), ..Digests::default() };
        Document { bytes: document.to_string().into_bytes(), subject, digests }
    };
    (0..DOCUMENTS).map(mint).collect()
}

fn pypi_documents(lab: &Lab) -> Vec<Document> {
    let mint = |number| {
        let subject = format!("widget-1.0.{number}-py3-none-any.whl");
        let sha256 = hex::encode(lab::keys::sha256(subject.as_bytes()));
        let document = lab.pypi_provenance(&subject, &sha256, &workflow(number), AT.parse().unwrap(), None);
        let digests = Digests { sha256: Some(sha256), ..Digests::default() };
        Document { bytes: document.to_string().into_bytes(), subject, digests }
    };
    (0..DOCUMENTS).map(mint).collect()
}

/// Verifies documents of one kind, each of which must come out as expected.
fn bench(c: &mut Criterion, name: &str, bundles: usize, documents: &[Document], is_right: impl Fn(&Document) -> bool) {
    assert!(documents.iter().all(&is_right), "{name} do not come out as expected");
    let mut group = c.benchmark_group("verify");
    group.throughput(Throughput::Elements((bundles * documents.len()) as u64));
    group.bench_function(name, |b| {
        b.iter(|| documents.iter().filter(|document| is_right(black_box(document))).count());
    });
    group.finish();
}

fn documents(c: &mut Criterion) {
    let lab = laboratory();
    let verifier = verifier(&lab);
    let npm = |document: &Document| verifier.npm(&document.bytes, &document.subject, &document.digests);
    let pypi = |document: &Document| verifier.pypi(&document.bytes, &document.subject, &document.digests);
    bench(c, "npm documents", 2, &npm_documents(&lab, None), |document| {
        matches!(npm(document), Provenance::Verified(_))
    });
    bench(c, "PyPI documents", 1, &pypi_documents(&lab), |document| matches!(pypi(document), Provenance::Verified(_)));
    let broken = npm_documents(&lab, Some(Breakage::Signature));
    bench(c, "npm documents with a broken signature", 2, &broken, |document| {
        matches!(npm(document), Provenance::Invalid { .. })
    });
}

/// Documents that the public instances signed, whose certificates hang on P-384.
fn published(c: &mut Criterion) {
    let verifier = Verifier::new(&TrustMaterial::embedded());
    let npm = Document {
        bytes: lab::published::read("npm/cli-valid-sigstore-attestations.json"),
        subject: "pkg:npm/sigstore@1.0.0".to_owned(),
        digests: Digests { sha512: Some(SIGSTORE_1_0_0.to_owned()), ..Digests::default() },
    };
    bench(c, "a published npm document", 2, &[npm], |document| {
        matches!(verifier.npm(&document.bytes, &document.subject, &document.digests), Provenance::Verified(_))
    });
    let file = "pypi_attestations-0.0.19.tar.gz";
    let pypi = Document {
        bytes: lab::published::read(&format!("pypi/{file}.provenance")),
        subject: file.to_owned(),
        digests: Digests { sha256: Some(PYPI_ATTESTATIONS.to_owned()), ..Digests::default() },
    };
    bench(c, "a published PyPI document", 1, &[pypi], |document| {
        matches!(verifier.pypi(&document.bytes, &document.subject, &document.digests), Provenance::Verified(_))
    });
}

fn signatures(c: &mut Criterion) {
    let lab = laboratory();
    let verifier = verifier(&lab);
    let message = "widget@1.0.0:sha512-abc";
    let signed = lab::attestation::npm_signature(&lab.npm_key, message);
    let signature = [(signed["keyid"].as_str().unwrap(), signed["sig"].as_str().unwrap(), message)];
    c.bench_function("verify/a registry signature of npm", |b| {
        b.iter(|| verifier.npm_signatures(black_box(&signature), AT.parse().unwrap()).unwrap());
    });
}

criterion_group!(benches, documents, published, signatures);
criterion_main!(benches);
