//! The text in a bundle that tells how to check it without provwatch.

use std::fmt::Write as _;

use super::{manifest::Member, tar::Files};
use crate::text::plain;

const BEGINNING: &str = "\
Evidence about releases of packages, as provwatch stored it.

manifest.json    what this is about, what it lacks, and the SHA-256 of every file
SHA256SUMS       the same sums for sha256sum
incident.json    the incident: its releases, notes and decisions
releases/NNNN/   one folder for each release, see the list below
  release.json         what was observed of it, and what came of the check
  alert.json           the alert that it raised; alert-history.json: what people did about it
  document-N.json      an attestation document, byte for byte as the registry served it
  document-N.about.json  what it attests, and when it was fetched
  document-N.bundle-M.sigstore.json  a Sigstore bundle of that document
logs/NAME/       signed checkpoints of the transparency logs that the attestations name

How to check it

1. That nothing was altered since it was made:
     sha256sum --check SHA256SUMS
   or, with the attestations verified again, offline:
     provwatch incident verify BUNDLE.tar
2. That a Sigstore bundle is genuine. It proves who signed, when, and that the signature is in a public log. You need the
   file that was signed, from the registry or from a machine that installed it:
     cosign verify-blob-attestation --new-bundle-format --bundle FILE.sigstore.json \\
       --certificate-identity SUBJECT --certificate-oidc-issuer ISSUER --type slsaprovenance1 PACKAGE-FILE
   SUBJECT and ISSUER are in release.json, under observation.attestation.
3. That a PyPI attestation (document-N.json of kind pypi-provenance) is genuine:
     pypi-attestations verify pypi --repository REPOSITORY PACKAGE-FILE
4. That the log has the entry, while the log exists:
     rekor-cli get --log-index INDEX      (observation.attestation.log.index in release.json)
   The inclusion proof itself is in each Sigstore bundle, under verificationMaterial.tlogEntries.
5. That a checkpoint is signed by the log: it is a signed note, see https://c2sp.org/signed-note. The log's key is in
   Sigstore's trusted_root.json.

What cannot be checked afterwards: the time at which provwatch observed something, and what a registry said without a
signature. For these, the head of the history in manifest.json can be compared with a head that was noted elsewhere.

Releases
";

/// The text.
pub(super) fn text(members: &[Member], files: &Files) -> String {
    let mut text = BEGINNING.to_owned();
    for member in members {
        let documents = files.keys().filter(|path| is_document(path, &member.folder)).count();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}  {}  ({documents} attestation documents)",
            member.folder,
            plain(&member.purl.to_string(), 300)
        );
    }
    text
}

fn is_document(path: &str, folder: &str) -> bool {
    let name = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix("/document-"));
    name.is_some_and(|name| name.strip_suffix(".json").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit())))
}
