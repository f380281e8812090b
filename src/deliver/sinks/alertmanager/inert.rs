//! Texts that stay texts in the messages that Alertmanager makes of them.

/// The text without the beginnings of markup. Alertmanager hands labels and annotations to receivers that provwatch does
/// not know: Slack reads `<!channel>` and `<https://…|…>`, others read HTML or `[…](…)`. A space ends each of these, and
/// leaves version ranges such as `<1.14.1` as they are.
pub(super) fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let is_tag = before == '<' && (c.is_alphabetic() || matches!(c, '!' | '@' | '#' | '/' | '?'));
        let is_link = before == ']' && c == '(';
        if is_tag || is_link {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_does_not_begin() {
        for (text, expected) in [
            ("", ""),
            ("<!channel> <@U1> <#C1>", "< !channel> < @U1> < #C1>"),
            ("<https://evil.example|bank>", "< https://evil.example|bank>"),
            ("</td><script>", "< /td>< script>"),
            ("<<script>", "<< script>"),
            ("[bank](https://evil.example)", "[bank] (https://evil.example)"),
            ("npm pkg set 'overrides[axios]=<1.14.1'", "npm pkg set 'overrides[axios]=<1.14.1'"),
            ("a <= b < c", "a <= b < c"),
        ] {
            assert_eq!(inert(text), expected);
        }
    }
}
