//! Parses times in the forms of HTTP (RFC 9110, section 5.6.7).

use chrono::{DateTime, Utc};

/// Reads a time in one of the three forms: IMF-fixdate, RFC 850, asctime. `None`: it is in none of them.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text.trim()).ok().map(DateTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_forms() {
        let expected = "1994-11-06T08:49:37Z".parse().ok();
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", " Sunday, 06-Nov-94 08:49:37 GMT ", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(text), expected, "{text}");
        }
        for text in [
            "",
            "soon",
            "1994-11-06T08:49:37Z",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999999 08:49:37 GMT",
            "\u{fffd}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
