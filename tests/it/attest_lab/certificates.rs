//! Tests of odd certificates in attestations: unreadable or duplicate extensions, deprecated claims, and empty ones.

use base64::{Engine, prelude::BASE64_STANDARD};
use provwatch::{
    attest::{Verifier, identity},
    model::{Check, Claim},
};
use serde_json::{Value, json};

use super::{at, outcome, pypi, pypi_object, trust, with, workflow};
use crate::lab::{Lab, authority, b64, der, keys::sha256};

#[test]
fn unreadable_extensions_are_not_passed_over() {
    let lab = Lab::new();
    let subject = workflow().subject;
    let issuer = || authority::extension(8, "https://token.actions.githubusercontent.com");
    let utf8 = |text: &str| der::value(0x0c, text.as_bytes());
    for extensions in [
        vec![],
        vec![authority::extension(8, "")],
        vec![issuer(), authority::extension(15, "1"), authority::extension(15, "2")],
        vec![issuer(), issuer()],
        vec![issuer(), authority::raw_extension(12, b"bare text".to_vec())],
        vec![issuer(), authority::raw_extension(12, Vec::new())],
        vec![issuer(), authority::raw_extension(12, der::value(0x0c, b"\xff"))],
        vec![issuer(), authority::raw_extension(12, der::value(0x16, b"an IA5String"))],
        vec![issuer(), authority::raw_extension(12, [utf8("text"), utf8("and more")].concat())],
        vec![issuer(), authority::extension(12, &"x".repeat(5_000))],
        vec![issuer(), authority::raw_extension(3, b"\xff".to_vec())],
    ] {
        let leaf = lab.authority.issue_with(&subject, extensions, at());
        let failure = identity(&leaf.der).expect_err("unreadable");
        assert_eq!(failure.check(), Some(Check::CertificateExtensions), "{failure}");
    }
    for garbage in [&b""[..], b"\x30\x82", b"not a certificate"] {
        assert_eq!(identity(garbage).unwrap_err().check(), Some(Check::CertificateChain));
    }
}

#[test]
fn a_duplicate_claim_spoils_an_attestation_that_holds_otherwise() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let object = pypi_object(&lab, None);
    let mut extensions = vec![authority::extension(8, &workflow().issuer)];
    for claim in Claim::ALL {
        extensions
            .extend(workflow().claims.get(*claim).map(|value| authority::extension(claim.number().into(), value)));
    }
    let sound = lab.authority.issue_with(&workflow().subject, extensions.clone(), at());
    extensions.push(authority::extension(12, "https://github.com/eve/widget"));
    let spoiled = lab.authority.issue_with(&workflow().subject, extensions, at());
    for (leaf, expected) in [(sound, Err("verified")), (spoiled, Ok(Check::CertificateExtensions))] {
        let resigned = resign(&lab, &object, &leaf);
        assert_eq!(outcome(&pypi(&verifier, &resigned)), expected);
    }
}

/// The object with its attestation signed anew, with another certificate.
fn resign(lab: &Lab, object: &Value, leaf: &authority::Leaf) -> Value {
    let attestation = &object["attestation_bundles"][0]["attestations"][0];
    let payload = BASE64_STANDARD.decode(attestation["envelope"]["statement"].as_str().unwrap()).unwrap();
    let kind = "application/vnd.in-toto+json";
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend(&payload);
    let signature = b64(&leaf.key.sign(&signed));
    let lines = b64(&leaf.der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
        .collect::<String>();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n");
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hex::encode(sha256(b"unused"))},
            "payloadHash": {"algorithm": "sha256", "value": hex::encode(sha256(&payload))},
            "signatures": [{"signature": signature, "verifier": b64(pem.as_bytes())}],
        },
    });
    let entry = lab.log.append("dsse", "0.0.1", &body, at().timestamp());
    let place = "/attestation_bundles/0/attestations/0";
    let object = with(object, &format!("{place}/envelope/signature"), Some(json!(signature)));
    let object = with(&object, &format!("{place}/verification_material/certificate"), Some(json!(b64(&leaf.der))));
    with(&object, &format!("{place}/verification_material/transparency_entries"), Some(json!([entry])))
}

#[test]
fn certificates_of_before_2023_speak_through_the_deprecated_claims() {
    let lab = Lab::new();
    let extensions = [
        (1, "https://token.actions.githubusercontent.com"),
        (2, "release"),
        (3, "0000000000000000000000000000000000000000"),
        (4, "Publish"),
        (5, "acme/widget"),
        (6, "refs/tags/v1.0.0"),
    ]
    .map(|(number, text)| authority::raw_extension(number, text.as_bytes().to_vec()));
    let leaf = lab.authority.issue_with(&workflow().subject, extensions.to_vec(), at());
    let identity = identity(&leaf.der).unwrap();
    assert_eq!(identity.to_string(), "github.com/acme/widget release.yml @ refs/tags/v1.0.0");
    assert_eq!(identity.claims.build_trigger.as_deref(), Some("release"));
    assert_eq!(identity.claims.source_repository_identifier, None);
}

#[test]
fn claims_without_content_are_no_claims() {
    let lab = Lab::new();
    let extensions = vec![
        authority::extension(8, "https://oidc.circleci.com/org/1"),
        authority::extension(11, "\"\""),
        authority::extension(14, ""),
    ];
    let leaf =
        lab.authority.issue_with("https://circleci.com/api/v2/projects/1/pipeline-definitions/2", extensions, at());
    let identity = identity(&leaf.der).unwrap();
    assert_eq!(identity.claims.runner_environment, None);
    assert_eq!(identity.claims.source_repository_ref, None);
}
