//! One registry as a row of data: its names, its rules for names and versions, its hosts, and the evidence that it has.

use std::{borrow::Cow, time::Duration};

use super::Host;
use crate::model::{Aspect, EvidenceRank, RegistryId, Version};

/// All that is known of a registry in advance. Its folder in `registry` reads its documents and feeds.
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
    /// The files of its releases.
    pub files: Files,
    /// The evidence that it has about releases.
    pub evidence: EvidenceRules,
    /// Its change feed.
    pub feed: Feed,
    /// Its hosts, with the configuration keys that replace them, in the order of the configuration.
    pub hosts: &'static [Host],
    /// A small public document: a host, and the path there.
    pub small_document: (RegistryId, &'static str),
    /// The form of a token without a user name for another registry of its type.
    pub token: Token,
    /// The commands of its package manager, for a reader of an alert.
    pub commands: Commands,
    /// What a maintainer of its packages can do, in its words.
    pub maintainers: Maintainers,
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
    /// The common form of all names of one package, given a name as it is spelled.
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
    /// The version without the parts that tags leave out.
    pub in_tags: for<'a> fn(&'a str) -> &'a str,
    /// The part of a version by which it is asked for, where the registry has no other with that part.
    pub asked: for<'a> fn(&'a str) -> &'a str,
    /// Whether a range of a dependency takes a version; `None`: it cannot be told.
    pub takes: fn(&str, &str) -> Option<bool>,
}

/// The files of a registry's releases.
#[derive(Debug)]
pub struct Files {
    /// Whether a release has many, each known by its name. Otherwise it is a single file, and mirrors may name it
    /// freely.
    pub many: bool,
    /// A digest, by the name of its algorithm and in hex, as lock files have it.
    pub lock_form: fn(&str, &str) -> String,
    /// The kinds of lock file that list its packages.
    pub locks: &'static [LockFile],
    /// The name of the public registry in lock files, if that is not one of its hosts.
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

/// The evidence that a registry has about releases, and its weight. Registries change, so this is a table and not code.
#[derive(Debug)]
pub struct EvidenceRules {
    /// The aspects that it has for no release, sorted.
    pub untold: &'static [Aspect],
    /// Whether it always names the publishing method. If it does not, that is inferred from attestations.
    pub tells_method: bool,
    /// The rank of verified provenance if it does not name the method.
    pub attested: EvidenceRank,
    /// The rank of a release without provenance if it does not name the method.
    pub unattested: Option<EvidenceRank>,
    /// Whether it knows staged releases that a person approves.
    pub approvals: bool,
    /// The issuers from which it accepts trusted publishing: exact, or a prefix where it ends with a slash.
    pub issuers: &'static [&'static str],
}

/// The commands of a registry's package manager. In each word `{name}` and `{version}` stand for a package and a version.
#[derive(Debug)]
pub struct Commands {
    /// Keeps a project on exactly this version, also where only a dependency depends on the package.
    pub pin: &'static str,
    /// Keeps a project on a version before this one, in the same way.
    pub pin_before: &'static str,
    /// Both of these for a project that names the package itself, if that takes other commands.
    pub direct: Option<(&'static str, &'static str)>,
    /// Shows whether the project or environment has the package, and in which version.
    pub find: &'static str,
    /// Installs what the lock file has, and nothing whose digest differs from it.
    pub locked: &'static str,
}

/// What a maintainer of a registry's packages can do, in its words.
#[derive(Debug)]
pub struct Maintainers {
    /// The evidence with which they publish the next version: `with provenance`.
    pub evidence: &'static str,
    /// The imperative that takes a release back; an object follows.
    pub withdraw: &'static str,
}

/// The change feed of a registry.
#[derive(Debug)]
pub struct Feed {
    /// Its name, the key of its place in the store.
    pub name: &'static str,
    /// Whether it names versions: then each of them is announced. Another feed reports only that a package changed.
    pub names_versions: bool,
    /// Its reading interval.
    pub interval: Interval,
}

/// The reading interval of a feed.
#[derive(Debug)]
pub struct Interval {
    /// The default.
    pub usual: Duration,
    /// The description of the key, for people.
    pub about: &'static str,
    /// The shortest interval that the registry welcomes.
    pub least: Duration,
    /// The longest interval without loss, and what a longer one loses.
    pub most: Option<(Duration, &'static str)>,
}

/// The form in which a token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: …`, unchanged.
    Bare,
    /// As the password of a user of this name (HTTP Basic).
    PasswordOf(&'static str),
}
