//! Simulates a hostile week: registries, receivers, rows and the clock misbehave in turn and at once, while packages
//! are taken over. The daemon is the real one, on a clock that jumps from one thing to the next.
//!
//! * [`MISBEHAVIOURS`]: a row for everything that may misbehave. A new one is a new row.
//! * [`SHAPES`]: a row for every kind of takeover.
//! * [`Week`]: deals both out over seven days, by a seed, and keeps the daemon running through them.
//! * [`Report`]: the alerts and their delays.
//! * [`LogWeek`]: a week of transparency logs, honest and not, which has a [`LogReport`] of its own.

mod clock;
mod disk;
mod logs;
mod misbehaviours;
mod report;
mod rows;
mod shapes;
mod stage;
mod transport;
mod week;

pub use clock::WeekClock;
pub use logs::LogWeek;
pub use misbehaviours::{MISBEHAVIOURS, Misbehaviour, Since};
pub use report::{Case, Report};
pub use shapes::{SHAPES, Shape};
pub use stage::Stage;
pub use transport::{Hostile, How, Place};
pub use week::Week;
