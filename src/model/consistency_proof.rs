//! The proof that one tree of a transparency log is a prefix of another.

/// The proof that one tree of a log is a prefix of another (RFC 9162 §2.1.4), in the servers' form. `tlog` checks and
/// derives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The smaller size.
    pub first: u64,
    /// The larger size.
    pub second: u64,
    /// The hashes, from the end of the smaller tree upwards.
    pub hashes: Vec<[u8; 32]>,
}
