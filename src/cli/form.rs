//! The trait of every JSON form that a command prints.

use serde::Serialize;

/// JSON that commands print. Its first key, `form`, names its form: `lookup/1`.
pub trait Form: Serialize {
    /// The name and number.
    const FORM: &'static str;
}
