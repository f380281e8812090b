use serde::Serialize;

use crate::text::{json_shown, misleads};

/// Most characters of a name: a package, a version, a detector.
pub(super) const NAME: usize = 120;
/// Most characters of a title, which is one line.
pub(super) const LINE: usize = 240;
/// Most characters of a sentence or two: evidence, reasons, errors.
pub(super) const SENTENCE: usize = 1_000;
/// Most characters of a URL.
pub(super) const URL: usize = 1_000;

/// One line of text that shows what it holds: control characters (line ends and ANSI escapes among them), bidirectional
/// overrides and invisible characters become visible escapes such as `\u{202e}`, and at most `limit` characters remain,
/// the last of them `…` if something was cut.
pub fn plain(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut room = limit;
    let mut before_last = 0;
    for c in text.chars() {
        let shown: String = if misleads(c) { c.escape_default().collect() } else { c.to_string() };
        let length = shown.chars().count();
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
        out.push_str(&shown);
        room -= length;
    }
    out
}

/// A value as one line of JSON that may be shown: what [`plain()`] makes visible stands there in JSON's own escapes, so the
/// value itself is unchanged. Outside strings JSON has no such characters.
pub(super) fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|text| json_shown(&text))
}

/// The text as one word of a shell command: operators paste the commands that alerts propose, and npm has package names
/// such as `it's`.
pub fn shell_word(text: &str) -> String {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&b);
    if !text.is_empty() && text.bytes().all(harmless) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
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

    #[test]
    fn a_shell_takes_the_word_as_it_is() {
        for (text, word) in [
            ("pkg:npm/%40scope/name@1.0.0", "pkg:npm/%40scope/name@1.0.0"),
            ("it's", r"'it'\''s'"),
            ("$(reboot)", "'$(reboot)'"),
            ("a;b", "'a;b'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn json_shows_what_misleads_and_reads_back() {
        let text = "\u{9b}2J \u{202e} \u{7f} \u{e0041} ü \"\n";
        let line = json(&text).unwrap();
        assert_eq!(line, r#""\u009b2J \u202e \u007f \udb40\udc41 ü \"\n""#);
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
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
