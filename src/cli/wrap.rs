//! Wraps flowing text to the terminal.

use super::output;
use crate::text::wrapped;

/// Widest text, however wide the terminal: longer lines are hard to read.
const WIDEST: usize = 100;

/// The width of text: that of the terminal, within limits.
pub fn width() -> usize {
    output::width().map_or(WIDEST, usize::from).clamp(40, WIDEST)
}

/// Breaks paragraphs into lines of at most `width` columns, each indented with `indent`. A paragraph is one line of
/// text.
pub fn paragraphs(text: &str, width: usize, indent: &str) -> String {
    let lines: Vec<String> = text.lines().flat_map(|paragraph| wrapped(paragraph, width, indent)).collect();
    lines.join("\n")
}

/// The substitute for a blank at which no line ends: a private-use character, as wide as a blank.
const KEPT: char = '\u{e000}';

/// As [`paragraphs`]; text between backticks is not broken.
pub fn sentence(text: &str, width: usize, indent: &str) -> String {
    let kept = KEPT.to_string();
    let parts = text.split('`').enumerate();
    let parts: Vec<String> =
        parts.map(|(place, part)| if place % 2 == 1 { part.replace(' ', &kept) } else { part.to_owned() }).collect();
    paragraphs(&parts.join("`"), width, indent).replace(KEPT, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_words() {
        let text = "one two three\n\nfour  incomprehensibilities é é é é é";
        let expected = "> one\n> two\n> three\n>\n> four\n> incomprehensibilities\n> é é é\n> é é";
        assert_eq!(paragraphs(text, 7, "> "), expected);
        assert_eq!(paragraphs("", 7, "> "), "");
    }

    #[test]
    fn commands_are_not_broken() {
        assert_eq!(sentence("say `a b c d e` and go", 8, ""), "say\n`a b c d e`\nand go");
        assert_eq!(sentence("世界 `a b` 世界", 10, ""), "世界 `a b`\n世界", "a kept blank is as wide as it is shown");
    }
}
