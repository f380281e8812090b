//! Flowing text for the terminal.

use super::output;
use crate::text::wrapped;

/// Widest text, however wide the terminal: longer lines are hard to read.
const WIDEST: usize = 100;

/// How wide text may be: as the terminal, within reason.
pub fn width() -> usize {
    output::width().map_or(WIDEST, usize::from).clamp(40, WIDEST)
}

/// Breaks paragraphs into lines of at most `width` characters, each begun with `indent`. A paragraph is a line of the text.
pub fn paragraphs(text: &str, width: usize, indent: &str) -> String {
    let lines: Vec<String> = text.lines().flat_map(|paragraph| wrapped(paragraph, width, indent)).collect();
    lines.join("\n")
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
}
