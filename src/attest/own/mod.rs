//! Verifies bundles that the upstream verifier cannot check. These have keys on P-521, digests
//! other than SHA-256 in log entries, keys other than P-256 in entries of Rekor v2, or statements with the member
//! `type`. It makes the same checks as the verifier, in its order, and `tests/it/attest_forms.rs` tests both with the
//! same table.

mod chain;
mod content;
mod entry;
mod logged;
mod scheme;
mod time;
mod verifying;

pub(super) use verifying::{is_needed, verify};
