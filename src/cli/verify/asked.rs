//! The arguments of `provwatch verify`, with the kind of the one that may be a file, a digest or a purl.

use std::path::{Path, PathBuf};

use super::{artifact, conditions::Conditions};
use crate::{
    app,
    attest::{FileDigests, TrustMaterial, Verifier},
    cli::{
        context::Context,
        exit::{CliError, FailOn},
        output::Printing,
        target,
    },
    model::ReleaseId,
};

/// Largest file of attestations, in bytes. Real ones have some ten KiB.
const MAX_DOCUMENT: u64 = 8 << 20;

/// Verify a file of attestations, a release by its purl, or a stored file by its digest
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch verify axios.sigstore.json --artifact axios-1.14.1.tgz
  provwatch verify attestations.json --repository axios/axios --workflow ci.yml
  provwatch verify --bundle widget.intoto.jsonl widget-1.0.tar.gz
  provwatch verify pkg:npm/axios@1.14.1 --ref refs/tags/v1.14.1
  provwatch verify sha512-Zl7z…==

FILE has attestations: one Sigstore bundle, or one on each line, npm's attestations document, PyPI's provenance \
object, or GitHub's answer. The command verifies each offline: certificate, time, log, signature. It fetches and \
verifies a release, compares it with the baseline if its package has one, and records nothing. It looks up a digest, \
or a file without attestations, among the stored releases. A name in the form of a digest or a purl is never a file: \
write ./NAME for such a file.

Without conditions the command accepts every signer: check the printed one, or require one.

Exit codes: 0 everything is valid · 1 something is invalid · 3 a condition is not met, or the release differs from \
its baseline at or above --fail-on · 4 something is unchecked, unattested or unknown")]
pub struct Verify {
    /// The file, purl or digest to verify
    #[arg(value_name = "FILE|DIGEST|PURL")]
    pub(super) target: String,
    /// The file with the attestations of the target
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// The file that the attestations must be about, or its digest
    #[arg(long, value_name = "FILE|DIGEST", conflicts_with = "bundle")]
    artifact: Option<String>,
    /// A file with the trust root [default: the trust root of the configuration]
    #[arg(long, value_name = "FILE")]
    pub(super) trusted_root: Option<PathBuf>,
    #[command(flatten)]
    pub(super) fail_on: FailOn,
    #[command(flatten)]
    pub(super) printing: Printing,
    // Last, as their heading holds for all that follows.
    #[command(flatten)]
    pub(super) conditions: Conditions,
}

/// The subject of the verification.
pub(super) enum Asked {
    /// Attestations, and the file that they must be about.
    Attestations(Vec<u8>, Option<FileDigests>),
    File(FileDigests),
    Release(ReleaseId),
}

impl Verify {
    /// Text that looks like a digest or a purl is one: a file of that name, written by an attacker, must not replace
    /// it.
    pub(super) fn asked(&self) -> Result<Asked, CliError> {
        let path = Path::new(&self.target);
        if let Some(bundle) = &self.bundle {
            let file = artifact::named(&self.target)?;
            return Ok(Asked::Attestations(artifact::read(bundle, MAX_DOCUMENT)?, Some(file)));
        }
        let file = self.artifact.as_deref().map(artifact::named).transpose()?;
        let digest = artifact::digest(&self.target);
        let is_purl = self.target.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("pkg:"));
        if file.is_some() && (digest.is_some() || is_purl || !path.exists()) {
            return Err(self.needs_attestations());
        }
        if let Some(digest) = digest {
            return digest.map(Asked::File).map_err(|why| artifact::not_a_digest(&self.target, &why));
        }
        if is_purl {
            let release = target::release(&self.target).map(Asked::Release);
            return release.map_err(|why| artifact::hinting_at_a_file(CliError::usage(why), &self.target));
        }
        if path.exists() {
            return self.file(path, file);
        }
        let next =
            "give a file that exists, a digest (sha512-…, sha256:…), or a purl with a version (pkg:npm/axios@1.14.1)";
        Err(CliError::usage(format!("{:?} is neither a file nor a digest nor a purl", self.target)).next(next))
    }

    /// A JSON file holds attestations; any other is a published file.
    fn file(&self, path: &Path, artifact: Option<FileDigests>) -> Result<Asked, CliError> {
        let bytes = artifact::read(path, artifact::limit())?;
        let is_json = bytes.trim_ascii_start().first().is_some_and(|first| b"{[".contains(first));
        match (is_json, artifact) {
            (true, artifact) => Ok(Asked::Attestations(bytes, artifact)),
            (false, None) => Ok(Asked::File(artifact::digests_of(&bytes))),
            (false, Some(_)) => Err(self.needs_attestations()),
        }
    }

    fn needs_attestations(&self) -> CliError {
        CliError::usage(format!("--artifact needs a file of attestations, and {:?} is not one", self.target))
            .next("provwatch verify --bundle ATTESTATIONS FILE")
    }

    pub(super) fn verifier(&self, context: &Context) -> Result<Verifier, CliError> {
        let verifier = app::verifier(&context.config).map_err(CliError::usage)?;
        let Some(root) = &self.trusted_root else { return Ok(verifier) };
        let keys = context.config.trust.npm_keys.as_deref();
        Ok(Verifier::new(&TrustMaterial::from_files(root, keys).map_err(CliError::usage)?))
    }
}
