//! Wraps lines to a terminal's width, where a Chinese character or an emoji takes two columns.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

pub use textwrap::core::display_width as columns;

/// A paragraph as lines of at most `width` columns, each begun with `indent` and broken between words. A word that is longer
/// than a line stands alone, so that it can be copied.
pub fn wrapped(paragraph: &str, width: usize, indent: &str) -> Vec<String> {
    let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return vec![indent.trim_end().to_owned()];
    }
    let options = Options::new(width)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(&words, options).into_iter().map(String::from).collect()
}

/// A text with blanks behind it up to this many columns. Unlike the width of `format!`, which counts characters.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_as_wide_as_they_are_shown() {
        for (text, width, lines) in [
            ("one two three", 7, &["one two", "three"][..]),
            ("  one\ttwo\n three ", 100, &["one two three"]),
            ("世界 世界 世界", 9, &["世界 世界", "世界"]),
            ("世界 世界 世界", 8, &["世界", "世界", "世界"]),
            ("🦀🦀 🦀 crab", 7, &["🦀🦀 🦀", "crab"]),
            ("é é é é", 3, &["é é", "é é"]),
            ("a incomprehensibilities b", 5, &["a", "incomprehensibilities", "b"]),
            ("一二三四五六七八 九", 4, &["一二三四五六七八", "九"]),
            ("", 5, &[""]),
        ] {
            assert_eq!(wrapped(text, width, ""), lines, "{text} {width}");
        }
        assert_eq!(wrapped("世界 世界", 7, "> "), ["> 世界", "> 世界"]);
        assert_eq!(wrapped("", 7, "> "), [">"]);
    }

    #[test]
    fn texts_are_padded_to_columns() {
        assert_eq!(
            (padded("世界", 6), padded("ab", 6), padded("abcdefg", 6)),
            ("世界  ".into(), "ab    ".into(), "abcdefg".into())
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_only_words_are_too_long(text in "[a-z世界🦀é ]{0,80}", width in 1_usize..40) {
            let lines = wrapped(&text, width, "");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&lines.join(" ")), words(&text));
            prop_assert!(lines.iter().all(|line| columns(line) <= width || !line.contains(' ')));
        }
    }
}
