//! Values in a text that a person pastes elsewhere: as code, without addresses and secrets, and without a meaning of their
//! own in Markdown or HTML.

use url::Url;

use crate::cli::{output, words};

/// Most characters of a value: it stands on one line.
const LONGEST: usize = 300;

/// The value as code, whose content Markdown leaves alone.
pub(in crate::cli) fn code(value: &str) -> String {
    match value.trim() {
        "" => words::NOTHING.to_owned(),
        value => format!("`{}`", value.replace('`', "'")),
    }
}

/// A value that is safe to show to others: on one line, without addresses and without the secrets of links.
pub(in crate::cli) fn harmless(value: &str) -> String {
    let without: Vec<String> = value.split(' ').map(without_secrets).collect();
    words::cut(&output::pseudonyms(&without.join(" ")), LONGEST)
}

/// A name where code would look odd: the subject of a message. Signs that have a meaning in Markdown or HTML become `?`.
pub(super) fn subject(name: &str) -> String {
    let plain = words::name(output::pseudonyms(name));
    plain.chars().map(|c| if "`<>[]()!*|&\\#".contains(c) { '?' } else { c }).collect()
}

/// A link as every mail program and Markdown know it; `None`: it is not a link to a page. Of its query only the index of a
/// log's entry stays.
pub(super) fn link(link: &str) -> Option<String> {
    let mut url = Url::parse(link).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let is_index = |key: &str, value: &str| key == "logIndex" && value.bytes().all(|byte| byte.is_ascii_digit());
    let index =
        url.query_pairs().find(|(key, value)| is_index(key, value)).map(|(_, value)| format!("logIndex={value}"));
    url.set_query(index.as_deref());
    url.set_fragment(None);
    Some(format!("<{}>", words::sentence(output::pseudonyms(url.as_str()))))
}

/// A word without the user and the query of a link in it.
fn without_secrets(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let git = if user == "git" { "git@" } else { "" };
    let shown = path.find('?').map_or(path, |query| &path[..query]);
    format!("{scheme}://{git}{host}{shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_no_meaning_of_their_own() {
        for (value, pasted) in [
            ("main", "`main`"),
            ("", "–"),
            (" ", "–"),
            ("[x](https://evil.example)", "`[x](https://evil.example)`"),
            ("![](https://evil.example/a.png)", "`![](https://evil.example/a.png)`"),
            ("<img src=x> @everyone", "`<img src=x> @everyone`"),
            ("a`b``c", "`a'b''c`"),
            ("a\n# b", r"`a\n# b`"),
            ("https://user:tok3n@git.example/a.git", "`https://git.example/a.git`"),
            ("git+https://tok3n@git.example/a#1f", "`git+https://git.example/a#1f`"),
            ("git+ssh://git@git.example/a", "`git+ssh://git@git.example/a`"),
            ("https://git.example/a?token=tok3n (new)", "`https://git.example/a (new)`"),
            ("https://git.example?token=tok3n", "`https://git.example`"),
        ] {
            assert_eq!(code(&harmless(value)), pasted, "{value}");
        }
        let told = harmless("Ada <ada@example.org>");
        assert!(!told.contains("ada@") && told.contains("@redacted.invalid"), "{told}");
        let long = harmless(&format!("{}grace.hopper@navy.example", "x ".repeat(145)));
        assert!(!long.contains("hopper"), "{long}");
        assert_eq!(subject("<b>a`[1.0](x) @acme/w_x-y"), "?b?a??1.0??x? @acme/w_x-y");
    }

    #[test]
    fn links_have_no_secret() {
        for (text, shown) in [
            ("https://git.example/a/b", Some("<https://git.example/a/b>")),
            ("https://user:tok3n@git.example/a", Some("<https://git.example/a>")),
            ("https://git.example/a?token=tok3n#tok3n", Some("<https://git.example/a>")),
            ("https://log.example/?logIndex=7&token=tok3n", Some("<https://log.example/?logIndex=7>")),
            ("https://log.example/?logIndex=tok3n", Some("<https://log.example/>")),
            ("https://git.example/a> <img>", Some("<https://git.example/a%3E%20%3Cimg%3E>")),
            ("javascript:alert(1)", None),
            ("/a", None),
        ] {
            assert_eq!(link(text).as_deref(), shown, "{text}");
        }
    }
}
