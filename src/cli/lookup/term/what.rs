//! The things that can be looked up.

use crate::{
    cli::target::Target,
    model::{AlertPrefix, Ecosystem},
};

use super::any_digest::AnyDigest;

/// What an argument of `lookup` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::lookup) enum Term {
    /// A package or a release.
    Purl(Target),
    /// A file.
    File(AnyDigest),
    /// Lower-case hexadecimal digits of which only the number is known: 40 or 64.
    Hex(String),
    /// Signed data: the SHA-256 of a payload or envelope, hexadecimal.
    Signed(String),
    /// The leaf hash of a log's entry.
    Leaf([u8; 32]),
    /// A public key: its SHA-256, hexadecimal.
    Key(String),
    /// A commit.
    Commit(String),
    /// A repository.
    Repository(Name),
    /// An owner of repositories.
    Owner(Name),
    /// A workflow file.
    Workflow(WorkflowName),
    /// A ref, whole: `refs/heads/main`.
    Ref(String),
    /// A run, with or without an attempt: a URL.
    Run(String),
    /// An entry of a log.
    Entry { log: String, index: u64 },
    /// An account that published.
    Publisher(Account),
    /// An account that could publish.
    Maintainer(Account),
    /// An e-mail address.
    Email(String),
    /// The domain of e-mail addresses.
    Domain(String),
    /// An OIDC issuer, a URL.
    Issuer(String),
    /// The name of a certificate.
    Identity(String),
    /// Names of certificates, with stars.
    Pattern(String),
    /// An alert.
    Alert(AlertPrefix),
}

/// How a repository or an owner is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::lookup) enum Name {
    /// By its URL.
    Url(String),
    /// By its number at the forge.
    Id(String),
}

/// How a workflow file is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::lookup) enum WorkflowName {
    /// By its URL, without the ref.
    Url(String),
    /// By its path, or the end of it, in any repository.
    Path(String),
}

/// An account at registries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::lookup) struct Account {
    /// The type of its registry; `None`: of any.
    pub ecosystem: Option<Ecosystem>,
    /// The name.
    pub name: String,
}
