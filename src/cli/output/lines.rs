//! Prints lines of a result to standard output, and messages and errors to standard error.

use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, Style};

use super::redaction::{Printed, redacted};
use crate::cli::{callable::with_callable, exit::CliError};

/// A result as it is. A reader that stops reading, as `head` does, does not cause a failure.
///
/// # Errors
/// Standard output cannot be written.
pub fn bytes(bytes: &[u8]) -> std::io::Result<()> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// A line of a result. Unlike `println!` it does not panic if standard output is closed.
pub fn line(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{}", redacted(&text.to_string(), Printed::Text));
}

/// A message to the user that is not the result.
pub fn note(text: impl std::fmt::Display) {
    anstream::eprintln!("{}", redacted(&text.to_string(), Printed::Text));
}

/// Notes that there may be more than the `shown`, if the limit is reached.
pub fn limited(shown: usize, limit: usize) {
    if shown == limit {
        note(format_args!("There may be more; --limit {} shows them.", limit.saturating_mul(10)));
    }
}

/// The one place that prints an error.
pub fn failure(failure: &CliError) {
    if failure.is_closed_pipe() {
        return;
    }
    let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    anstream::eprintln!("{style}error:{style:#} {failure}");
    if let Some(step) = failure.next_step() {
        anstream::eprintln!("  next: {}", with_callable(step));
    }
}
