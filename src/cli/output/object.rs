//! Prints results as JSON.

use super::{
    lines::bytes,
    redaction::{Printed, redacted},
};
use crate::{cli::form::Form, text::json_shown};

/// One JSON object on a line of its own; its first key names its form. It contains text of registries and publishers,
/// and a terminal may show it: controls, bidirectional marks and invisible characters are written as `\uXXXX`, which is
/// the same value.
///
/// # Errors
/// Standard output cannot be written.
pub fn json<F: Form>(value: &F) -> std::io::Result<()> {
    let object = serde_json::to_string(value)?;
    // All forms are objects that have keys.
    let keys = object.strip_prefix('{').unwrap_or(&object);
    json_text(&format!("{{\"form\":\"{}\",{keys}", F::FORM))
}

/// A JSON document that was written before, as [`json`] prints values.
///
/// # Errors
/// Standard output cannot be written.
pub fn json_text(document: &str) -> std::io::Result<()> {
    let shown = format!("{}\n", json_shown(document));
    bytes(redacted(&shown, Printed::Json).as_bytes())
}
