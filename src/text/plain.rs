//! Makes invisible and misleading characters of a text visible.

use super::misleads;

/// One line of text that shows what it holds: control characters (line ends and ANSI escapes among them), bidirectional
/// overrides and invisible characters become visible escapes such as `\u{202e}`, and at most `limit` characters remain,
/// the last of them `…` if something was cut.
pub fn plain(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut room = limit;
    let mut before_last = 0;
    for c in text.chars() {
        let escaped = misleads(c).then(|| c.escape_default());
        let length = escaped.as_ref().map_or(1, ExactSizeIterator::len);
        if length > room {
            if room == 0 {
                out.truncate(before_last);
            }
            if limit > 0 {
                out.push('…');
            }
            return out;
        }
        before_last = out.len();
        match escaped {
            Some(escaped) => out.extend(escaped),
            None => out.push(c),
        }
        room -= length;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_misleads_is_shown() {
        for (text, shown) in [
            ("axios 1.14.1", "axios 1.14.1"),
            ("Grüße, 世界 🦀", "Grüße, 世界 🦀"),
            ("a\r\nBcc: x@evil.example", r"a\r\nBcc: x@evil.example"),
            ("\u{1b}[31mred\u{1b}[0m", r"\u{1b}[31mred\u{1b}[0m"),
            ("\u{9b}2J", r"\u{9b}2J"),
            ("gnp.\u{202e}exe", r"gnp.\u{202e}exe"),
            ("a\u{200b}b\u{feff}", r"a\u{200b}b\u{feff}"),
            ("x\u{2028}y\u{e0041}", r"x\u{2028}y\u{e0041}"),
            ("nul\0tab\t", r"nul\u{0}tab\t"),
        ] {
            assert_eq!(plain(text, 100), shown);
        }
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(plain("abcd", 4), "abcd");
        assert_eq!(plain("abcde", 4), "abc…");
        assert_eq!(plain("ab\u{202e}", 4), "ab…", "an escape is not cut in two");
        assert_eq!(plain("abc", 0), "");
        assert_eq!(plain("abc", 1), "…");
    }

    proptest! {
        #[test]
        fn plain_text_is_short_and_has_no_controls(text in any::<String>(), limit in 0_usize..50) {
            let shown = plain(&text, limit);
            prop_assert!(shown.chars().count() <= limit);
            prop_assert!(!shown.chars().any(misleads));
        }
    }
}
