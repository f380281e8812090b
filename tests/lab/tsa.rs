//! A timestamp authority: signs a digest and a time (RFC 3161) as CMS signed data (RFC 5652).

use chrono::{DateTime, Utc};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyUsagePurpose,
};

use super::{
    authority::ca_params,
    der::{members, octets, oid, sequence, set, small_integer, value},
    keys::{Key, sha256},
};

const EXTENDED_KEY_USAGE: [u64; 4] = [2, 5, 29, 37];
const TIME_STAMPING: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 8];
/// The policy under which sigstore's authority issues.
const POLICY: [u64; 8] = [1, 3, 6, 1, 4, 1, 57264, 2];
const SHA256: [u64; 9] = [2, 16, 840, 1, 101, 3, 4, 2, 1];
const ECDSA_WITH_SHA256: [u64; 7] = [1, 2, 840, 10045, 4, 3, 2];
const SIGNED_DATA: [u64; 7] = [1, 2, 840, 113_549, 1, 7, 2];
const TST_INFO: [u64; 9] = [1, 2, 840, 113_549, 1, 9, 16, 1, 4];
const CONTENT_TYPE: [u64; 7] = [1, 2, 840, 113_549, 1, 9, 3];
const MESSAGE_DIGEST: [u64; 7] = [1, 2, 840, 113_549, 1, 9, 4];
const SIGNING_CERTIFICATE: [u64; 9] = [1, 2, 840, 113_549, 1, 9, 16, 2, 47];

pub struct TimestampAuthority {
    key: Key,
    der: Vec<u8>,
    root_der: Vec<u8>,
}

impl TimestampAuthority {
    pub fn new() -> Self {
        let root = Key::p256();
        let root_params = ca_params("lab timestamp root", ExtendedKeyUsagePurpose::TimeStamping);
        let root_der = root_params.self_signed(&root.pair).unwrap().der().to_vec();
        let key = Key::p256();
        let issuer = Issuer::from_params(&root_params, &root.pair);
        let der = leaf_params().signed_by(&key.pair, &issuer).unwrap().der().to_vec();
        Self { key, der, root_der }
    }

    /// The signer's certificate, then the root.
    pub fn chain(&self) -> [&[u8]; 2] {
        [&self.der, &self.root_der]
    }

    /// A granted `TimeStampResp` over these bytes.
    pub fn stamp(&self, stamped: &[u8], at: DateTime<Utc>) -> Vec<u8> {
        let granted = sequence(&[small_integer(0)]);
        let content = explicit(&self.signed_data(&tst_info(stamped, at)));
        sequence(&[granted, sequence(&[oid(&SIGNED_DATA), content])])
    }

    /// RFC 5652 §5.1.
    fn signed_data(&self, info: &[u8]) -> Vec<u8> {
        sequence(&[
            small_integer(3),
            set(vec![algorithm(&SHA256)]),
            sequence(&[oid(&TST_INFO), explicit(&octets(info))]),
            implicit(&self.der),
            set(vec![self.signer_info(info)]),
        ])
    }

    /// RFC 5652 §5.3: what is signed is the attributes as a SET, what is written is the same under another tag.
    fn signer_info(&self, info: &[u8]) -> Vec<u8> {
        let certificate = sequence(&[sequence(&[sequence(&[octets(&sha256(&self.der))])])]);
        let attributes = set(vec![
            attribute(&CONTENT_TYPE, oid(&TST_INFO)),
            attribute(&MESSAGE_DIGEST, octets(&sha256(info))),
            attribute(&SIGNING_CERTIFICATE, certificate),
        ]);
        sequence(&[
            small_integer(1),
            self.issuer_and_serial(),
            algorithm(&SHA256),
            implicit(&members(&attributes).concat()),
            algorithm(&ECDSA_WITH_SHA256),
            octets(&self.key.sign(&attributes)),
        ])
    }

    /// By which CMS names a certificate: its issuer and its serial number, as they stand in it.
    fn issuer_and_serial(&self) -> Vec<u8> {
        let certificate = members(&self.der);
        let [_version, serial, _algorithm, issuer, ..] = members(certificate[0])[..] else {
            unreachable!("a certificate has more parts")
        };
        sequence(&[issuer.to_vec(), serial.to_vec()])
    }
}

/// RFC 3161 §2.3: the extended key usage is critical and the only one.
fn leaf_params() -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "lab timestamps");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2050, 1, 1);
    let mut usage = CustomExtension::from_oid_content(&EXTENDED_KEY_USAGE, sequence(&[oid(&TIME_STAMPING)]));
    usage.set_criticality(true);
    params.custom_extensions = vec![usage];
    params
}

/// RFC 3161 §2.4.2.
fn tst_info(stamped: &[u8], at: DateTime<Utc>) -> Vec<u8> {
    sequence(&[
        small_integer(1),
        oid(&POLICY),
        sequence(&[algorithm(&SHA256), octets(&sha256(stamped))]),
        small_integer(1),
        value(0x18, at.format("%Y%m%d%H%M%SZ").to_string().as_bytes()),
    ])
}

fn algorithm(arcs: &[u64]) -> Vec<u8> {
    sequence(&[oid(arcs)])
}

fn attribute(arcs: &[u64], content: Vec<u8>) -> Vec<u8> {
    sequence(&[oid(arcs), set(vec![content])])
}

/// `[0] EXPLICIT` of a value.
fn explicit(der: &[u8]) -> Vec<u8> {
    value(0xa0, der)
}

/// `[0] IMPLICIT` of a set with these members.
fn implicit(members: &[u8]) -> Vec<u8> {
    value(0xa0, members)
}
