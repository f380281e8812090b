//! The retention of e-mail addresses: replaces old ones by pseudonyms, and recognizes an address that comes back.
//!
//! A pseudonym is made with a random key that only the store has, so that the same address has the same pseudonym. When a
//! release shows an address, the baseline that it is compared with gets that address back in place of its pseudonym, in
//! memory ([`Addresses`]): detectors and learning see what they would see without the retention.
//!
//! What is replaced (`walk`): the addresses of the publisher and of the approver in the observations of releases that were
//! published before a time, and the addresses in a baseline that no release of the line used since. Everything that is
//! stored later of such a release is replaced as it is written (`hiding`), so that another check of it changes nothing.

mod aging;
mod hiding;
mod key;
mod recognition;
mod state;
mod text;
mod walk;

pub(super) use hiding::Hiding;
pub(super) use key::host_in_pseudonym;
pub(crate) use key::is_pseudonym;
pub(super) use recognition::{Addresses, has_pseudonyms};
