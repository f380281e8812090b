//! The one list of texts that mean something to a receiver, or on the way to it.

use crate::text::plain;

/// Texts that a publisher, an account or an author of a log entry may choose. `evil` or `mallory` is in each, so that a
/// check finds it where no such text may be.
pub(super) const INJECTIONS: &[&str] = &[
    // Terminals.
    "\u{1b}[2J\u{1b}[31mevil",
    "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{7}",
    "\u{9b}31m\u{9d}0;evil\u{9c}",
    "nul\0bell\u{7}back\u{8}vt\u{b}ff\u{c}del\u{7f}\tevil",
    // Lines, headers, and the ends of messages.
    "a\r\nBcc: x@evil.example",
    "a\nSubject: evil\n\nbody",
    "a\rb\u{85}evil",
    "\r\n.\r\nMAIL FROM:<x@evil.example>",
    ".\n.evil",
    "=?utf-8?q?=0aBcc=3a_x=40evil.example?=",
    "--=_evil\r\nContent-Type: text/html",
    "%0d%0aBcc:%20x@evil.example",
    // Characters that show as others, or not at all.
    "evil.\u{202e}exe\u{202c}",
    "\u{2066}a\u{2069}\u{200f}\u{200e}\u{61c}evil",
    "e\u{200b}v\u{200c}i\u{200d}l\u{2060}\u{feff}evil",
    "line\u{2028}par\u{2029}evil",
    "\u{e0041}\u{fe0f}\u{3164}\u{ad}evil",
    // HTML.
    "</td></code><script>evil()</script>",
    "<img src=x onerror=evil()>",
    "\" onmouseover=\"evil()\" x='",
    "<a href=\"https://evil.example\">x</a>",
    "&lt;evil&gt; &#60;evil&#62; &amp;",
    "]]><style>evil</style><iframe src=//evil>",
    // Markdown: links, images, references to them.
    "[x](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<https://evil.example> <x@evil.example>",
    "https://evil.example www.evil.example",
    "x@evil.example mailto:x@evil.example",
    "[evil]: https://evil.example\n[evil]",
    "[^evil] [[evil]] [[_TOC_]]",
    // Markdown: blocks, which begin with a line.
    "# evil",
    "> evil",
    "> [!WARNING] evil",
    "- [ ] evil",
    "- [x] evil",
    "* evil",
    "+ evil",
    "1. evil",
    "1) evil",
    "--- evil",
    "===\n--- evil",
    "    evil",
    "\tevil",
    "```\nevil",
    "~~~ evil",
    "| evil | b |\n|---|---|",
    "::include{file=evil}",
    // Markdown: emphasis, code, formulas.
    "`evil` `` ``` ````",
    "\\`evil\\` \\",
    "**evil** __evil__ *evil* _evil_",
    "~~evil~~ ==evil== {+evil+} {-evil-}",
    "$`evil`$ $$evil$$ $evil$",
    // Mentions, references and actions of forges.
    "@mallory @acme/evil @all",
    "#123 acme/evil#1 acme#2",
    "GH-1 evil GH-23",
    "Fixes #1, closes GH-2 evil",
    "0123456789abcdef0123456789abcdef01234567 evil",
    "deadbeef evil 1234567",
    ":evil: :smile: :+1:",
    "/close evil",
    "\n/close\n/assign @mallory",
    "!1 ~evil %1 &1 $1 ^1",
    "~\"evil label\" %\"evil milestone\"",
    "[vulnerability:1] *iteration:1 evil",
    // Slack.
    "<!channel> <!here> evil",
    "<@U012345> <@W012345> evil",
    "<#C012345|evil> <!subteam^S01>",
    "<https://evil.example|click>",
    "<mailto:x@evil.example|x>",
    "@here @channel #evil",
    "*evil* _evil_ ~evil~ &gt;",
    // Teams and Adaptive Cards.
    "<at>evil</at>",
    "${evil} ${$root} ${json(evil)}",
    "{{DATE(2017-02-14T06:08:39Z,SHORT)}}evil",
    "{{TIME(2017-02-14T06:08:39Z)}} evil",
    // Templates.
    "{{ .Evil }} {{ template \"evil\" . }}",
    "{% evil %} {# evil #} #{evil} @{evil}",
    "<%= evil %> %s %n {0}",
    // Actions of ntfy.
    "view, evil, https://evil.example",
    "http, x, https://evil.example, method=POST",
    // Logs.
    "] [evil x=\"y\"",
    "\"]\\ evil \\\" ]",
    "\n<0>1 - - - - - - evil",
    "<0>1 2026-01-01T00:00:00Z h evil p m -",
    "a\nPRIORITY=0\nMESSAGE=evil",
    // JSON, tables, shells, databases.
    "\",\"actions\":[{\"action\":\"evil\"}],\"",
    "\\u0022,\\u000aevil",
    "}]}\n{\"evil\":1}",
    "=cmd|'/C evil'!A0",
    "+1-1 @SUM(evil) =1+1",
    "$(evil) `evil` ; evil & | > evil",
    "'; DROP TABLE evil; --",
    // Markers by which provwatch finds its own.
    "<!-- provwatch alert evil -->",
    "\n<!-- provwatch message evil part 1 -->",
];

/// Most characters of the texts of a pack as a message shows them; a name has 120.
const PACK: usize = 110;

/// The texts in packs that every field of a message shows whole.
pub(super) fn packs() -> Vec<Vec<&'static str>> {
    let mut packs: Vec<Vec<&'static str>> = Vec::new();
    let mut room = 0;
    for text in INJECTIONS {
        let length = plain(text, 1_000).chars().count() + 1;
        assert!(length <= PACK, "{text:?}");
        match packs.last_mut() {
            Some(pack) if length <= room => pack.push(text),
            _ => {
                room = PACK;
                packs.push(vec![text]);
            }
        }
        room -= length;
    }
    packs
}

/// Whether a text has a part of one of the list.
pub(super) fn is_tainted(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("evil") || text.contains("mallory")
}

#[test]
fn every_text_is_found_by_its_word_and_stands_in_a_pack() {
    for text in INJECTIONS {
        assert!(is_tainted(text), "{text:?}");
    }
    let all = packs();
    assert_eq!(all.iter().flatten().count(), INJECTIONS.len());
    assert!(all.len() < 40, "{}", all.len());
}
