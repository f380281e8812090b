//! Tests of parsing Rekor entries.

use serde_json::{Value, json};

use super::*;

const DER: &[u8] = b"0\x03abc";

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn certificate() -> String {
    b64(format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", b64(DER)))
}

fn body(kind: &str, version: &str, spec: &Value) -> Vec<u8> {
    json!({"apiVersion": version, "kind": kind, "spec": spec}).to_string().into_bytes()
}

/// Every kind and version that is known, each with the digest `ab`.
fn known() -> Vec<(&'static str, &'static str, Value)> {
    let verifier = json!({"keyDetails": "PKIX_ECDSA_P384_SHA_384", "x509Certificate": {"rawBytes": b64(DER)}});
    let hex = json!({"algorithm": "sha256", "value": "AB"});
    vec![
        (
            "hashedrekord",
            "0.0.2",
            json!({"hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": b64([0xab])},
                "signature": {"content": "AA==", "verifier": verifier}, "new": {"field": []},
            }}),
        ),
        (
            "dsse",
            "0.0.2",
            json!({"dsseV002": {
                "payloadHash": {"algorithm": "SHA2_256", "digest": b64([0xab])},
                "signatures": [{"content": "AA==", "verifier": verifier}],
            }}),
        ),
        (
            "hashedrekord",
            "0.0.1",
            json!({
                "data": {"hash": hex}, "signature": {"content": "AA==", "publicKey": {"content": certificate()}},
            }),
        ),
        (
            "dsse",
            "0.0.1",
            json!({
                "payloadHash": hex, "envelopeHash": hex, "signatures": [{"signature": "AA==", "verifier": certificate()}],
            }),
        ),
        (
            "intoto",
            "0.0.2",
            json!({"content": {
                "hash": hex, "payloadHash": hex,
                "envelope": {"payloadType": "x", "signatures": [{"sig": "QUE9PQ==", "publicKey": certificate()}]},
            }}),
        ),
        ("intoto", "0.0.1", json!({"content": {"hash": hex, "payloadHash": hex}, "publicKey": certificate()})),
    ]
}

#[test]
fn every_known_kind_names_its_signer_and_digest() {
    for (kind, version, spec) in known() {
        let body = body(kind, version, &spec);
        let entry = Entry::parse(&body).unwrap_or_else(|error| panic!("{kind} {version}: {error}"));
        assert_eq!((&*entry.kind, &*entry.version), (kind, version));
        assert_eq!(entry.certificates().collect::<Vec<_>>(), [DER], "{kind} {version}");
        assert_eq!(entry.digest.as_deref(), Some("ab"), "{kind} {version}");
    }
}

#[test]
fn bare_keys_of_any_scheme_name_nobody() {
    for key in ["-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", "ssh-ed25519 AAAA", "untrusted comment"]
    {
        let spec = json!({"data": {"hash": {"value": "ab"}}, "signature": {"publicKey": {"content": b64(key)}}});
        let body = body("hashedrekord", "0.0.1", &spec);
        assert_eq!(Entry::parse(&body).map(|entry| entry.signers), Ok(vec![Signatory::Key]), "{key}");
    }
    let verifier = json!({"keyDetails": "PKIX_ED25519_PH", "publicKey": {"rawBytes": "AA=="}});
    let spec = json!({"hashedRekordV002": {"data": {"digest": "qw=="}, "signature": {"verifier": verifier}}});
    let body = body("hashedrekord", "0.0.2", &spec);
    assert_eq!(Entry::parse(&body).map(|entry| entry.signers), Ok(vec![Signatory::Key]));
}

#[test]
fn other_kinds_and_versions_are_named_and_passed_over() {
    for (kind, version) in
        [("rekord", "0.0.1"), ("cose", "0.0.1"), ("hashedrekord", "0.0.3"), ("dsse", "1.0"), ("", "")]
    {
        let body = body(kind, version, &json!("anything"));
        let entry = Entry::parse(&body).expect("not ours to judge");
        assert_eq!((&*entry.kind, &*entry.version, entry.signers.len()), (kind, version, 0));
    }
}

#[test]
fn a_body_that_is_no_entry_says_why() {
    for body in
        [&b""[..], b"{}", b"null", b"[1]", b"{\"kind\": 1}", b"\xff\xfe", b"{\"kind\":\"a\",\"apiVersion\":\"b\"}"]
    {
        let error = Entry::parse(body).expect_err("no entry");
        assert!(matches!(error, EntryError::Envelope(_)), "{error}");
    }
    let long = body(&"k".repeat(101), "1", &json!({}));
    assert!(matches!(Entry::parse(&long), Err(EntryError::Envelope(_))));
    let deep = [b"{\"kind\":\"a\",\"apiVersion\":\"b\",\"spec\":".as_slice(), &vec![b'['; 100_000]].concat();
    assert!(matches!(Entry::parse(&deep), Err(EntryError::Envelope(_))));
}

#[test]
fn a_known_kind_with_another_content_says_which_it_is_not() {
    for (kind, version, spec) in known() {
        for wrong in [json!({}), json!(null), json!([]), json!("x")] {
            let body = body(kind, version, &wrong);
            let error = Entry::parse(&body).expect_err(kind).to_string();
            assert!(error.starts_with(&format!("malformed {kind} {version}: ")), "{error}");
        }
        let text = String::from_utf8(body(kind, version, &spec)).expect("JSON");
        for (good, bad) in [(b64(DER), "*"), (certificate(), "QUE"), ("\"AB\"".to_owned(), "\"xy\"")] {
            let spoiled = text.replace(&good, bad);
            let same = spoiled == text;
            assert_eq!(Entry::parse(spoiled.as_bytes()).is_ok(), same, "{spoiled}");
        }
    }
}

#[test]
fn very_many_signatures_are_refused() {
    let signatures = vec![json!({"verifier": b64("key")}); MAX_SIGNERS + 1];
    let body = body("dsse", "0.0.1", &json!({"payloadHash": {"value": "ab"}, "signatures": signatures}));
    assert!(Entry::parse(&body).expect_err("too many").to_string().contains("65 signatures"));
}
