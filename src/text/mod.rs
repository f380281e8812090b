//! Text for people, as several parts of the program need it. It covers errors with their causes, quotations that cannot
//! garble what stands around them, numbers, times, commands, lines that fit. Imports nothing.

mod causes;
mod counted;
mod line_diff;
mod listed;
mod misleading;
mod moment;
mod plain;
mod quoted;
mod shell;
mod wrap;

pub use causes::with_causes;
pub(crate) use counted::{counted, size};
pub(crate) use line_diff::line_diff;
pub(crate) use listed::listed;
pub(crate) use misleading::json_shown;
pub use misleading::misleads;
pub(crate) use moment::{age, ago, day, minute, minute_utc, moment, span};
pub(crate) use plain::plain;
pub(crate) use quoted::{quoted, quoted_with_digests};
pub(crate) use shell::shell_word;
pub(crate) use wrap::{columns, padded, wrapped};
