//! Reads a version's `dist`: digests of the tarball, registry signatures, and the presence of attestations.

use std::fmt;

use serde_json::value::RawValue;

use super::{address::Addresses, integrity};
use crate::{
    model::{Digests, EvidenceKind, File, ReleaseId, Unread},
    registry::{
        AttestationSource, RegistrySignature,
        document::{self, MAX_TEXT},
    },
    strict_json::Fields,
};

/// Most bytes of an integrity text; one SHA-512 has 95. It is repeated in the message of every signature.
const MAX_INTEGRITY: usize = 2048;

/// Most registry signatures of a version; real ones have one or two.
const MAX_SIGNATURES: usize = 16;

/// A version's `dist`, without its unreadable parts.
#[derive(Default)]
pub(super) struct Dist<'a> {
    fields: Fields<'a>,
    integrity: Option<String>,
    is_attested: bool,
    names_provenance: bool,
}

impl<'a> Dist<'a> {
    /// Reads the `dist` of a version.
    pub(super) fn read(version: &Fields<'a>, unread: &mut Unread) -> Self {
        let dist = version.object("dist").and_then(|dist| dist.ok_or_else(|| "dist is missing".to_owned()));
        let fields = match dist {
            Ok(fields) => fields,
            Err(why) => {
                unread.because(Unread::FILES, why.clone());
                unread.because(Unread::ATTESTATION, why.clone());
                unread.because(Unread::SIGNATURES, why);
                return Self::default();
            }
        };
        let integrity = fields.get("integrity", MAX_INTEGRITY + 2).map_err(of_dist);
        let integrity = unread.noted(Unread::FILES, integrity).flatten();
        let is_attested = fields.every("attestations").next().is_some();
        check_attestations(&fields, unread);
        let announced = fields.object("attestations").ok().flatten();
        let names_provenance =
            announced.is_some_and(|announced| announced.object("provenance").is_ok_and(|it| it.is_some()));
        Self { fields, integrity, is_attested, names_provenance }
    }

    /// The tarball.
    pub(super) fn file(&self, id: &ReleaseId) -> File {
        let name = self.file_name().unwrap_or_else(|| usual_file_name(id));
        File { name, digests: self.digests(), uploaded_at: None, yanked: false, attestation: None }
    }

    /// Versions of before 2017 have only a SHA-1.
    fn digests(&self) -> Digests {
        let stated = self.integrity.as_deref().map(integrity::digests).unwrap_or_default();
        Digests { sha1: self.shasum(), ..Digests::default() }.or(stated)
    }

    fn shasum(&self) -> Option<String> {
        let shasum: String = self.fields.get("shasum", MAX_TEXT).ok()??;
        let is_sha1 = shasum.len() == 40 && shasum.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_sha1.then(|| shasum.to_ascii_lowercase())
    }

    /// The last part of the tarball's URL, if it looks like a file's name.
    fn file_name(&self) -> Option<String> {
        let url: String = self.fields.get("tarball", MAX_TEXT).ok()??;
        let name = url.rsplit('/').next()?;
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte);
        name.strip_suffix(".tgz").filter(|stem| stem.bytes().all(plain)).map(|_| name.to_owned())
    }

    /// The attestations to verify. The address is built from the registry's own base: the document's could lead
    /// anywhere.
    pub(super) fn evidence(&self, id: &ReleaseId, addresses: &Addresses) -> Vec<AttestationSource> {
        let evidence = self.is_attested.then(|| AttestationSource {
            kind: EvidenceKind::NpmAttestations,
            url: addresses.attestations(id),
            // The statement names no registry.
            subject: format!("{}@{}", id.package().public_namesake(), id.version()),
            digests: Digests { sha1: None, ..self.digests() },
            names_provenance: self.names_provenance,
        });
        evidence.into_iter().collect()
    }

    /// The registry's signatures, over `name@version:integrity`.
    pub(super) fn signatures(&self, id: &ReleaseId, unread: &mut Unread) -> Vec<RegistrySignature> {
        let listed: Result<Option<Vec<&RawValue>>, _> = self.fields.get("signatures", document::MAX_PART);
        let listed = unread.noted(Unread::SIGNATURES, listed.map_err(of_dist)).flatten().unwrap_or_default();
        if listed.len() > MAX_SIGNATURES {
            let why = format!("it has {} signatures, more than {MAX_SIGNATURES}", listed.len());
            unread.because(Unread::SIGNATURES, why);
            return Vec::new();
        }
        let Some(integrity) = &self.integrity else { return Vec::new() };
        let message = format!("{}@{}:{integrity}", id.package().name(), id.version());
        let read = |raw| signature(raw, &message).map_err(|why| format!("its signatures: {why}"));
        listed.into_iter().filter_map(|raw| unread.noted(Unread::SIGNATURES, read(raw))).collect()
    }
}

fn of_dist(why: impl fmt::Display) -> String {
    format!("its dist: {why}")
}

/// An attestation is announced by an object with its place or its kind.
fn check_attestations(dist: &Fields<'_>, unread: &mut Unread) {
    let check = |announced: Option<Fields<'_>>| match announced {
        Some(fields) if !fields.has("url") && !fields.has("provenance") => {
            Err("its dist: its attestations name none".to_owned())
        }
        _ => Ok(()),
    };
    unread.noted(Unread::ATTESTATION, dist.object("attestations").map_err(of_dist).and_then(check));
}

fn signature(raw: &RawValue, message: &str) -> Result<RegistrySignature, String> {
    let fields = Fields::read(raw)?;
    let part = |name| fields.get(name, MAX_TEXT)?.ok_or_else(|| format!("one lacks {name}"));
    Ok(RegistrySignature { key_id: part("keyid")?, signature: part("sig")?, message: message.to_owned() })
}

/// `name-1.0.0.tgz`, without the scope.
fn usual_file_name(id: &ReleaseId) -> String {
    let name = id.package().name();
    format!("{}-{}.tgz", name.rsplit('/').next().unwrap_or(name), id.version())
}
