//! Flowing text for the terminal.

use super::output;

/// Widest text, however wide the terminal: longer lines are hard to read.
const WIDEST: usize = 100;

/// How wide text may be: as the terminal, within reason.
pub fn width() -> usize {
    output::width().map_or(WIDEST, usize::from).clamp(40, WIDEST)
}

/// Breaks paragraphs into lines of at most `width` characters, each begun with `indent`. A paragraph is a line of the
/// text; a word that is longer than a line stands alone.
pub fn paragraphs(text: &str, width: usize, indent: &str) -> String {
    let lines: Vec<String> = text.lines().flat_map(|paragraph| lines(paragraph, width, indent)).collect();
    lines.join("\n")
}

fn lines(paragraph: &str, width: usize, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    for word in paragraph.split_whitespace() {
        let is_begun = line.len() > indent.len();
        if is_begun && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        } else if is_begun {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line.trim_end().to_owned());
    lines
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
