//! Prints blocks of labelled facts, as in `lookup` and `status`.

use super::{
    callable::{callable, with_callable},
    output, wrap,
};
use crate::text::{columns, padded};

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

    pub fn print(&self) {
        self.lines(output::width()).iter().for_each(output::line);
    }

    /// Its lines, in so many columns. A word that is longer than a line, such as a digest or an address, is not broken,
    /// so that it can be copied.
    pub fn lines(&self, width: Option<u16>) -> Vec<String> {
        let labels = self.0.iter().map(|(label, _)| columns(label)).max().unwrap_or_default();
        let indent = " ".repeat(labels + 2);
        let width = width.map_or(usize::MAX, |width| usize::from(width).max(indent.len() + NARROWEST));
        let line = |(label, text): &(String, String)| {
            let text = wrap::paragraphs(text, width, &indent);
            format!("{}  {}", padded(label, labels), text.trim_start()).trim_end().to_owned()
        };
        self.0.iter().map(line).collect()
    }
}

/// A heading above a block, after an empty line.
pub fn heading(text: impl std::fmt::Display) {
    output::line("");
    output::line(wrap::paragraphs(&text.to_string(), wrap::width(), ""));
}

/// A sentence of provwatch's own, no wider than the terminal. Its commands can be copied: they name the configuration
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
    self::commands(commands);
}

/// Commands without a heading.
pub fn commands(commands: &[(String, &str)]) {
    let commands: Vec<(String, &str)> =
        commands.iter().map(|(command, purpose)| (callable(command), *purpose)).collect();
    let width = commands.iter().map(|(command, _)| columns(command)).max().unwrap_or(0).min(90);
    let purposes = commands.iter().map(|(_, purpose)| columns(purpose)).max().unwrap_or(0);
    let is_narrow = output::width().is_some_and(|columns| usize::from(columns) < width + purposes + 4);
    for (command, purpose) in &commands {
        if is_narrow {
            output::line(format_args!("  {purpose}:\n    {command}"));
        } else {
            output::line(format_args!("  {}  {purpose}", padded(command, width)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_beside_their_labels_however_wide_these_are() {
        let mut sheet = Sheet::new();
        sheet.row("名前", "world").row("kind", "世界 世界 世界 世界 世界").row("", "").row("none", "");
        let lines = sheet.lines(Some(28));
        assert_eq!(lines, ["  名前  world", "  kind  世界 世界 世界 世界\n        世界", "", "  none"]);
    }
}
