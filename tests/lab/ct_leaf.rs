//! Makes leaves of certificate transparency logs (RFC 6962 §3.4) from the authority's certificates.

use chrono::{DateTime, Utc};

use super::{Authority, der};

/// The extension that holds embedded SCTs.
const SCT_LIST: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
/// The extension that makes a precertificate useless as a certificate.
const POISON: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 3];

/// An entry as `get-entries` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLeaf {
    pub leaf_input: Vec<u8>,
    pub extra_data: Vec<u8>,
}

impl LogLeaf {
    /// An `x509_entry` of a certificate, with the authority's chain.
    pub fn certificate(authority: &Authority, certificate: &[u8], at: DateTime<Utc>) -> Self {
        let entry = [vec![0, 0], opaque24(certificate)].concat();
        Self { leaf_input: leaf_input(&entry, at), extra_data: chain(authority) }
    }

    /// A `precert_entry`: what was logged before the certificate was issued, and whence its embedded SCT comes.
    pub fn precertificate(authority: &Authority, certificate: &[u8], at: DateTime<Utc>) -> Self {
        let tbs = without(der::members(certificate)[0], &SCT_LIST);
        let entry = [vec![0, 1], authority.issuer_key_hash().to_vec(), opaque24(&tbs)].concat();
        let precertificate = authority.sign_tbs(&with_poison(&tbs));
        Self { leaf_input: leaf_input(&entry, at), extra_data: [opaque24(&precertificate), chain(authority)].concat() }
    }
}

/// Version 1, a timestamped entry, no extensions.
fn leaf_input(entry: &[u8], at: DateTime<Utc>) -> Vec<u8> {
    let timestamp = at.timestamp_millis().to_be_bytes();
    [&[0, 0], timestamp.as_slice(), entry, &[0, 0]].concat()
}

fn chain(authority: &Authority) -> Vec<u8> {
    opaque24(&authority.chain().map(opaque24).concat())
}

/// Bytes after their length, 24 bits.
fn opaque24(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..], bytes].concat()
}

/// A `TBSCertificate` without one of its extensions.
fn without(tbs: &[u8], extension: &[u64]) -> Vec<u8> {
    let id = der::oid(extension);
    with_extensions(tbs, |extensions| extensions.retain(|extension| der::members(extension)[0] != id))
}

fn with_poison(tbs: &[u8]) -> Vec<u8> {
    let poison = der::sequence(&[der::oid(&POISON), der::value(0x01, &[0xff]), der::octets(&[0x05, 0x00])]);
    with_extensions(tbs, |extensions| extensions.push(poison))
}

fn with_extensions(tbs: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut members: Vec<_> = der::members(tbs).into_iter().map(<[u8]>::to_vec).collect();
    let last = members.pop().unwrap();
    let mut extensions = der::members(der::members(&last)[0]).into_iter().map(<[u8]>::to_vec).collect();
    change(&mut extensions);
    members.push(der::value(0xa3, &der::sequence(&extensions)));
    der::sequence(&members)
}
