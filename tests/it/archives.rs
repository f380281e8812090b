//! Tests of the readers of archives: what package tools write is read whole, and what only attackers write is said.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod bombs;
mod changes;
mod mutations;
mod scripts;
mod tar;
mod zip;

use provwatch::{
    inspect::{AnomalyKind, Format, Limits, Look},
    model::ArchiveFormat,
};

/// The format by its name.
fn format(id: ArchiveFormat) -> &'static Format {
    ["a.tgz", "a.whl", "a.tar.gz", "a.zip", "a.crate"].into_iter().find_map(|name| Format::of(&[id], name)).unwrap()
}

fn look(id: ArchiveFormat, bytes: &[u8]) -> Look {
    look_within(id, bytes, &Limits::default())
}

fn look_within(id: ArchiveFormat, bytes: &[u8], limits: &Limits) -> Look {
    Look::into(bytes, format(id), limits, &[])
}

fn paths(look: &Look) -> Vec<&str> {
    look.contents.members.iter().map(|member| &*member.path).collect()
}

/// The kinds of what is odd, sorted.
fn kinds(look: &Look) -> Vec<AnomalyKind> {
    look.contents.anomalies.counts().keys().copied().collect()
}
