//! Texts that stay texts in whatever receivers make of them.

/// The text without the beginnings of markup and templates. Alertmanager hands labels and annotations to receivers that
/// provwatch does not know: Slack reads `<!channel>` and `<https://…|…>`, others read HTML, `[…](…)` or `{{ … }}`. Teams
/// replaces `{{DATE(…)}}` in a card, and `${…}` in the template of one. A space ends each of these, and leaves version
/// ranges such as `<1.14.1` as they are.
pub(super) fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let begins = match before {
            '<' => c.is_alphabetic() || matches!(c, '!' | '@' | '#' | '/' | '?' | '%'),
            '{' => matches!(c, '{' | '%' | '#'),
            '$' | '#' | '@' => c == '{',
            ']' => c == '(',
            _ => false,
        };
        if begins {
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
            ("{{DATE(x)}} {{{ .A }}}", "{ {DATE(x)}} { { { .A }}}"),
            ("${x} #{x} @{x} {% x %} {# x #} <% x %>", "$ {x} # {x} @ {x} { % x %} { # x #} < % x %>"),
            ("npm pkg set 'overrides[axios]=<1.14.1'", "npm pkg set 'overrides[axios]=<1.14.1'"),
            ("a <= b < c", "a <= b < c"),
        ] {
            assert_eq!(inert(text), expected);
        }
    }
}
