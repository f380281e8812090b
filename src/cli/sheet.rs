//! Labelled facts, one below the other: what `lookup`, `status` and their like print.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use comfy_table::{ColumnConstraint, Table};

use super::output;
use crate::deliver::shell_word;

/// A block of labelled facts. Texts must be safe to show.
pub struct Sheet(Table);

impl Sheet {
    /// An empty one.
    pub fn new() -> Self {
        Self(output::bare_table())
    }

    /// A fact. An empty label continues the one above.
    pub fn row(&mut self, label: &str, text: impl Into<String>) -> &mut Self {
        self.0.add_row([format!("  {label}"), text.into()]);
        self
    }

    /// A fact, if it is known.
    pub fn maybe(&mut self, label: &str, text: Option<String>) -> &mut Self {
        if let Some(text) = text {
            self.row(label, text);
        }
        self
    }

    /// Several of a kind under one label.
    pub fn rows(&mut self, label: &str, texts: impl IntoIterator<Item = String>) -> &mut Self {
        for (index, text) in texts.into_iter().enumerate() {
            self.row(if index == 0 { label } else { "" }, text);
        }
        self
    }

    /// Prints it, if there is anything in it.
    pub fn print(&mut self) {
        if self.0.is_empty() {
            return;
        }
        if let Some(labels) = self.0.column_mut(0) {
            labels.set_constraint(ColumnConstraint::ContentWidth);
        }
        output::print(&self.0);
    }
}

/// A heading above a block, after an empty line.
pub fn heading(text: impl std::fmt::Display) {
    output::line("");
    output::line(text);
}

/// The configuration that the user named: the next command needs it too.
static NAMED: OnceLock<PathBuf> = OnceLock::new();

/// Remembers the configuration that this command was called with.
pub fn called_with(config: &Path) {
    // A process runs one command; nobody comes second.
    let _ = NAMED.set(config.to_owned());
}

/// A command as it can be copied: with the configuration that was named.
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

/// Commands to go on with, each with its purpose: beside it, or above it where the terminal is too narrow. A command is
/// never broken, so that it can be copied.
pub fn next(commands: &[(String, &str)]) {
    if commands.is_empty() {
        return;
    }
    heading("next");
    let commands: Vec<(String, &str)> =
        commands.iter().map(|(command, purpose)| (callable(command), *purpose)).collect();
    let width = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0).min(90);
    let purposes = commands.iter().map(|(_, purpose)| purpose.chars().count()).max().unwrap_or(0);
    let is_narrow = output::width().is_some_and(|columns| usize::from(columns) < width + purposes + 4);
    for (command, purpose) in &commands {
        if is_narrow {
            output::line(format_args!("  {purpose}:\n    {command}"));
        } else {
            output::line(format_args!("  {command:width$}  {purpose}"));
        }
    }
}
