//! Labelled facts, one below the other: what `lookup`, `status` and their like print.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use super::{output, wrap};
use crate::deliver::shell_word;

/// A block of labelled facts. Texts must be safe to show.
pub struct Sheet(Vec<(String, String)>);

/// Fewest columns for a text beside its label.
const NARROWEST: usize = 20;

impl Sheet {
    /// An empty one.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// A fact. An empty label continues the one above.
    pub fn row(&mut self, label: &str, text: impl Into<String>) -> &mut Self {
        self.0.push((format!("  {label}"), text.into()));
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

    /// Prints it. A word that is longer than a line, such as a digest or an address, is not broken: it can be copied.
    pub fn print(&self) {
        let labels = self.0.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
        let indent = " ".repeat(labels + 2);
        let width = output::width().map_or(usize::MAX, |columns| usize::from(columns).max(indent.len() + NARROWEST));
        for (label, text) in &self.0 {
            let text = wrap::paragraphs(text, width, &indent);
            let text = text.trim_start();
            if text.is_empty() {
                output::line(label.trim_end());
            } else {
                output::line(format_args!("{label:labels$}  {text}"));
            }
        }
    }
}

/// A heading above a block, after an empty line.
pub fn heading(text: impl std::fmt::Display) {
    output::line("");
    output::line(wrap::paragraphs(&text.to_string(), wrap::width(), ""));
}

/// The configuration that the user named: the next command needs it too.
static NAMED: OnceLock<PathBuf> = OnceLock::new();

/// The variable that names the configuration too.
const VARIABLE: &str = "PROVWATCH_CONFIG";

/// Remembers the configuration that this command was called with, unless the environment names it: then it does so for the
/// next command too.
pub fn called_with(config: &Path) {
    if std::env::var_os(VARIABLE).is_some_and(|named| named == config.as_os_str()) {
        return;
    }
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

/// A sentence of provwatch's own, no wider than the terminal. The commands in it can be copied: they carry the configuration
/// and are not broken.
pub fn say(sentence: &str) {
    let indent: String = sentence.chars().take_while(|c| *c == ' ').collect();
    output::line(wrap::sentence(&with_callable(sentence), wrap::width(), &indent));
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
