//! Compiles an operator's regular expression so that it must match a whole value.

use regex::{Regex, RegexBuilder};

/// Most bytes of a compiled regular expression.
const MOST: usize = 1024 * 1024;

/// A regular expression of an operator that must match a value as a whole.
///
/// # Errors
/// It is malformed, or very large when it is compiled.
pub fn whole(text: &str) -> Result<Regex, regex::Error> {
    // `a)|(b` would be valid inside the parentheses that follow.
    Regex::new(text)?;
    RegexBuilder::new(&format!("^(?:{text})$")).size_limit(MOST).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_over_the_whole_value_and_sound_by_itself() {
        let matches = |text: &str, value: &str| whole(text).unwrap().is_match(value);
        assert!(matches("a|bc", "bc") && !matches("a|bc", "abc") && !matches("b", "abc"));
        for malformed in ["(", "a)|(b", "[z-a]", "(a{1000}){1000}"] {
            assert!(whole(malformed).is_err(), "{malformed}");
        }
    }
}
