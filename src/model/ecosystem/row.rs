//! One registry as a row of data: what it is called, how it spells names and versions, where it is, and what it can tell.

use std::{borrow::Cow, time::Duration};

use super::Host;
use crate::model::{Aspect, EvidenceRank, RegistryId, Version};

/// All that is known of a registry beforehand. What is read of its documents and feeds is the matter of its folder in the room
/// `registry`.
#[derive(Debug)]
pub struct Row {
    /// The purl type of its packages, which is also its section of the configuration: `[registries.npm]`.
    pub name: &'static str,
    /// Its name as people write it.
    pub title: &'static str,
    /// The sentence at the head of its section of the configuration.
    pub about: &'static str,
    /// Its rules for names.
    pub names: Names,
    /// Its rules for versions.
    pub versions: Versions,
    /// What its releases consist of.
    pub files: Files,
    /// What it can tell of how a release came about.
    pub evidence: EvidenceRules,
    /// Its change feed.
    pub feed: Feed,
    /// Its hosts, and under which keys others are put in their place, in the order of the configuration.
    pub hosts: &'static [Host],
    /// Something small that it has for everybody: a host, and the path there.
    pub small_document: (RegistryId, &'static str),
    /// How a registry of its type, not the public one, is told a token that belongs to no user name.
    pub token: Token,
    /// The list of its packages that ships with provwatch, if there is one.
    pub curated: Option<&'static str>,
}

/// The rules of a registry for names.
#[derive(Debug)]
pub struct Names {
    /// Whether it can have a package of this name.
    pub is_name: fn(&str) -> bool,
    /// The name as its documents write it.
    pub spelled: for<'a> fn(&'a str) -> Cow<'a, str>,
    /// What names of one package have in common, of a name as it is spelled.
    pub distinct: for<'a> fn(&'a str) -> Cow<'a, str>,
    /// Whether names may have a scope, `@scope/name`.
    pub scoped: bool,
}

/// The rules of a registry for versions.
#[derive(Debug)]
pub struct Versions {
    /// Reads a version. `None`: its scheme does not know it.
    pub read: fn(&str) -> Option<Version>,
    /// The release line of a version, written as [`ReleaseLine::number`](crate::model::ReleaseLine::number) reads it.
    pub line: fn(&Version) -> String,
    /// The version without what tags leave out of it.
    pub in_tags: for<'a> fn(&'a str) -> &'a str,
}

/// What the releases of a registry consist of.
#[derive(Debug)]
pub struct Files {
    /// Whether a release has many, each known by its name. Elsewhere it is a single file, and mirrors call it as they like.
    pub many: bool,
    /// A digest, by the name of its algorithm and in hex, as lock files have it.
    pub lock_form: fn(&str, &str) -> String,
    /// The kinds of lock file that list its packages.
    pub locks: &'static [LockFile],
    /// What lock files call the public registry where that is not one of its hosts.
    pub sources: &'static [&'static str],
}

/// A kind of lock file, or of a list that is written like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockFile {
    /// `package-lock.json`.
    PackageLock,
    /// `requirements.txt`.
    Requirements,
    /// `uv.lock`.
    Uv,
    /// `Cargo.lock`.
    Cargo,
}

/// What a registry can tell of how a release came about, and what that is worth. Registries move, so this is a table and not
/// code.
#[derive(Debug)]
pub struct EvidenceRules {
    /// What it tells of no release, sorted.
    pub untold: &'static [Aspect],
    /// Whether it always says how a publisher proved himself. Where it does not, that is inferred from attestations.
    pub tells_method: bool,
    /// What verified provenance proves where it does not tell the method.
    pub attested: EvidenceRank,
    /// What is known of a release without provenance whose method it does not tell.
    pub unattested: Option<EvidenceRank>,
    /// Whether it knows staged releases that a person approves.
    pub approvals: bool,
    /// The issuers from which it takes trusted publishing: exact, or a prefix where it ends with a slash.
    pub issuers: &'static [&'static str],
}

/// The change feed of a registry.
#[derive(Debug)]
pub struct Feed {
    /// Its name, the key of its place in the store.
    pub name: &'static str,
    /// Whether it names versions: then each of them is told. Another one says only that a package changed.
    pub names_versions: bool,
    /// How often it is read.
    pub interval: Interval,
}

/// How often a feed is read.
#[derive(Debug)]
pub struct Interval {
    /// If the operator says nothing.
    pub usual: Duration,
    /// What the key says of it, for people.
    pub about: &'static str,
    /// Anything less is more often than the registry welcomes.
    pub least: Duration,
    /// Anything more loses something, and what.
    pub most: Option<(Duration, &'static str)>,
}

/// How a token is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: …`, as it is.
    Bare,
    /// As the password of a user of this name (HTTP Basic).
    PasswordOf(&'static str),
}
