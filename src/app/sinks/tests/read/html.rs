//! The HTML of an e-mail, and that of a table in an issue: a strict reader, which takes nothing but known tags.

use super::is_own_link;

/// What a reader finds in HTML.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A text, and the open tag that it stands in.
    Text(&'a str, &'a str),
    /// An attribute of a tag.
    Attribute(&'a str, &'a str, &'a str),
}

/// Tags without an end.
const EMPTY: [&str; 3] = ["meta", "br", "img"];

/// The tags of a document, and the attributes of each.
const KNOWN: [(&str, &[&str]); 19] = [
    ("a", &["href", "style", "rel"]),
    ("body", &["style"]),
    ("br", &[]),
    ("code", &["style"]),
    ("div", &["class", "style"]),
    ("h1", &["style"]),
    ("h2", &["class", "style"]),
    ("head", &[]),
    ("html", &["lang"]),
    ("meta", &["charset", "name", "content"]),
    ("p", &["class", "style"]),
    ("span", &["class", "style"]),
    ("strong", &[]),
    ("style", &[]),
    ("table", &["role", "class", "width", "cellspacing", "cellpadding", "border", "style"]),
    ("td", &["align", "class", "style", "colspan"]),
    ("th", &["scope", "align", "class", "style"]),
    ("title", &[]),
    ("tr", &[]),
];

/// Checks the HTML of an e-mail.
pub(super) fn check(html: &str) {
    let html = html.strip_prefix("<!doctype html>\n").unwrap();
    read(html, |found| {
        if let Found::Attribute(_, "href", link) = found {
            is_own_link(&link.replace("&amp;", "&").replace("&#x2f;", "/").replace("&#x27;", "'"));
        }
    });
}

/// Reads HTML from its beginning to its end. Whatever is not a known tag, or is not closed in its place, is a failure.
pub(super) fn read<'a>(html: &'a str, mut see: impl FnMut(Found<'a>)) {
    let (mut rest, mut open): (&str, Vec<&str>) = (html, Vec::new());
    while let Some((text, behind)) = rest.split_once('<') {
        let within = open.last().copied().unwrap_or_default();
        assert!(!text.contains('>') && (within != "style" || !text.contains("evil")), "{text} in {html}");
        see(Found::Text(text, within));
        let (tag, after) = behind.split_once('>').unwrap_or_else(|| panic!("{behind}"));
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> before {after:.200}");
            continue;
        }
        let name = tag.split(' ').next().unwrap_or_default();
        let known = KNOWN.iter().find(|(known, _)| *known == name);
        let (_, allowed) = known.unwrap_or_else(|| panic!("<{tag}> is not known"));
        for (attribute, value) in attributes(&tag[name.len()..]) {
            assert!(allowed.contains(&attribute), "{attribute} in <{tag}>");
            see(Found::Attribute(name, attribute, value));
        }
        if !EMPTY.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty() && !rest.contains('>'), "{open:?} is open: {rest}");
    see(Found::Text(rest, ""));
}

/// The attributes of a tag, each ` name="value"`.
fn attributes(text: &str) -> Vec<(&str, &str)> {
    let (mut rest, mut found) = (text, Vec::new());
    while !rest.is_empty() {
        let (name, behind) = rest.split_once("=\"").unwrap_or_else(|| panic!("{text}"));
        let (value, after) = behind.split_once('"').unwrap_or_else(|| panic!("{text}"));
        let name = name.strip_prefix(' ').unwrap_or_else(|| panic!("{text}"));
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{text}");
        found.push((name, value));
        rest = after;
    }
    found
}

/// The reader itself finds what the list could do.
#[test]
fn markup_is_found() {
    for html in [
        "<script>evil()</script>",
        "<p><img src=x onerror=evil()></p>",
        "<p></td></p>",
        "<p style=\"\" onmouseover=\"evil()\">x</p>",
        "<p>a > b</p>",
        "<p>",
        "<style>evil</style>",
        "<!-- evil -->",
    ] {
        assert!(std::panic::catch_unwind(|| read(html, |_| {})).is_err(), "{html}");
    }
    let link = "<!doctype html>\n<a href=\"https://evil.example\">x</a>";
    assert!(std::panic::catch_unwind(|| check(link)).is_err());
    let mut texts = Vec::new();
    read("<p class=\"a\">a &lt; b<br>c</p>", |found| texts.push(found));
    assert_eq!(texts[2], Found::Text("a &lt; b", "p"));
}
