//! Verifying what npm and PyPI serve: certificate chain, certificate timestamp, log promise and proof, signature, subject.
//! One thread; a throughput counts bundles, of which an npm document has two (provenance and publish attestation).

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

fn documents(c: &mut Criterion) {
    let lab = laboratory();
    let verifier = verifier(&lab);
    let npm = |document: &Document| verifier.npm(&document.bytes, &document.subject, &document.digests);
    let pypi = |document: &Document| verifier.pypi(&document.bytes, &document.subject, &document.digests);
    let verified = |provenance: &Provenance| matches!(provenance, Provenance::Verified(_));
    let invalid = |provenance: &Provenance| matches!(provenance, Provenance::Invalid { .. });

    let mut group = c.benchmark_group("verify");
    let mut bench = |name,
                     bundles: usize,
                     documents: &[Document],
                     verify: &dyn Fn(&Document) -> Provenance,
                     expected: &dyn Fn(&Provenance) -> bool| {
        for document in documents {
            let provenance = verify(document);
            assert!(expected(&provenance), "{name}: {provenance:?}");
        }
        group.throughput(Throughput::Elements((bundles * documents.len()) as u64));
        group.bench_function(name, |b| {
            b.iter(|| documents.iter().filter(|document| expected(&verify(black_box(document)))).count());
        });
    };
    bench("npm documents", 2, &npm_documents(&lab, None), &npm, &verified);
    bench("PyPI documents", 1, &pypi_documents(&lab), &pypi, &verified);
    bench("npm documents with a broken signature", 2, &npm_documents(&lab, Some(Breakage::Signature)), &npm, &invalid);
    group.finish();
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

criterion_group!(benches, documents, signatures);
criterion_main!(benches);
