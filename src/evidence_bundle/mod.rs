//! Evidence to hand over: a tar of what is stored of accused releases, which anybody can check without provwatch's store.
//!
//! A bundle has a manifest with the SHA-256 of every other file, the observations, alerts and their history, the attestation
//! documents as the registries served them, the Sigstore bundles in them, and the signed checkpoints of the logs. The
//! writer makes one form of tar only, and the reader refuses every other: regular files in one folder, each once, listed in
//! the manifest.

mod check;
mod contents;
mod guide;
mod manifest;
mod tar;

pub(crate) use check::{Checked, Reverified, check};
pub(crate) use contents::contents;
pub(crate) use manifest::Manifest;
pub(crate) use tar::LARGEST;
