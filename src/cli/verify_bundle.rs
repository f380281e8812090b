//! `provwatch verify-bundle`: verifies one Sigstore bundle, with the command line of sigstore-conformance.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    exit::{CliError, Exit, Outcome},
    output::{self, Printing},
    words,
};
use crate::{
    attest::{self, Artifact, Policy, TrustMaterial, Verified},
    bounded,
    model::{Claims, LogEntry},
    text::moment,
};

/// Largest bundle, in bytes. Real ones have some 10 KiB.
const MAX_BUNDLE: u64 = 16 << 20;
/// Largest file that is verified, in bytes; give the digest of a larger one.
const MAX_FILE: u64 = 1 << 30;

/// Verify one Sigstore bundle, with the options of sigstore-conformance
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch verify-bundle --bundle a.sigstore.json a.tgz \\
      --certificate-identity mail@example.org \\
      --certificate-oidc-issuer https://accounts.example.org
  provwatch verify-bundle --bundle a.sigstore.json --key k.pub sha256:9f86…

The command verifies offline: certificate chain and timestamp, signature, log inclusion, signing time, digest, and \
signer.

Exit codes: 0 accepted · 1 rejected by the check that the message names, or impossible to check · 2 a file cannot be \
read")]
pub struct VerifyBundle {
    /// Trust Sigstore's staging instance instead of the public one, unless --trusted-root is given
    #[arg(long)]
    staging: bool,
    /// The bundle, version 0.1 to 0.3
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// The required signer: the certificate's subject alternative name (an address, a URI or a user name)
    #[arg(long, value_name = "IDENTITY", requires = "certificate_oidc_issuer", required_unless_present = "key")]
    certificate_identity: Option<String>,
    /// The required OIDC issuer; '' for a certificate that names none, such as those of GitHub's releases. Such a
    /// certificate proves the content, not the builder
    #[arg(long, value_name = "URL", requires = "certificate_identity", required_unless_present = "key")]
    certificate_oidc_issuer: Option<String>,
    /// A PEM file with the required public key, for a signature without a certificate
    #[arg(long, value_name = "FILE", conflicts_with_all = ["certificate_identity", "certificate_oidc_issuer"])]
    key: Option<PathBuf>,
    /// A file with the trust root, or with several, one on each line [default: the trust roots of this version, the
    /// public one and GitHub's]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// The signed file, or its digest
    #[arg(value_name = "FILE|sha256:HEX")]
    artifact: String,
    #[command(flatten)]
    printing: Printing,
}

impl VerifyBundle {
    pub fn run(&self) -> Outcome {
        let bundle = read(&self.bundle, MAX_BUNDLE)?;
        let key = self.key.as_deref().map(|key| read(key, MAX_BUNDLE)).transpose()?;
        let trust = self.trust()?;
        let file = self.file()?;
        let artifact = match &file {
            Signed::File(bytes) => Artifact::Bytes(bytes),
            Signed::Sha256(digest) => Artifact::Sha256(*digest),
        };
        match attest::verify_bundle(&bundle, artifact, self.policy(key.as_deref()), &trust) {
            Ok(verified) => self.accept(&verified),
            Err(failure) => self.reject(&failure),
        }
    }

    fn trust(&self) -> Result<TrustMaterial, CliError> {
        match &self.trusted_root {
            Some(root) => TrustMaterial::from_files(root, None).map_err(CliError::usage),
            None if self.staging => Ok(TrustMaterial::staging()),
            None => Ok(TrustMaterial::embedded().with_github()),
        }
    }

    fn policy<'a>(&'a self, key: Option<&'a [u8]>) -> Policy<'a> {
        match key {
            Some(key) => Policy::Key(key),
            // The command line has either a key or both of these.
            None => Policy::Identity {
                identity: self.certificate_identity.as_deref().unwrap_or_default(),
                issuer: self.certificate_oidc_issuer.as_deref().unwrap_or_default(),
            },
        }
    }

    /// A file has precedence, even if its name looks like a digest.
    fn file(&self) -> Result<Signed, CliError> {
        let path = Path::new(&self.artifact);
        match self.artifact.strip_prefix("sha256:").filter(|_| !path.exists()) {
            Some(digits) => sha256(digits),
            None => Ok(Signed::File(read(path, MAX_FILE)?)),
        }
    }

    fn accept(&self, verified: &Verified) -> Outcome {
        if self.printing.is_json() {
            output::json(&accepted(verified))?;
        } else {
            print(verified);
        }
        Ok(Exit::Clean)
    }

    fn reject(&self, failure: &attest::VerificationFailure) -> Outcome {
        // Unsupported input is not accepted, and not called invalid.
        let (status, verb) =
            if failure.check().is_some() { ("invalid", "rejected") } else { ("unavailable", "not accepted") };
        if self.printing.is_json() {
            output::json(&BundleAnswer::Rejected { status, reason: failure.to_string() })?;
            return Ok(Exit::Failed);
        }
        Err(CliError::failed(format!("{verb}: {failure}")))
    }
}

/// What came of it, in the form of an observation's `attestation`.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum BundleAnswer<'a> {
    /// It holds.
    Accepted {
        /// `verified`.
        status: &'static str,
        /// The verified time of signing; null where nothing vouches for one.
        signed_at: Option<DateTime<Utc>>,
        /// Where it is logged; null where it is not.
        log: Option<&'a LogEntry>,
        /// The OIDC issuer; missing where a key signed, or the certificate names none and so proves the content alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        issuer: Option<&'a str>,
        /// The certificate's subject alternative name.
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a str>,
        /// What else the certificate says.
        #[serde(skip_serializing_if = "Option::is_none")]
        claims: Option<&'a Claims>,
    },
    /// It does not hold, or could not be checked.
    Rejected {
        /// `invalid`, or `unavailable` where this version or its trust root cannot tell.
        status: &'static str,
        /// Why.
        reason: String,
    },
}

fn accepted(verified: &Verified) -> BundleAnswer<'_> {
    let identity = verified.identity.as_ref();
    BundleAnswer::Accepted {
        status: "verified",
        signed_at: verified.signed_at,
        log: verified.log.as_ref(),
        issuer: identity.map(|identity| identity.issuer.as_str()),
        subject: identity.map(|identity| identity.subject.as_str()).or(verified.subject.as_deref()),
        claims: identity.map(|identity| &identity.claims),
    }
}

fn print(verified: &Verified) {
    output::line("verified");
    match (&verified.identity, &verified.subject) {
        (Some(identity), _) => {
            output::line(format!("  signed by   {}", words::sentence(&identity.subject)));
            output::line(format!("  issuer      {}", words::sentence(&identity.issuer)));
        }
        (None, Some(subject)) => {
            output::line(format!("  signed by   {}", words::sentence(subject)));
            output::line("  issuer      none: it proves the content, not the builder");
        }
        (None, None) => output::line("  signed by   the given key"),
    }
    if let Some(at) = verified.signed_at {
        output::line(format!("  signed at   {}", moment(at)));
    }
    if let Some(entry) = &verified.log {
        output::line(format!("  logged by   {}, entry {}", words::sentence(&entry.origin), entry.index));
    }
}

/// The signed content.
enum Signed {
    File(Vec<u8>),
    Sha256([u8; 32]),
}

fn sha256(digits: &str) -> Result<Signed, CliError> {
    let mut digest = [0; 32];
    hex::decode_to_slice(digits, &mut digest).map_err(|error| {
        CliError::usage(format!("sha256:{digits} is not a digest: {error}")).next("give 64 hex digits")
    })?;
    Ok(Signed::Sha256(digest))
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let failed = |why: String| CliError::usage(format!("cannot read {}: {why}", path.display()));
    let bytes = bounded::read(path, limit).map_err(|error| failed(error.to_string()))?;
    bytes.ok_or_else(|| failed(format!("it is larger than {} MiB", limit >> 20)))
}
