//! Limits on the length of texts in messages.

use serde::Serialize;

use crate::text::json_shown;

/// Most characters of a name: a package, a version, a detector.
pub(super) const NAME: usize = 120;
/// Most characters of a title, which is one line.
pub(super) const LINE: usize = 240;
/// Most characters of a sentence or two: evidence, reasons, errors.
pub(super) const SENTENCE: usize = 1_000;
/// Most characters of the evidence against one of several releases; half of those of a development.
pub(super) const EVIDENCE: usize = 200;
/// Most characters of a URL.
pub(super) const URL: usize = 1_000;

/// A value as one line of JSON that may be shown: characters that [`plain()`](crate::text::plain()) makes visible have
/// JSON's own escapes, so the value itself is unchanged. Outside strings JSON has no such characters.
pub(super) fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|text| json_shown(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_shows_what_misleads_and_reads_back() {
        let text = "\u{9b}2J \u{202e} \u{7f} \u{e0041} ü \"\n";
        let line = json(&text).unwrap();
        assert_eq!(line, r#""\u009b2J \u202e \u007f \udb40\udc41 ü \"\n""#);
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
