//! Replaces e-mail addresses in sentences, which may quote what a registry stated.

use std::borrow::Cow;

use super::key::is_pseudonym;

/// The text with another text for each address. A release (`axios@1.0.0`) is not an address.
pub(super) fn replaced(text: &str, replace: impl Fn(&str) -> String) -> Cow<'_, str> {
    let mut out = String::new();
    let mut taken = 0;
    for (at, _) in text.match_indices('@') {
        if at < taken {
            continue;
        }
        let local = &text[taken..at];
        let start = local.char_indices().rev().find(|(_, letter)| !is_local(*letter));
        let start = taken + start.map_or(0, |(place, letter)| place + letter.len_utf8());
        let host = host(&text[at + 1..]);
        let address = &text[start..at + 1 + host.len()];
        if start < at && is_domain(host) && !is_pseudonym(address) {
            out.push_str(&text[taken..start]);
            out.push_str(&replace(address));
            taken = start + address.len();
        }
    }
    if taken == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[taken..]);
    Cow::Owned(out)
}

fn is_local(letter: char) -> bool {
    !letter.is_whitespace() && !letter.is_control() && !r#"@"`<>()[]{},;:\/=&?#|"#.contains(letter)
}

/// The beginning that may be the name of a host.
fn host(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && !".-_".contains(letter)).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', '-', '_'])
}

/// Whether a host has several names, the last one a word, and the first not that of a version.
fn is_domain(host: &str) -> bool {
    let Some((rest, last)) = host.rsplit_once('.') else { return false };
    let first = rest.split('.').next().unwrap_or_default();
    let is_word = last.starts_with("xn--") || (last.chars().count() > 1 && last.chars().all(char::is_alphabetic));
    let first = first.strip_prefix('v').unwrap_or(first);
    let is_version = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit()) && rest.contains('.');
    is_word && !is_version
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        replaced(text, |address| format!("<{}>", address.len())).into_owned()
    }

    #[test]
    fn addresses_in_sentences_are_replaced() {
        for (text, expected) in [
            ("", ""),
            (
                "its _npmUser: invalid type: string \"ada@example.org\", expected",
                "its _npmUser: invalid type: string \"<15>\", expected",
            ),
            (r#"{\"email\":\"ada.l+npm@mail.example.co.uk\"}"#, r#"{\"email\":\"<28>\"}"#),
            ("Ada <ada@example.org>, bob@example.org.", "Ada <<15>>, <15>."),
            ("ädä@exämple.org", "<18>"),
            ("o'brien@example.org", "<19>"),
            ("a@xn--exmple-cua.xn--p1ai", "<25>"),
            ("a@b@example.org", "a@<13>"),
            ("pkg:npm/axios@1.14.1", "pkg:npm/axios@1.14.1"),
            ("axios@1.0.0-beta.next", "axios@1.0.0-beta.next"),
            ("axios@v1.2.rc", "axios@v1.2.rc"),
            ("@types/node and axios@latest", "@types/node and axios@latest"),
            ("@@@", "@@@"),
            ("@example.org", "@example.org"),
            ("0123456789abcdef0123456789abcdef@redacted.invalid", "0123456789abcdef0123456789abcdef@redacted.invalid"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_a_second_time_changes_nothing(text in r#"([a-zé@." \\<-]|@a\.io){0,40}"#) {
            let pseudonym = |_: &str| "0123456789abcdef0123456789abcdef@redacted.invalid".to_owned();
            let once = replaced(&text, pseudonym).into_owned();
            // A pseudonym that letters touch on the left is another address.
            proptest::prop_assert!(once.len() >= text.len().min(1) || text.is_empty());
        }
    }
}
