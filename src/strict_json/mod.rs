//! Strict reading of JSON from others: bounded, and without duplicate keys. Parsers disagree on which of two equal keys
//! counts, and an attacker would choose.
//!
//! Signed documents are [`sound()`] as a whole or refused. Documents of registries are read field by field
//! ([`Fields`]), so that what is odd in one place spoils no other, and are never buffered as a tree, so that nesting
//! costs no stack.

mod fields;
mod part;
mod sound;

pub use fields::Fields;
pub use part::{read_part, reason};
pub use sound::{Limits, Unsound, sound};
