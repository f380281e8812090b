//! A certificate authority like Fulcio: a root, an intermediate, and short-lived leaves. The leaves have the claims of
//! a workflow and an embedded timestamp of a CT log (RFC 6962).

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::model::{Claim, Claims};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyUsagePurpose, SanType, SerialNumber,
};
use time::OffsetDateTime;

use super::{
    Breakage, der,
    keys::{Key, sha256},
};

/// The arc of Fulcio's extensions.
const FULCIO: [u64; 9] = [1, 3, 6, 1, 4, 1, 57264, 1, 0];
/// The extension that holds embedded SCTs.
const SCT_LIST: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

pub struct Authority {
    root: Key,
    root_der: Vec<u8>,
    intermediate: Key,
    intermediate_params: CertificateParams,
    intermediate_der: Vec<u8>,
    pub ct_key: Key,
}

/// What the certificate says of who builds.
#[derive(Clone, Debug)]
pub struct Workflow {
    pub issuer: String,
    pub subject: String,
    pub claims: Claims,
}

impl Workflow {
    /// A GitHub Actions workflow of `owner/name`, with ids that follow from the names unless they are set afterwards.
    pub fn github(repository: &str, file: &str, git_ref: &str) -> Self {
        let (owner, _) = repository.split_once('/').unwrap();
        let uri = format!("https://github.com/{repository}");
        let config = format!("{uri}/.github/workflows/{file}@{git_ref}");
        let number = |text: &str| (u32::from_be_bytes(sha256(text.as_bytes())[..4].try_into().unwrap())).to_string();
        let commit = hex::encode(&sha256(config.as_bytes())[..20]);
        let claims = Claims {
            build_signer_uri: Some(config.clone()),
            build_signer_digest: Some(commit.clone()),
            runner_environment: Some("github-hosted".to_owned()),
            source_repository_uri: Some(uri.clone()),
            source_repository_digest: Some(commit.clone()),
            source_repository_ref: Some(git_ref.to_owned()),
            source_repository_identifier: Some(number(repository)),
            source_repository_owner_uri: Some(format!("https://github.com/{owner}")),
            source_repository_owner_identifier: Some(number(owner)),
            build_config_uri: Some(config.clone()),
            build_config_digest: Some(commit),
            build_trigger: Some("push".to_owned()),
            run_invocation_uri: Some(format!("{uri}/actions/runs/1/attempts/1")),
            source_repository_visibility_at_signing: Some("public".to_owned()),
            ..Claims::default()
        };
        Self { issuer: "https://token.actions.githubusercontent.com".to_owned(), subject: config, claims }
    }

    /// What a certificate says of it.
    pub fn extensions(&self) -> Vec<CustomExtension> {
        let claims = Claim::ALL.iter().filter_map(|claim| Some((claim, self.claims.get(*claim)?)));
        let claims = claims.map(|(claim, value)| extension(u64::from(claim.number()), value));
        std::iter::once(extension(8, &self.issuer)).chain(claims).collect()
    }

    #[must_use]
    pub fn with(mut self, claim: Claim, value: &str) -> Self {
        self.claims.set(claim, value.to_owned());
        self
    }
}

/// A leaf and its key.
pub struct Leaf {
    pub der: Vec<u8>,
    pub key: Key,
}

impl Authority {
    pub fn new() -> Self {
        let root = Key::p256();
        let root_params = ca_params("lab root", ExtendedKeyUsagePurpose::CodeSigning);
        let root_der = root_params.self_signed(&root.pair).unwrap().der().to_vec();
        let intermediate = Key::p256();
        let intermediate_params = ca_params("lab intermediate", ExtendedKeyUsagePurpose::CodeSigning);
        let issuer = Issuer::from_params(&root_params, &root.pair);
        let intermediate_der = intermediate_params.signed_by(&intermediate.pair, &issuer).unwrap().der().to_vec();
        Self { root, root_der, intermediate, intermediate_params, intermediate_der, ct_key: Key::p256() }
    }

    /// Intermediate, then root.
    pub fn chain(&self) -> [&[u8]; 2] {
        [&self.intermediate_der, &self.root_der]
    }

    /// A leaf that is valid for ten minutes from `at`.
    pub fn issue(&self, workflow: &Workflow, at: DateTime<Utc>) -> Leaf {
        self.issue_broken(workflow, at, None)
    }

    /// A leaf whose extensions may be broken.
    pub fn issue_broken(&self, workflow: &Workflow, at: DateTime<Utc>, broken: Option<Breakage>) -> Leaf {
        let mut extensions = workflow.extensions();
        let repository = u64::from(Claim::SourceRepositoryUri.number());
        match broken {
            Some(Breakage::DuplicateExtension) => {
                extensions.push(extension(repository, "https://github.com/acme/other"));
            }
            Some(Breakage::UndecodableExtension) => {
                extensions.retain(|extension| extension.oid_components().last() != Some(repository));
                extensions.push(raw_extension(repository, vec![0x0c, 0x7f, 0xff]));
            }
            _ => {}
        }
        self.issue_with(&workflow.subject, extensions, at)
    }

    /// A leaf with extensions of the caller's making.
    pub fn issue_with(&self, subject: &str, extensions: Vec<CustomExtension>, at: DateTime<Utc>) -> Leaf {
        self.certify(SanType::URI(subject.try_into().unwrap()), extensions, at, Key::p256())
    }

    /// A leaf for a key of the caller's.
    pub fn issue_for(&self, workflow: &Workflow, at: DateTime<Utc>, key: Key) -> Leaf {
        self.certify(SanType::URI(workflow.subject.as_str().try_into().unwrap()), workflow.extensions(), at, key)
    }

    /// A leaf with a name of any kind.
    pub fn certify(&self, name: SanType, extensions: Vec<CustomExtension>, at: DateTime<Utc>, key: Key) -> Leaf {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.serial_number = Some(SerialNumber::from_slice(&key.id()[..16]));
        params.not_before = offset(at - TimeDelta::minutes(1));
        params.not_after = offset(at + TimeDelta::minutes(9));
        params.subject_alt_names = vec![name];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.use_authority_key_identifier_extension = true;
        params.custom_extensions = extensions;
        let issuer = Issuer::from_params(&self.intermediate_params, &self.intermediate.pair);
        let precertificate = params.signed_by(&key.pair, &issuer).unwrap().der().to_vec();
        params.custom_extensions.push(self.sct_list(der::members(&precertificate)[0], at));
        let der = params.signed_by(&key.pair, &issuer).unwrap().der().to_vec();
        Leaf { der, key }
    }

    /// How precertificates name the key that will sign the certificate (RFC 6962 §3.2).
    pub fn issuer_key_hash(&self) -> [u8; 32] {
        sha256(&self.intermediate.spki())
    }

    /// The certificate of a `TBSCertificate`.
    pub fn sign_tbs(&self, tbs: &[u8]) -> Vec<u8> {
        let algorithm = der::members(tbs)[2].to_vec();
        let signature = der::value(0x03, &[&[0], self.intermediate.sign(tbs).as_slice()].concat());
        der::sequence(&[tbs.to_vec(), algorithm, signature])
    }

    /// The extension with one timestamp over the precertificate (RFC 6962 §3.2, §3.3).
    fn sct_list(&self, tbs: &[u8], at: DateTime<Utc>) -> CustomExtension {
        let timestamp = u64::try_from(at.timestamp_millis()).unwrap().to_be_bytes();
        let mut signed = vec![0, 0];
        signed.extend(timestamp);
        signed.extend([0, 1]);
        signed.extend(self.issuer_key_hash());
        signed.extend(&u32::try_from(tbs.len()).unwrap().to_be_bytes()[1..]);
        signed.extend(tbs);
        signed.extend([0, 0]);
        let signature = self.ct_key.sign(&signed);

        let mut sct = vec![0];
        sct.extend(self.ct_key.id());
        sct.extend(timestamp);
        sct.extend([0, 0, 4, 3]);
        sct.extend(length16(signature.len()));
        sct.extend(signature);
        let mut list = length16(sct.len() + 2).to_vec();
        list.extend(length16(sct.len()));
        list.extend(sct);
        CustomExtension::from_oid_content(&SCT_LIST, der::octets(&list))
    }
}

/// A Fulcio extension `.n`, DER UTF8String.
pub fn extension(n: u64, value: &str) -> CustomExtension {
    raw_extension(n, der::value(0x0c, value.as_bytes()))
}

/// A Fulcio extension `.n` with any content.
pub fn raw_extension(n: u64, content: Vec<u8>) -> CustomExtension {
    let mut oid = FULCIO;
    oid[8] = n;
    CustomExtension::from_oid_content(&oid, content)
}

/// What a certificate authority says of itself, and for what it certifies.
pub fn ca_params(name: &str, usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "lab.example");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![usage];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2050, 1, 1);
    params
}

fn offset(at: DateTime<Utc>) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.timestamp()).unwrap()
}

fn length16(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap().to_be_bytes()
}
