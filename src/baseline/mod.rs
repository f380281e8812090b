//! What is normal for a package: how a release is read ([`Traits`], [`rank()`]), how it teaches ([`learn()`]), what the next
//! one is compared with ([`View`]), and which held release may join later ([`joins`]). Pure: no clock, no I/O.
//! The rules in words stand in `docs/BASELINES.md`.

mod hours;
mod learn;
mod rank;
mod teach;
mod traits;
mod view;
pub mod words;

pub use hours::{Hours, Rarity};
pub use learn::{MAX_VALUES, learn};
pub use rank::{is_partly_attested, rank};
pub use teach::{CLEAN_DAYS, CLEAN_RELEASES, Decision, Held, Later, joining, joins, teaches};
pub use traits::Traits;
pub use view::View;
