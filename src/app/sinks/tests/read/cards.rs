//! Cards of Teams as its clients read them: elements, actions, mentions, templates.

use super::{
    LABELS, is_inert, is_own_link, is_plain,
    json::{has_only, objects, texts},
};
use crate::{app::sinks::tests::list::is_tainted, deliver::stand_in::Asked};

/// Every key of a message with a card. `entities` would be mentions.
const KEYS: [&str; 20] = [
    "$schema",
    "actions",
    "attachments",
    "body",
    "color",
    "content",
    "contentType",
    "contentUrl",
    "fallbackText",
    "inlines",
    "isSubtle",
    "msteams",
    "size",
    "text",
    "title",
    "type",
    "url",
    "version",
    "weight",
    "width",
];

pub(super) fn check(asked: &Asked) {
    let message = &asked.body;
    has_only(message, &KEYS);
    assert_eq!(message["type"], "message");
    for object in objects(message) {
        // Any other element reads Markdown in its text.
        assert!(object["text"].is_null() || object["type"] == "TextRun", "{object}");
        let kind = object["type"].as_str().unwrap_or("message");
        let known = ["message", "AdaptiveCard", "RichTextBlock", "TextRun", "Action.OpenUrl"];
        assert!(known.contains(&kind), "{object}");
    }
    for (key, text) in texts(message) {
        match key {
            "text" => {
                is_plain(text, false);
                is_inert(text);
            }
            "url" => is_own_link(text),
            "title" => assert!(LABELS.contains(&text), "{text}"),
            _ => assert!(!is_tainted(text), "{key}: {text}"),
        }
    }
}
