//! Tests of reading attestation files of every form, malformed and generated ones included.

use std::sync::LazyLock;

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;

#[test]
fn what_is_no_attestation_is_named() {
    for (document, said) in [
        ("", "not JSON"),
        ("not JSON", "not JSON"),
        ("{\"a\": 1", "not JSON"),
        ("{}\n{", "not JSON"),
        ("{}", "an empty object"),
        ("[]", "an empty list"),
        ("[[[[[]]]]]", "a list within lists"),
        ("1", "a single value"),
        (r#"{"name": "axios", "versions": {}}"#, "the keys name, versions"),
        (r#"{"attestations": [{"name": 1}]}"#, "the keys name"),
    ] {
        let error = attestations(document.as_bytes()).expect_err(document).to_string();
        assert!(error.contains(said), "{document}: {error}");
    }
    let many = format!("[{}]", vec!["{\"base64Signature\": 1}"; MAX_ATTESTATIONS + 1].join(","));
    assert_eq!(attestations(many.as_bytes()).unwrap_err(), NotAttestations::TooMany);
}

#[test]
fn what_cannot_be_verified_is_an_attestation_all_the_same() {
    for (document, kept, place) in [
        (r#"{"payload": "", "payloadType": "", "signatures": []}"#, Kept::Envelope, ""),
        (r#"[{"_type": "x", "predicateType": "y"}]"#, Kept::Statement, "attestation 1"),
        ("{\"base64Signature\": \"\"}\n\n{\"base64Signature\": \"\"}\n", Kept::Cosign, "line 1"),
    ] {
        let found = attestations(document.as_bytes()).unwrap();
        assert_eq!((found[0].kept, found[0].place.as_str()), (kept, place));
        let failure = found[0].verify(&VERIFIER, None).unwrap_err();
        assert_eq!(failure.check(), None, "could not check: {failure}");
    }
    let found = attestations(br#"{"verificationMaterial": 1}"#).unwrap();
    assert_eq!(found[0].verify(&VERIFIER, None).unwrap_err().check(), Some(Check::Format));
}

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(&TrustMaterial::embedded()));

/// Keys of the documents that are read: random generation alone would never produce one.
const KEYS: [&str; 30] = [
    "_type",
    "attestation",
    "attestation_bundles",
    "attestations",
    "base64Signature",
    "bundle",
    "certificate",
    "content",
    "digest",
    "dsseEnvelope",
    "envelope",
    "kind",
    "mediaType",
    "messageSignature",
    "name",
    "payload",
    "payloadType",
    "predicateType",
    "publisher",
    "rawBytes",
    "sig",
    "signature",
    "signatures",
    "statement",
    "subject",
    "tlogEntries",
    "verificationMaterial",
    "verification_material",
    "version",
    "x509CertificateChain",
];

/// Values that some of these keys have.
fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[A-Za-z0-9+/]{0,24}={0,2}".prop_map(Value::from),
        Just(json!("application/vnd.dev.sigstore.bundle.v0.3+json")),
        Just(json!("application/vnd.in-toto+json")),
        Just(json!("https://in-toto.io/Statement/v1")),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(6, 48, 6, |inner| {
        let object = vec((prop::sample::select(&KEYS[..]), inner.clone()), 0..6);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()),
        ]
    })
}

/// Any value in the places of attestations.
fn in_place() -> impl Strategy<Value = Value> {
    let publisher = json!({"kind": "GitHub", "repository": "acme/widget", "workflow": "release.yml"});
    (document(), document(), 0..4_usize).prop_map(move |(one, other, shape)| match shape {
        0 => json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": one, "dsseEnvelope": other}),
        1 => json!({"attestations": [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": one}, other]}),
        2 => json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": [one, other]}]}),
        _ => json!({"version": 1, "verification_material": one, "envelope": other}),
    })
}

/// Any file is refused or holds only invalid attestations; also beside another file.
fn hold_nothing(document: &[u8]) -> Result<(), TestCaseError> {
    let Ok(found) = attestations(document) else { return Ok(()) };
    prop_assert!((1..=MAX_ATTESTATIONS).contains(&found.len()));
    let file = FileDigests::from([("sha256".to_owned(), "0".repeat(64))]);
    for one in found {
        prop_assert!(one.verify(&VERIFIER, None).is_err(), "{one:?}");
        prop_assert!(one.verify(&VERIFIER, Some(&file)).is_err(), "{one:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn bytes_that_nobody_signed_never_hold(bytes in vec(any::<u8>(), 0..200)) {
        hold_nothing(&bytes)?;
    }

    #[test]
    fn a_document_that_nobody_signed_never_holds(document in prop_oneof![document(), in_place()]) {
        hold_nothing(document.to_string().as_bytes())?;
    }

    #[test]
    fn lines_that_nobody_signed_never_hold(lines in vec(in_place(), 0..4), cut in any::<prop::sample::Index>()) {
        let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        hold_nothing(text.as_bytes())?;
        hold_nothing(&text.as_bytes()[..cut.index(text.len() + 1)])?;
    }
}
