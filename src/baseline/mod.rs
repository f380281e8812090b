//! Baselines of packages: traits of a release, evidence rank, baseline updates, comparison, and the rules by which held
//! releases join. In code these are [`Traits`], [`rank()`], [`learn()`], [`View`] and [`joins`]. Pure: no clock, no
//! I/O. `docs/BASELINES.md` has the rules in words.

mod current;
mod hours;
mod joining;
mod learn;
mod rank;
mod settling;
mod traits;
mod view;
pub mod words;

pub use current::current;
pub use hours::{Hours, Rarity};
pub use joining::{CLEAN_DAYS, CLEAN_RELEASES, Held, Later, OPEN_LOSSES, in_baseline, joins};
pub use learn::{learn, learn_accepted};
pub use rank::{is_partly_attested, rank};
pub use settling::{Moment, beginning, settling_time};
pub use traits::{A_TAG, Traits};
pub use view::View;
