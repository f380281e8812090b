//! The argument by which an operator gives a reason, which is recorded.

/// A reason in words. Printed commands have `…` in its place: pasted unchanged, they record nothing.
///
/// # Errors
/// It has no word.
pub fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.chars().any(char::is_alphanumeric) {
        return Ok(text.to_owned());
    }
    Err("give the reason in words; … and ... are placeholders")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_a_word() {
        for text in ["PR 812", " the account was stolen ", "理由", "42", "…honest"] {
            assert_eq!(reason(text), Ok(text.trim().to_owned()));
        }
        for text in ["", "  ", "…", "...", "' … '", "?!", "\u{200b}", "–", "<>"] {
            assert!(reason(text).unwrap_err().contains("in words"), "{text}");
        }
    }
}
