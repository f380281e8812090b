//! Tests of verifying the registries' real documents against the real trust root.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab::published::{path, read};
use provwatch::{
    attest::{Artifact, Policy, TrustMaterial, VerificationFailure, Verifier, attestations, verify_bundle},
    model::{Check, Digests, Provenance, VerifiedProvenance},
};
use serde_json::{Value, json};

fn verifier() -> Verifier {
    let keys = path("npm-keys.json");
    Verifier::new(&TrustMaterial::from_files(&path("trusted_root.json"), Some(&keys)).unwrap())
}

fn sha512(hex: &str) -> Digests {
    Digests { sha512: Some(hex.to_owned()), ..Digests::default() }
}

fn sha256(hex: &str) -> Digests {
    Digests { sha256: Some(hex.to_owned()), ..Digests::default() }
}

fn verified(provenance: Provenance) -> Box<VerifiedProvenance> {
    match provenance {
        Provenance::Verified(verified) => verified,
        other => panic!("not verified: {other:?}"),
    }
}

fn failed(provenance: &Provenance) -> Check {
    match provenance {
        Provenance::Invalid { check, .. } => *check,
        other => panic!("not invalid: {other:?}"),
    }
}

const SIGSTORE_0_4_0: &str = "282c0c5fa936d264321643581b65d3de5c0af6ed4fdfac12f5851115df39cc25cfaf0ad22d908487bfef30114d61c25746206d1834be4f8fd1659178f77cc004";
const SIGSTORE_1_0_0: &str = "7bea9f6e7ff37f5fab0b36bf061200fff03099fd2fd696b91d04bc5e4f225eb9fd6e0cadcad54ba980f43fb352a99e8810b4e0abeb5c0ef2cf9108cd1f258b36";
const SIGSTORE_2_0_0: &str = "46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c";
const TUF_JS_1_0_0: &str = "d5dc6c4301120f30022634dd607438c09d5ffe87fb8c02d629f2441d205651007fe544c9531f525ba1875e9e266752af7414490a91a3b2ca0f1468b886fc3cfc";

#[test]
fn npms_valid_documents_tell_who_built() {
    let verifier = verifier();
    for (file, purl, digest, shown) in [
        (
            "npm/valid-attestations.json",
            "pkg:npm/sigstore@0.4.0",
            SIGSTORE_0_4_0,
            "github.com/sigstore/sigstore-js publish.yml @ refs/tags/v0.4.0",
        ),
        (
            "npm/cli-valid-sigstore-attestations.json",
            "pkg:npm/sigstore@1.0.0",
            SIGSTORE_1_0_0,
            "github.com/sigstore/sigstore-js publish.yml @ refs/tags/v1.0.0",
        ),
        (
            "npm/cli-valid-tuf-js-attestations.json",
            "pkg:npm/tuf-js@1.0.0",
            TUF_JS_1_0_0,
            "github.com/theupdateframework/tuf-js publish.yml @ refs/tags/v1.0.0",
        ),
    ] {
        let found = verified(verifier.npm(&read(file), purl, &sha512(digest)));
        assert_eq!(found.identity.to_string(), shown, "{file}");
        assert_eq!(found.identity.issuer, "https://token.actions.githubusercontent.com");
        assert_eq!(found.identity.claims.build_trigger.as_deref(), Some("release"));
        assert_eq!(found.log.unwrap().origin, "rekor.sigstore.dev");
        assert!(found.signed_at.is_some());
    }
}

#[test]
fn npms_broken_documents_fail_for_the_reason_in_their_name() {
    let verifier = verifier();
    for (file, check) in [
        ("malformed-subject", Check::Format),
        ("mismatched-keyid", Check::RegistryKey),
        ("mismatched-subject-digest", Check::SubjectDigest),
        ("mismatched-subject-name", Check::SubjectName),
        ("no-keyid", Check::RegistryKey),
        ("unsupported", Check::PayloadType),
    ] {
        let document = read(&format!("npm/{file}-attestations.json"));
        let outcome = verifier.npm(&document, "pkg:npm/sigstore@0.4.0", &sha512(SIGSTORE_0_4_0));
        assert_eq!(failed(&outcome), check, "{file}: {outcome:?}");
    }
}

#[test]
fn the_broken_documents_provenance_holds_where_it_is_not_what_is_broken() {
    let verifier = verifier();
    for (file, broken) in [
        ("malformed-subject", None),
        ("mismatched-subject-digest", None),
        ("mismatched-subject-name", None),
        ("unsupported", None),
        ("no-keyid", Some(Check::Signature)),
    ] {
        let mut document: Value = serde_json::from_slice(&read(&format!("npm/{file}-attestations.json"))).unwrap();
        document["attestations"].as_array_mut().unwrap().truncate(1);
        let outcome = verifier.npm(document.to_string().as_bytes(), "pkg:npm/sigstore@0.4.0", &sha512(SIGSTORE_0_4_0));
        match broken {
            Some(check) => assert_eq!(failed(&outcome), check, "{file}: {outcome:?}"),
            None => drop(verified(outcome)),
        }
    }
}

/// A younger npm provenance with all claims, as a document of its own.
#[test]
fn the_claims_of_a_younger_certificate_are_all_there() {
    let bundle: Value = serde_json::from_slice(&read("bundles/sigstore.js@2.0.0-provenance.sigstore.json")).unwrap();
    let document = json!({"attestations": [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": bundle}]});
    let outcome = verifier().npm(document.to_string().as_bytes(), "pkg:npm/sigstore@2.0.0", &sha512(SIGSTORE_2_0_0));
    let found = verified(outcome);
    let claims = &found.identity.claims;
    assert_eq!(found.identity.workflow_file(), Some("release.yml"));
    assert_eq!(claims.source_repository_uri.as_deref(), Some("https://github.com/sigstore/sigstore-js"));
    assert_eq!(claims.runner_environment.as_deref(), Some("github-hosted"));
    assert_eq!(claims.source_repository_identifier.as_deref(), Some("495574555"));
    assert_eq!(claims.source_repository_owner_identifier.as_deref(), Some("71096353"));
    assert_eq!(claims.source_repository_visibility_at_signing.as_deref(), Some("public"));
    assert_eq!(claims.deployment_environment, None);
}

/// A provenance object around attestations, as PyPI serves it.
fn object(publisher: &Value, attestations: &[Vec<u8>]) -> Vec<u8> {
    let attestations: Vec<Value> =
        attestations.iter().map(|attestation| serde_json::from_slice(attestation).unwrap()).collect();
    json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": attestations}]})
        .to_string()
        .into_bytes()
}

const PYPI_ATTESTATIONS: &str = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";
const GITLAB_PROJECT: &str = "c1ca9b0d85df1606451098233018534497bf584362e10e4a8c21dfaea92c02a8";
const RFC8785: &str = "c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201";

#[test]
fn pypis_provenance_object_tells_who_built() {
    let verifier = verifier();
    let file = "pypi_attestations-0.0.19.tar.gz";
    let document = read(&format!("pypi/{file}.provenance"));
    let found = verified(verifier.pypi(&document, file, &sha256(PYPI_ATTESTATIONS)));
    assert_eq!(found.identity.to_string(), "github.com/trailofbits/pypi-attestations release.yml @ refs/tags/v0.0.19");
    assert_eq!(found.log.unwrap().origin, "rekor.sigstore.dev - 1193050959916656506");
    let other_spelling = verifier.pypi(&document, "Pypi.Attestations-0.0.19.tar.gz", &sha256(PYPI_ATTESTATIONS));
    verified(other_spelling);
    let other_file = verifier.pypi(&document, "pypi_attestations-0.0.20.tar.gz", &sha256(PYPI_ATTESTATIONS));
    assert_eq!(failed(&other_file), Check::SubjectName);
    assert_eq!(failed(&verifier.pypi(&document, file, &sha256(RFC8785))), Check::SubjectDigest);
}

#[test]
fn pypis_attestations_hold_or_fail_one_by_one() {
    let verifier = verifier();
    let github = |repository: &str| json!({"kind": "GitHub", "repository": repository, "workflow": "release.yml"});
    let ours = github("trailofbits/pypi-attestations");
    let gitlab = json!({"kind": "GitLab", "repository": "facutuesca/gitlab-oidc-project", "workflow_filepath": ".gitlab-ci.yml"});
    let attestation = |name: &str| read(&format!("pypi/{name}.attestation"));
    let publish = attestation("pypi_attestations-0.0.19.tar.gz.publish");
    let slsa = attestation("pypi_attestations-0.0.19.tar.gz.slsa");
    let from_gitlab = attestation("gitlab_oidc_project-0.0.3.tar.gz.publish");
    let sdist = ("pypi_attestations-0.0.19.tar.gz", PYPI_ATTESTATIONS);
    let gitlab_sdist = ("gitlab_oidc_project-0.0.3.tar.gz", GITLAB_PROJECT);

    for (publisher, attestations, (file, digest)) in
        [(&ours, vec![publish.clone()], sdist), (&gitlab, vec![from_gitlab.clone()], gitlab_sdist)]
    {
        verified(verifier.pypi(&object(publisher, &attestations), file, &sha256(digest)));
    }
    for (publisher, attestations, (file, digest), check) in [
        (&github("eve/pypi-attestations"), vec![publish.clone()], sdist, Check::Publisher),
        (&gitlab, vec![publish.clone()], sdist, Check::Publisher),
        (&ours, vec![from_gitlab.clone()], gitlab_sdist, Check::Publisher),
        (&ours, vec![publish.clone(), from_gitlab.clone()], sdist, Check::SubjectName),
    ] {
        let outcome = verifier.pypi(&object(publisher, &attestations), file, &sha256(digest));
        assert_eq!(failed(&outcome), check, "{file} {publisher}: {outcome:?}");
    }
    verified(verifier.pypi(&object(&ours, &[publish, slsa]), sdist.0, &sha256(sdist.1)));
}

/// Staging's log is unknown to production, and so is staging's authority: what is left to hold then is nothing that a
/// stranger could not make, so this is a forgery and not a doubt. It would be a doubt if the certificate and the time of
/// signing held without the log, as in the test after this one.
#[test]
fn what_staging_signed_does_not_hold_in_production() {
    let file = "rfc8785-0.1.2-py3-none-any.whl";
    let publisher = json!({"kind": "GitHub", "repository": "trailofbits/rfc8785.py", "workflow": "release.yml"});
    let document = object(&publisher, &[read(&format!("pypi/{file}.publish.attestation"))]);
    let outcome = verifier().pypi(&document, file, &sha256(RFC8785));
    assert_eq!(failed(&outcome), Check::TransparencyLog, "{outcome:?}");
    let staging = Verifier::new(&TrustMaterial::staging()).pypi(&document, file, &sha256(RFC8785));
    assert_eq!(failed(&staging), Check::Publisher, "a person signed it: {staging:?}");
}

/// A bundle with a timestamp of an authority, seen with a trust root that does not know its log.
#[test]
fn a_trust_root_that_is_out_of_date_is_a_doubt_and_no_forgery() {
    let mut root: Value = serde_json::from_slice(&read("trusted_root.json")).unwrap();
    root["tlogs"].as_array_mut().unwrap().retain(|log| log["baseUrl"] != "https://rekor.sigstore.dev");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), root.to_string()).unwrap();
    let trust = TrustMaterial::from_files(file.path(), None).unwrap();
    let bundle = read("bundles/cosign-v3-blob.sigstore.json");
    let blob = read("bundles/cosign-v3-blob.txt");
    let (identity, issuer) = ("w.vollprecht@gmail.com", "https://github.com/login/oauth");
    let check = |blob: &[u8], identity| {
        verify_bundle(&bundle, Artifact::Bytes(blob), Policy::Identity { identity, issuer }, &trust).unwrap_err()
    };
    let doubt = check(&blob, identity);
    assert_eq!(doubt.check(), None, "{doubt}");
    assert!(doubt.to_string().contains("does not know the transparency log"), "{doubt}");
    assert!(check(b"another file", identity).check().is_some(), "what else is wrong is no doubt");
    assert!(check(&blob, "eve@example.org").check().is_some(), "who else signed is no doubt");
}

#[test]
fn foreign_predicate_types_are_not_pypis() {
    let bundle: Value = serde_json::from_slice(&read("bundles/conda-attestation.sigstore.json")).unwrap();
    let attestation = json!({
        "version": 1,
        "verification_material": {
            "certificate": bundle["verificationMaterial"]["certificate"]["rawBytes"],
            "transparency_entries": bundle["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {
            "statement": bundle["dsseEnvelope"]["payload"],
            "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
        },
    });
    let publisher = json!({"kind": "GitHub", "repository": "a/b", "workflow": "c.yml"});
    let document = object(&publisher, &[attestation.to_string().into_bytes()]);
    let digest = "54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";
    let outcome = verifier().pypi(&document, "signed-package-2.1.0-hb0f4dca_0.conda", &sha256(digest));
    assert_eq!(failed(&outcome), Check::PayloadType, "{outcome:?}");
}

#[test]
fn the_embedded_trust_material_says_the_same() {
    let verifier = Verifier::new(&TrustMaterial::embedded());
    let document = read("npm/valid-attestations.json");
    verified(verifier.npm(&document, "pkg:npm/sigstore@0.4.0", &sha512(SIGSTORE_0_4_0)));
}

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GEM: &str = "77339159c377db36b9218521bdd193d21e1b86b3dbcd7af53b904fb5f4d4ab54";

#[test]
fn message_signatures_hold_over_their_file_and_for_their_signer_only() {
    let trust = TrustMaterial::from_files(&path("trusted_root.json"), None).unwrap();
    let bundle = read("rubygems/sigstore-1.0.0.gem.sigstore.json");
    let digest: [u8; 32] = hex::decode(GEM).unwrap().try_into().unwrap();
    let repository = "sigstore-conformance/extremely-dangerous-public-oidc-beacon";
    let workflow = "extremely-dangerous-oidc-beacon.yml";
    let signer = &format!("https://github.com/{repository}/.github/workflows/{workflow}@refs/heads/main");
    let check = |artifact, identity, issuer| {
        verify_bundle(&bundle, artifact, Policy::Identity { identity, issuer }, &trust)
            .map(|verified| verified.identity.unwrap().to_string())
            .map_err(|failure| failure.check())
    };
    let gem = Artifact::Sha256(digest);
    assert_eq!(check(gem, signer, GITHUB), Ok(format!("github.com/{repository} {workflow} @ refs/heads/main")));
    assert_eq!(check(gem, "https://github.com/eve/x", GITHUB), Err(Some(Check::Publisher)));
    assert_eq!(check(gem, signer, "https://gitlab.com"), Err(Some(Check::Publisher)));
    assert_eq!(check(Artifact::Bytes(b"another gem"), signer, GITHUB), Err(Some(Check::SubjectDigest)));
    let key = verify_bundle(&bundle, gem, Policy::Key(b"no key"), &trust);
    assert!(matches!(key, Err(VerificationFailure::Unavailable { .. })));
}

#[test]
fn bare_bundles_of_other_tools_verify() {
    let trust = TrustMaterial::embedded();
    let blob = read("bundles/cosign-v3-blob.txt");
    let package = hex::decode("54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f").unwrap();
    for (file, artifact, identity, issuer) in [
        (
            "bundles/cosign-v3-blob.sigstore.json",
            Artifact::Bytes(&blob),
            "w.vollprecht@gmail.com",
            "https://github.com/login/oauth",
        ),
        (
            "bundles/conda-attestation.sigstore.json",
            Artifact::Sha256(package.try_into().unwrap()),
            "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main",
            GITHUB,
        ),
    ] {
        let policy = Policy::Identity { identity, issuer };
        let verified = verify_bundle(&read(file), artifact, policy, &trust).unwrap();
        assert_eq!(verified.identity.unwrap().subject, identity);
        assert_eq!(verified.log.unwrap().origin, "rekor.sigstore.dev - 1193050959916656506");
    }
}

/// The same files without the release that they must speak of, as `provwatch verify` takes them: how many attestations
/// hold of how many.
#[test]
fn real_files_are_read_as_they_are() {
    let verifier = verifier();
    for (file, holding, all) in [
        ("npm/valid-attestations.json", 2, 2),
        ("npm/cli-valid-tuf-js-attestations.json", 2, 2),
        ("npm/no-keyid-attestations.json", 1, 2),
        ("pypi/pypi_attestations-0.0.19.tar.gz.provenance", 1, 1),
        ("pypi/pypi_attestations-0.0.19.tar.gz.slsa.attestation", 1, 1),
        ("pypi/gitlab_oidc_project-0.0.3.tar.gz.publish.attestation", 1, 1),
        ("pypi/rfc8785-0.1.2-py3-none-any.whl.publish.attestation", 0, 1),
        ("bundles/sigstore.js@2.0.0-provenance.sigstore.json", 1, 1),
        ("bundles/conda-attestation.sigstore.json", 1, 1),
        ("bundles/cosign-v3-blob.sigstore.json", 1, 1),
        ("bundles/odd/p384-sha384.sigstore.json", 1, 1),
        ("bundles/odd/p521-sha512.sigstore.json", 1, 1),
        ("bundles/odd/github-provenance-demo.bundle.jsonl", 0, 1),
    ] {
        let found = attestations(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let holds: Vec<_> = found.iter().map(|one| one.verify(&verifier, None)).collect();
        assert_eq!((holds.iter().filter(|one| one.is_ok()).count(), holds.len()), (holding, all), "{file}: {holds:?}");
        assert!(found.iter().all(|one| !one.about.is_empty()), "{file} says of what it speaks");
    }
}
