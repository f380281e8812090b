//! A verification of our own, for what the verifier reads in part or not at all: keys on P-521, digests other than SHA-256 in
//! log entries, keys other than P-256 in entries of Rekor v2, and statements with the member `type`. It makes the checks that
//! the verifier makes, in its order, and `tests/it/attest_forms.rs` holds both to the same table.

mod chain;
mod content;
mod entry;
mod logged;
mod scheme;
mod time;
mod verifying;

pub(super) use verifying::{is_needed, verify};
