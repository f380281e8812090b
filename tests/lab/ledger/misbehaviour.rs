//! The ways in which a simulated log misbehaves.

/// What a ledger does wrong.
#[allow(unpredictable_function_pointer_comparisons, reason = "nobody compares those")]
#[derive(Clone, Debug, PartialEq)]
pub enum Misbehaviour {
    /// The published tree has another leaf at this index.
    Fork(usize),
    /// Only the checkpoint has another root.
    OtherRoot,
    /// The checkpoint is an old one.
    RollBack(usize),
    /// Everything after this entry is lost, as on a server that was restored from a backup.
    Restored(usize),
    /// Rekor v1: an active tree is named that nobody signed, and the real one, frozen at so many entries, called inactive.
    FalseSuccessor(usize),
    /// Rekor v1: the oldest shard is called the active one.
    OldestActive,
    /// What is served below this part of a path is gone.
    Withhold(&'static str),
    /// Partial tiles are gone.
    DeletePartials,
    /// One entry is served with other bytes.
    LieInBody(usize),
    /// Tiles of this level have other hashes.
    LieInTiles(u32),
    /// Bundles, or whatever else is served below this part of a path, end early.
    Truncate(&'static str),
    /// Answers grow to so many bytes.
    Oversized(usize),
    /// Somebody else signs.
    WrongKey,
    /// The checkpoint names another log.
    WrongOrigin,
    /// The checkpoint is written otherwise.
    Loose(fn(&str) -> String),
    /// So many strangers sign too.
    Strangers(usize),
    /// Everything is answered with this status.
    Status(u16),
    /// One entry is left out, by its index in the tree.
    Omit(usize),
    /// No proof holds.
    BadProofs,
    /// So many entries are given at once (CT).
    ShortBatches(usize),
    /// Every nth answer about the tree comes from a copy that has only so many entries.
    StaleReplica(usize, usize),
    /// As a fork, and whatever could prove it is answered with this status.
    ForkInSilence(usize, u16),
    /// Shards that are done are not listed any more.
    HideInactive,
    /// Nothing is answered at all.
    Stall,
    /// Every other answer is 429, and asks for so many seconds.
    Overloaded(u64),
}
