//! The followed logs and their protocols, from the configuration, the trust root, and the logs' own answers.
//!
//! ```text
//! configuration ─► instance ─────────────────────────┐
//! trust root ────► trusted ─► recognized ─► instance ─┴─► making ─► list ─► recognize (asks)
//! ```

mod followed;
mod instance;
mod limits;
mod list;
mod making;
mod recognize;
mod recognized;
mod trusted;

pub use followed::FollowedLog;
pub use instance::Instance;
pub use list::LogList;
pub use making::LogMaker;
pub use recognize::Recognizer;
pub use recognized::Recognition;
pub use trusted::{NotFollowed, TrustedLogs};
