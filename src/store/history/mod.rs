//! The history that proves itself: whoever edits, deletes, inserts or reorders a row of the append-only tables is noticed.
//!
//! Each row of the tables in `covered` has an entry in the table `history`, with the hash of the row's content and a chain
//! hash over the entry and all entries before it. A temporary trigger of the writing connection appends the entry in the
//! transaction of the row, so that no statement can forget it and no crash separates the two. Another append-only table
//! joins with one line in `covered`.
//!
//! The last entry is the *head*. Everybody who can write the file can compute the whole chain anew, so the head also leaves
//! the file: digests and `status` show it, and where `[store] signing_key` is set the daemon signs it. `provwatch store
//! check` compares all of them.

mod check;
mod covered;
mod cursor;
mod fault;
mod hashes;
mod head;
mod keys;
mod signatures;
mod signed;
mod standing;

pub(super) use check::check as check_history;
pub(crate) use check::{Against, CheckedHistory};
pub(super) use covered::keep_chain;
pub(crate) use fault::Fault;
pub(super) use hashes::know_hashes;
pub(super) use head::head;
pub use head::{Head, NotedHead};
pub use keys::{HeadKeyError, HeadSigner, HeadVerifier};
pub(crate) use signatures::Signatures;
pub use signed::Signing;
