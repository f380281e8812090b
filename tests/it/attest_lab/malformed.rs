//! Tests of malformed attestation documents: each ends in its check, and a mutated one never proves anything else.

use proptest::prelude::*;
use provwatch::{
    attest::{Verifier, identity},
    model::{Check, Digests, Provenance},
};
use serde_json::json;

use super::{FILE, PURL, digests, npm, npm_document, outcome, pypi, pypi_object, trust, with, workflow};
use crate::lab::{Lab, b64};

#[test]
fn obnoxious_npm_documents_end_in_their_check() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let document = npm_document(&lab, None);
    let material = "/attestations/0/bundle/verificationMaterial";
    let entry = format!("{material}/tlogEntries/0");
    let publish = "/attestations/1/bundle";
    let checkpoint = format!("{entry}/inclusionProof/checkpoint/envelope");
    let note = document.pointer(&checkpoint).unwrap().as_str().unwrap().to_owned();
    for (pointer, value, expected) in [
        ("/attestations".to_owned(), None, Err("unavailable")),
        ("/attestations".to_owned(), Some(json!([])), Err("absent")),
        ("/attestations".to_owned(), Some(json!({"0": 1})), Err("unavailable")),
        ("/attestations/0".to_owned(), None, Err("absent")),
        ("/attestations/1".to_owned(), None, Err("verified")),
        ("/attestations/0/predicateType".to_owned(), Some(json!("https://example.org/unknown")), Err("absent")),
        (
            "/attestations/0/predicateType".to_owned(),
            Some(json!("https://slsa.dev/provenance/v0.2")),
            Ok(Check::PayloadType),
        ),
        ("/attestations/0/bundle".to_owned(), Some(json!("text")), Ok(Check::Format)),
        ("/attestations/0/bundle/mediaType".to_owned(), Some(json!("text/plain")), Err("unavailable")),
        ("/attestations/0/bundle/mediaType".to_owned(), Some(json!(7)), Ok(Check::Format)),
        ("/attestations/0/bundle/dsseEnvelope/payload".to_owned(), Some(json!("%%%")), Ok(Check::Format)),
        ("/attestations/0/bundle/dsseEnvelope/payload".to_owned(), Some(json!(b64(b"{}"))), Ok(Check::Format)),
        (
            "/attestations/0/bundle/dsseEnvelope/payloadType".to_owned(),
            Some(json!("text/plain")),
            Ok(Check::PayloadType),
        ),
        ("/attestations/0/bundle/dsseEnvelope/signatures".to_owned(), Some(json!([])), Ok(Check::Format)),
        (format!("{material}/certificate/rawBytes"), Some(json!("AAAA")), Ok(Check::CertificateChain)),
        (format!("{material}/tlogEntries"), Some(json!([])), Ok(Check::TransparencyLog)),
        (format!("{entry}/inclusionPromise"), None, Ok(Check::Timestamp)),
        (format!("{entry}/integratedTime"), Some(json!("1768215601")), Ok(Check::TransparencyLog)),
        (format!("{entry}/logIndex"), Some(json!("7")), Ok(Check::TransparencyLog)),
        (checkpoint.clone(), Some(json!(note.replace("1001", "1002"))), Ok(Check::TransparencyLog)),
        (checkpoint, Some(json!(note.replacen('\n', " \n", 1))), Ok(Check::TransparencyLog)),
        (format!("{publish}/verificationMaterial/publicKey/hint"), Some(json!("SHA256:other")), Ok(Check::RegistryKey)),
        (format!("{publish}/dsseEnvelope/signatures/0/keyid"), Some(json!("")), Ok(Check::RegistryKey)),
        (format!("{publish}/dsseEnvelope/signatures/0/sig"), Some(json!(b64(b"no signature"))), Ok(Check::Signature)),
        (publish.to_owned(), Some(document["attestations"][0]["bundle"].clone()), Ok(Check::PayloadType)),
    ] {
        let provenance = npm(&verifier, &with(&document, &pointer, value.clone()));
        assert_eq!(outcome(&provenance), expected, "{pointer} {value:?}: {provenance:?}");
    }
    let many = |count: usize| json!({"attestations": vec![document["attestations"][0].clone(); count]});
    assert_eq!(outcome(&npm(&verifier, &many(33))), Err("verified"));
    assert_eq!(outcome(&npm(&verifier, &many(257))), Err("unavailable"));
}

#[test]
fn documents_that_parsers_read_differently_are_refused() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let text = npm_document(&lab, None).to_string();
    let doubled = text.replacen("\"bundle\":", "\"bundle\":null,\"bundle\":", 1);
    let truncated = &text[..text.len() / 2];
    let nested = format!("{}{}", "{\"attestations\":[".repeat(5_000), "]}".repeat(5_000));
    for document in [doubled.as_bytes(), nested.as_bytes()] {
        assert_eq!(outcome(&verifier.npm(document, PURL, &digests())), Ok(Check::Format));
        assert_eq!(outcome(&verifier.pypi(document, FILE, &digests())), Ok(Check::Format));
    }
    let page = &b"<!doctype html><title>Please log in</title>"[..];
    for document in [page, truncated.as_bytes(), b"", b"null", b"[]", b"{}", b"{\"error\": 1}", b"\xff\xfe"] {
        assert_eq!(outcome(&verifier.npm(document, PURL, &digests())), Err("unavailable"));
        assert_eq!(outcome(&verifier.pypi(document, FILE, &digests())), Err("unavailable"));
    }
}

#[test]
fn obnoxious_pypi_objects_end_in_their_check() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let object = pypi_object(&lab, None);
    let bundle = "/attestation_bundles/0";
    let attestation = format!("{bundle}/attestations/0");
    for (pointer, value, expected) in [
        ("/version".to_owned(), Some(json!(2)), Err("unavailable")),
        ("/attestation_bundles".to_owned(), Some(json!([])), Err("absent")),
        (format!("{bundle}/publisher"), None, Err("unavailable")),
        (format!("{bundle}/publisher/repository"), Some(json!("eve/widget")), Ok(Check::Publisher)),
        (format!("{bundle}/publisher/workflow"), Some(json!("other.yml")), Ok(Check::Publisher)),
        (format!("{bundle}/publisher/kind"), Some(json!("Newcomer")), Err("unavailable")),
        (format!("{attestation}/version"), Some(json!(2)), Err("unavailable")),
        (format!("{attestation}/version"), None, Ok(Check::Format)),
        (format!("{attestation}/envelope/statement"), Some(json!(1)), Ok(Check::Format)),
        (format!("{attestation}/envelope/signature"), Some(json!(b64(b"none"))), Ok(Check::Signature)),
        (format!("{attestation}/verification_material/certificate"), Some(json!("")), Ok(Check::CertificateChain)),
        (format!("{attestation}/verification_material/transparency_entries"), Some(json!([1])), Ok(Check::Format)),
    ] {
        let provenance = pypi(&verifier, &with(&object, &pointer, value.clone()));
        assert_eq!(outcome(&provenance), expected, "{pointer} {value:?}: {provenance:?}");
    }
}

/// One flipped character anywhere in a document, or a piece cut out.
#[derive(Clone, Debug)]
struct Mutation {
    place: prop::sample::Index,
    length: usize,
    replacement: Vec<u8>,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    (any::<prop::sample::Index>(), 0..4_usize, prop::collection::vec(any::<u8>(), 0..4))
        .prop_map(|(place, length, replacement)| Mutation { place, length, replacement })
}

impl Mutation {
    fn apply(&self, document: &[u8]) -> Vec<u8> {
        let start = self.place.index(document.len());
        let end = (start + self.length).min(document.len());
        [&document[..start], &self.replacement, &document[end..]].concat()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is done to a document, it never vouches for another file or another builder.
    #[test]
    fn a_mutated_document_never_says_anything_else(mutations in prop::collection::vec(mutation(), 1..4)) {
        let (npm, pypi, verifier) = shared();
        let other = Digests { sha256: Some("11".repeat(32)), sha512: Some("11".repeat(64)), ..Digests::default() };
        let mutate = |document: &[u8]| mutations.iter().fold(document.to_vec(), |bytes, one| one.apply(&bytes));
        let (npm, pypi) = (mutate(npm), mutate(pypi));
        for provenance in [verifier.npm(&npm, PURL, &digests()), verifier.pypi(&pypi, FILE, &digests())] {
            if let Provenance::Verified(verified) = provenance {
                prop_assert_eq!(&verified.identity.claims, &workflow().claims);
            }
        }
        for provenance in [
            verifier.npm(&npm, PURL, &other),
            verifier.npm(&npm, "pkg:npm/%40acme/gadget@1.0.0", &digests()),
            verifier.pypi(&pypi, FILE, &other),
            verifier.pypi(&pypi, "gadget-1.0.0.tar.gz", &digests()),
        ] {
            prop_assert!(!matches!(provenance, Provenance::Verified(_)));
        }
        let _ = identity(&npm);
    }
}

fn shared() -> &'static (Vec<u8>, Vec<u8>, Verifier) {
    static SHARED: std::sync::OnceLock<(Vec<u8>, Vec<u8>, Verifier)> = std::sync::OnceLock::new();
    SHARED.get_or_init(|| {
        let lab = Lab::new();
        let documents = [npm_document(&lab, None), pypi_object(&lab, None)].map(|value| value.to_string().into_bytes());
        let [npm, pypi] = documents;
        (npm, pypi, Verifier::new(&trust(&lab)))
    })
}
