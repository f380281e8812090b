//! Quotes arguments of commands for a shell.

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
    use super::*;

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
}
