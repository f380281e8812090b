//! Characters that display as something else than they are.

use std::fmt::Write;

/// Whether a character shows as something else than it is, or not at all: the controls (Cc), the format characters (Cf),
/// line and paragraph separators, the variation selectors, and the letters that are blank.
pub fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// JSON that may be shown on a terminal: what [`misleads`] stands there in JSON's own escapes, so that every value reads as
/// before. Outside of strings JSON has no such characters but line ends, which stay.
pub fn json_shown(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if misleads(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_shows_what_misleads_in_its_own_escapes() {
        for (json, shown) in [
            ("{\n  \"a\": \"ü 世界 🦀\"\n}", "{\n  \"a\": \"ü 世界 🦀\"\n}"),
            ("\"\u{9b}2J\u{7f}\"", r#""\u009b2J\u007f""#),
            ("\"a\u{202e}b\u{200b}\u{2066}\u{feff}\"", r#""a\u202eb\u200b\u2066\ufeff""#),
            ("\"\u{e0041}\u{2028}\"", r#""\udb40\udc41\u2028""#),
        ] {
            assert_eq!(json_shown(json), shown);
            let (before, after): (serde_json::Value, serde_json::Value) =
                (serde_json::from_str(json).unwrap(), serde_json::from_str(shown).unwrap());
            assert_eq!(before, after);
        }
    }
}
