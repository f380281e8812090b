//! Issues and comments of GitHub and GitLab as these read them: Markdown, mentions, references, quick actions.

use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;
use serde_json::Value;

use super::{
    LABELS,
    html::{Found, read},
    is_own_link, is_plain,
    json::has_only,
};
use crate::{app::sinks::tests::list::is_tainted, deliver::stand_in::Asked};

/// The keys of all requests.
const KEYS: [&str; 9] =
    ["assignees", "body", "confidential", "description", "labels", "state", "state_event", "state_reason", "title"];

pub(super) fn check(asked: &Asked) {
    let sent = &asked.body;
    if sent.is_null() {
        return assert!(asked.line.starts_with("GET "), "{}", asked.line);
    }
    has_only(sent, &KEYS);
    for (key, value) in sent.as_object().unwrap() {
        match (key.as_str(), value) {
            ("title", Value::String(title)) => is_title(title),
            ("body" | "description", Value::String(text)) => is_text(text, sent["title"].is_null()),
            (key, other) => assert!(!is_tainted(&other.to_string()), "{key}: {other}"),
        }
    }
}

/// What forges look for in what remains of a text: mentions, references, commits, pictures, links.
static REFERENCES: LazyLock<Regex> = LazyLock::new(|| {
    let mentions = r"[@#!~%&$^]\w";
    let others = r"(?i:\bgh-\d)|:[\w+-]+:|(?i:www\.\w)|://|mailto:\w|\b[0-9a-fA-F]{7,}\b|\[\[|\]\(|<[\w!/@#]";
    Regex::new(&format!("{mentions}|{others}")).unwrap()
});

/// A title has no code: joiners of width zero part what would be a reference.
fn is_title(title: &str) {
    is_plain(&title.replace('\u{2060}', ""), false);
    assert!(!REFERENCES.is_match(title), "{:?} in {title:?}", REFERENCES.find(title));
}

/// Checks the text of an issue or a comment.
fn is_text(text: &str, is_comment: bool) {
    is_plain(text, true);
    // Forges read actions before they read Markdown, and provwatch its own markers.
    let of_action = text.lines().find(|line| line.trim_start().starts_with('/'));
    assert_eq!(of_action, None);
    let markers = text.lines().take_while(|line| line.starts_with("<!-- provwatch ")).count();
    assert_eq!(markers, if is_comment { 1 } else { 2 }, "{text}");
    assert_eq!(text.lines().filter(|line| line.trim().starts_with("<!--")).count(), markers, "{text}");
    let behind: Vec<&str> = text.lines().skip(markers).collect();
    markdown(&behind.join("\n"));
}

/// All that forges know beside `CommonMark`.
fn extensions() -> Options {
    let mut all = Options::all();
    // They read no metadata, and keep quotation marks as they are.
    all.remove(Options::ENABLE_YAML_STYLE_METADATA_BLOCKS | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS);
    all.remove(Options::ENABLE_SMART_PUNCTUATION);
    all
}

/// Asserts that Markdown has only what provwatch writes, and texts of others as words and code.
fn markdown(text: &str) {
    let (mut in_code, mut in_link, mut html, mut words) = (false, false, String::new(), String::new());
    for event in Parser::new_ext(text, extensions()) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                assert_eq!(kind, CodeBlockKind::Fenced("sh".into()));
                in_code = true;
            }
            Event::End(end) => {
                in_code &= end != TagEnd::CodeBlock;
                in_link &= end != TagEnd::Link;
                words.push_str(if end == TagEnd::Strong { "" } else { "\n" });
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                is_own_link(&dest_url);
                in_link = true;
            }
            Event::Start(tag) => is_known(&tag),
            Event::Text(_) if in_code => {}
            Event::Text(label) if in_link => assert!(LABELS.contains(&&*label), "{label} in {text}"),
            Event::Text(text) => words.push_str(&text),
            Event::SoftBreak => words.push(' '),
            // What stands in code is not read.
            Event::Code(_) => words.push_str(" code "),
            Event::Html(part) => html.push_str(&part),
            other => panic!("{other:?} in {text}"),
        }
    }
    table(&html, &mut words);
    is_words(&words);
}

fn is_known(tag: &Tag<'_>) {
    let is_known = match tag {
        Tag::Paragraph | Tag::Item | Tag::Strong | Tag::HtmlBlock | Tag::List(None) | Tag::BlockQuote(None) => true,
        Tag::Heading { level, .. } => *level == HeadingLevel::H3,
        _ => false,
    };
    assert!(is_known, "{tag:?}");
}

/// Asserts that a text outside of code is words, in which forges find nothing.
fn is_words(text: &str) {
    let odd = text.chars().find(|c| !c.is_ascii_alphanumeric() && !" \n.,;:()'-·".contains(*c));
    assert_eq!(odd, None, "in {text:?}");
    assert!(!REFERENCES.is_match(text), "{:?} in {text:?}", REFERENCES.find(text));
}

/// Reads the tables of an issue, where the texts of others are code; adds the other texts to the words.
fn table(html: &str, words: &mut String) {
    read(html, |found| match found {
        Found::Text(_, "code") | Found::Attribute("td", "colspan", "3") => {}
        Found::Text(text, _) => words.extend([text, "\n"]),
        other @ Found::Attribute(..) => panic!("{other:?}"),
    });
}

/// The reader itself finds what the list could do.
#[test]
fn markup_is_found() {
    for text in [
        "a [x](https://evil.example)",
        "a ![x](https://forge.example/x.png)",
        "<https://evil.example>",
        "a @mallory",
        "fixes #1",
        "see GH-1",
        "a 0123456789abcdef",
        "a :smile:",
        "# heading",
        "- [ ] task",
        "1. item",
        "```\ncode\n```",
        "a <b>x</b>",
        "<table>\n<tr><td>@mallory</td></tr>\n</table>",
        "a *b*",
        "a $x$",
        "> [!NOTE]\n> a",
        "| a | b |\n|---|---|\n| c | d |",
        "a [^1]\n\n[^1]: b",
        "www.evil.example",
        "a ~~b~~",
    ] {
        assert!(std::panic::catch_unwind(|| markdown(text)).is_err(), "{text}");
    }
    markdown(
        "- **Release:** `@evil`\n\n[Registry](<https://npm.example/x>) · **Links:**\n\n### 1. Contain\n\n```sh\n@evil\n```",
    );
    let one = "<!-- provwatch message 00 part 1 -->";
    for text in [format!("{one}\n\n/close"), format!("{one}\n\n- a\n{one}"), format!("{one}\n{one}\n\n- a")] {
        assert!(std::panic::catch_unwind(|| is_text(&text, true)).is_err(), "{text}");
    }
    for title in ["a @mallory", "a #1", "a www.evil.example", "a https://evil.example", "a \u{202e}"] {
        assert!(std::panic::catch_unwind(|| is_title(title)).is_err(), "{title}");
    }
}
