//! Completes printed commands with the configuration file that the user named, so that they can be copied.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::text::shell_word;

/// The configuration that the user named: the next command needs it too.
static NAMED: OnceLock<PathBuf> = OnceLock::new();

/// The variable that names the configuration too.
const VARIABLE: &str = "PROVWATCH_CONFIG";

/// Remembers the configuration that this command was called with, unless the environment names it: then it also does so
/// for the next command.
pub fn called_with(config: &Path) {
    if std::env::var_os(VARIABLE).is_some_and(|named| named == config.as_os_str()) {
        return;
    }
    // A process runs one command, so the value is set once.
    let _ = NAMED.set(config.to_owned());
}

/// A command ready to be copied: with the configuration that was named.
pub fn callable(command: &str) -> String {
    match (NAMED.get(), command.strip_prefix("provwatch ")) {
        (Some(config), Some(rest)) if !rest.starts_with("--config ") => {
            format!("provwatch --config {} {rest}", shell_word(&config.display().to_string()))
        }
        _ => command.to_owned(),
    }
}

/// A sentence in which every command between backticks can be copied.
pub fn with_callable(sentence: &str) -> String {
    let parts = sentence.split('`').enumerate();
    let parts: Vec<String> =
        parts.map(|(place, part)| if place % 2 == 1 { callable(part) } else { part.to_owned() }).collect();
    parts.join("`")
}
