//! Text for people: what is written more than once. Errors with their causes, quotations that cannot garble what stands
//! around them, numbers, times, commands, lines that fit. Imports nothing.

mod causes;
mod counted;
mod listed;
mod misleading;
mod moment;
mod plain;
mod quoted;
mod shell;
mod wrap;

pub use causes::with_causes;
pub use counted::{counted, size};
pub use listed::listed;
pub use misleading::{json_shown, misleads};
pub use moment::{age, ago, day, minute, minute_utc, moment, span};
pub use plain::plain;
pub use quoted::{quoted, quoted_with_digests};
pub use shell::shell_word;
pub use wrap::{columns, padded, wrapped};
