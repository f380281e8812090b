//! What a term is about: each topic has limits of its own.

/// What a term is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli::lookup) enum Topic {
    /// Files, by their digests.
    Files,
    /// Files by their SHA-1.
    Sha1,
    /// What certificates state: repositories, runs, commits, signers.
    Certificates,
    /// What releases name and nothing certifies.
    Names,
    /// Accounts of registries.
    Accounts,
    /// Who could publish.
    Maintainers,
    /// E-mail addresses.
    Addresses,
    /// Entries of logs.
    Logs,
}
