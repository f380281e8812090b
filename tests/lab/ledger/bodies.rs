//! The bodies of entries as each kind of log writes them.

use serde_json::json;

use super::Api;
use crate::lab::{b64, keys::sha256};

/// A leaf by nobody, as this kind of log writes it.
pub fn body(api: Api, number: usize) -> Vec<u8> {
    match api {
        Api::Ct | Api::StaticCt => ct_leaf(format!("nobody {number}").as_bytes()),
        Api::Tiles | Api::RekorV1 => filler(number),
    }
}

/// A body by nobody.
pub fn filler(number: usize) -> Vec<u8> {
    hashedrekord(format!("certificate of nobody {number}").as_bytes(), &sha256(&number.to_be_bytes()))
}

/// An entry of Rekor v2 over a digest, signed with a certificate.
pub fn hashedrekord(certificate: &[u8], digest: &[u8; 32]) -> Vec<u8> {
    let verifier = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": b64(certificate)}});
    let signature = json!({"content": b64(b"signature"), "verifier": verifier});
    let data = json!({"algorithm": "SHA2_256", "digest": b64(digest)});
    let spec = json!({"hashedRekordV002": {"data": data, "signature": signature}});
    json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec}).to_string().into_bytes()
}

/// An entry of Rekor v2 over an envelope, signed with several certificates.
pub fn dsse(certificates: &[&[u8]], digest: &[u8; 32]) -> Vec<u8> {
    let signature = |der: &&[u8]| {
        let verifier = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": b64(der)}});
        json!({"content": b64(b"signature"), "verifier": verifier})
    };
    let signatures: Vec<_> = certificates.iter().map(signature).collect();
    let hash = json!({"algorithm": "SHA2_256", "digest": b64(digest)});
    let spec = json!({"dsseV002": {"payloadHash": hash, "signatures": signatures}});
    json!({"apiVersion": "0.0.2", "kind": "dsse", "spec": spec}).to_string().into_bytes()
}

/// A leaf of a CT log.
pub fn ct_leaf(certificate: &[u8]) -> Vec<u8> {
    let length = u32::try_from(certificate.len()).unwrap().to_be_bytes();
    [&[0, 0], 7_u64.to_be_bytes().as_slice(), &[0, 0], &length[1..], certificate, &[0, 0]].concat()
}
