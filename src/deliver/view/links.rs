//! The links of an alert that a reader may follow.

use serde::Serialize;
use url::{Position, Url};

use crate::{deliver::shown::URL, model::Links, text::plain};

/// One link; only http and https ones are accepted.
#[derive(Debug, Serialize)]
pub(in crate::deliver) struct LinkView {
    pub label: &'static str,
    pub url: String,
}

/// The links that are safe, by their labels.
pub(super) fn links(links: &Links) -> Vec<LinkView> {
    [("Registry", &links.registry), ("Log entry", &links.log), ("Commit", &links.commit), ("Workflow run", &links.run)]
        .into_iter()
        .filter_map(|(label, link)| Some(LinkView { label, url: web_url(link.as_deref()?)? }))
        .collect()
}

/// The URL in its normalised form, which has neither spaces nor quotes nor controls, if it is safe for a browser.
fn web_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let (host, path) = (&url[..Position::BeforePath], &url[Position::BeforePath..]);
    let text = format!("{host}{}", path.chars().map(encoded).collect::<String>());
    (text.len() <= URL && text == plain(&text, URL)).then_some(text)
}

/// Browsers leave some characters in a query or fragment that no URL has (RFC 3986, appendix A): in messages they could be
/// markup.
fn encoded(c: char) -> String {
    match c {
        '`' | '{' | '}' | '|' | '\\' | '^' | '[' | ']' => format!("%{:02X}", u32::from(c)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_links_are_links() {
        for (link, url) in [
            ("https://github.com/a/b", Some("https://github.com/a/b")),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("not a url", None),
            ("https://a.example/\"><b>\r\n", Some("https://a.example/%22%3E%3Cb%3E")),
            ("https://a.example/\u{202e}", Some("https://a.example/%E2%80%AE")),
            ("https://[::1]/?a=`[{|}]^\\&b#{{`", Some("https://[::1]/?a=%60%5B%7B%7C%7D%5D%5E%5C&b#%7B%7B%60")),
        ] {
            assert_eq!(web_url(link).as_deref(), url, "{link}");
        }
        assert_eq!(web_url(&format!("https://a.example/{}", "x".repeat(2_000))), None);
    }
}
