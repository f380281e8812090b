//! Texts of others as Markdown that cannot become anything but text.
//!
//! Escapes are not enough: forges look for mentions, references and commit hashes after they rendered the Markdown. They leave
//! out code. So what is not an ordinary word is code; in titles, which have none, invisible joiners part it.

/// Most backticks in a row that stay: renderers give up on long rows.
const MOST_BACKTICKS: usize = 8;
/// Digits from which on a word may be the hash of a commit.
const HASH: usize = 7;
/// Parts what a forge would read as one, and has neither width nor a line break.
const JOINER: char = '\u{2060}';

/// A sentence in which ordinary words stand as they are, and everything else is code. Not for the beginning of a line.
pub(super) fn prose(text: &str) -> String {
    let (mut out, mut odd) = (String::new(), Vec::new());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if is_ordinary(word) {
            push(&mut out, &run(&odd));
            odd.clear();
            push(&mut out, word);
        } else {
            odd.push(word);
        }
    }
    push(&mut out, &run(&odd));
    out
}

fn push(out: &mut String, more: &str) {
    if !out.is_empty() && !more.is_empty() {
        out.push(' ');
    }
    out.push_str(more);
}

/// Whether a word is letters or a short number, with the punctuation of a sentence around it.
fn is_ordinary(word: &str) -> bool {
    let (_, core, behind) = parts(word);
    let is_number = core.len() < HASH && core.bytes().all(|byte| byte.is_ascii_digit());
    let of_word = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'\'');
    let bounds = [core.bytes().next(), core.bytes().last()];
    let is_word = core.bytes().all(of_word)
        && bounds.into_iter().flatten().all(|byte| byte.is_ascii_alphabetic())
        && !core.contains("--");
    let is_hash = core.split(['-', '\'']).any(|part| part.len() >= HASH && part.bytes().all(|b| b.is_ascii_hexdigit()));
    // A number before a dot or bracket begins a list.
    !core.is_empty() && !is_hash && (is_word || (is_number && !behind.starts_with(['.', ')'])))
}

/// The punctuation before a word, the word, and the punctuation behind it.
fn parts(word: &str) -> (&str, &str, &str) {
    let core = word.strip_prefix('(').unwrap_or(word);
    let before = &word[..word.len() - core.len()];
    let word = core.trim_end_matches(['.', ',', ';', ':', ')']);
    (before, word, &core[word.len()..])
}

/// Words that are not ordinary as one piece of code, with the punctuation of the sentence outside.
fn run(odd: &[&str]) -> String {
    let text = odd.join(" ");
    match parts(&text) {
        _ if text.is_empty() => String::new(),
        (_, core, _) if core.is_empty() || core.starts_with(' ') || core.ends_with(' ') => code(&text),
        (before, core, behind) => format!("{before}{}{behind}", code(core)),
    }
}

/// A text as code within a line.
pub(super) fn code(text: &str) -> String {
    let text = with_short_rows(text);
    let fence = "`".repeat(longest_row(&text) + 1);
    // One blank on each side belongs to the fence.
    let pad = if text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Lines as a block of code.
pub(super) fn block(lines: &[String]) -> String {
    let text = with_short_rows(&lines.join("\n"));
    let fence = "`".repeat((longest_row(&text) + 1).max(3));
    format!("{fence}sh\n{text}\n{fence}")
}

/// The text with rows of at most [`MOST_BACKTICKS`] backticks, each of which ends with `…` if it was longer.
fn with_short_rows(text: &str) -> String {
    let (mut out, mut row) = (String::new(), 0);
    for c in text.chars() {
        row = if c == '`' { row + 1 } else { 0 };
        match row {
            0..=MOST_BACKTICKS => out.push(c),
            _ if row == MOST_BACKTICKS + 1 => out.push('…'),
            _ => {}
        }
    }
    out
}

fn longest_row(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// A cell of an HTML table: code, where nothing but HTML counts.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::from("<td><code>");
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out.push_str("</code></td>");
    out
}

/// A link, unless the forge would show it as a reference in what it leads to, as those to issues.
pub(super) fn link(label: &str, url: &str) -> String {
    const REFERRED: [&str; 7] = ["issues", "pull", "pulls", "discussions", "merge_requests", "epics", "work_items"];
    let is_referred = url.split(['/', '?', '#']).any(|part| REFERRED.contains(&part.to_ascii_lowercase().as_str()));
    if is_referred || url.contains(['\\', '`', '<', '>', ' ']) {
        return format!("{label}: {}", code(url));
    }
    // Markdown reads entities in a link: `&lt;` would be another character.
    format!("[{label}](<{}>)", url.replace('&', "&amp;"))
}

/// A title, which has no code: joiners part everything that a forge would read as a mention, a reference or a link.
pub(super) fn title(text: &str, most: usize) -> String {
    let (mut out, mut digits) = (String::new(), 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        digits = if c.is_ascii_hexdigit() { digits + 1 } else { 0 };
        if digits == HASH {
            out.push(JOINER);
            digits = 1;
        }
        out.push(c);
        let is_end = c == ' ' || chars.peek().is_none_or(|next| *next == ' ');
        let is_www = c == '.' && out.to_ascii_lowercase().ends_with("www.");
        if is_www || (!is_end && !c.is_alphanumeric() && !matches!(c, '.' | ',' | '\'' | '(' | ')' | '_')) {
            out.push(JOINER);
        }
    }
    if out.chars().count() > most {
        out = out.chars().take(most.saturating_sub(1)).chain(['…']).collect();
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_words_stay_and_the_rest_is_code() {
        for (text, markdown) in [
            (
                "Do not install pkg:npm/axios@1.14.1; pin 1.14.0, the last version.",
                "Do not install `pkg:npm/axios@1.14.1`; pin `1.14.0`, the last version.",
            ),
            ("(alert 0123456789ab): Lost its evidence", "(alert `0123456789ab`): Lost its evidence"),
            ("The last 32 releases of line 1 were two-factor.", "The last 32 releases of line 1 were two-factor."),
            ("ping @team and @org/team, Fixes #1", "ping `@team` and `@org/team`, Fixes `#1`"),
            ("GH-1 owner/repo#1 defaced facade", "`GH-1 owner/repo#1 defaced` facade"),
            ("<b>x</b> ![i](https://e.example/x.png)", "`<b>x</b> ![i](https://e.example/x.png`)"),
            ("[ ] task [x] done", "`[ ]` task `[x]` done"),
            ("1. one 2) two - three", "`1`. one `2`) two `-` three"),
            ("a ` b `` c", "a `` ` `` b ``` `` ``` c"),
            ("... :)", "`... :)`"),
            ("/close", "`/close`"),
            ("www.evil.example *bold* _it_ ~~no~~ www.", "`www.evil.example *bold* _it_ ~~no~~` www."),
            ("größer", "`größer`"),
            ("", ""),
        ] {
            assert_eq!(prose(text), markdown, "{text}");
        }
    }

    #[test]
    fn backticks_never_end_the_code() {
        for (text, markdown) in [
            ("a", "`a`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("``a", "``` ``a ```"),
            (" a ", "`  a  `"),
            ("", "`  `"),
        ] {
            assert_eq!(code(text), markdown);
        }
        assert_eq!(code(&"`".repeat(500)), format!("{0}` {0}… {0}`", "`".repeat(8)));
        assert_eq!(block(&["a".to_owned(), "````".to_owned()]), "`````sh\na\n````\n`````");
    }

    #[test]
    fn a_cell_is_nothing_but_text() {
        assert_eq!(
            cell("</code></td><img src=\"x\"> @team | ` &amp;"),
            "<td><code>&lt;/code&gt;&lt;/td&gt;&lt;img src=&quot;x&quot;&gt; @team | ` &amp;amp;</code></td>"
        );
    }

    #[test]
    fn links_refer_to_nothing() {
        assert_eq!(link("Registry", "https://npm.example/axios"), "[Registry](<https://npm.example/axios>)");
        assert_eq!(link("Commit", "https://e.example/?a&lt;"), "[Commit](<https://e.example/?a&amp;lt;>)");
        for url in [
            "https://github.com/o/r/issues/1",
            "https://github.com/o/r/PULL/1",
            "https://gitlab.com/g/p/-/merge_requests/1",
            "https://e.example/?\\>",
        ] {
            assert_eq!(link("Commit", url), format!("Commit: `{url}`"));
        }
    }

    #[test]
    fn a_title_mentions_and_refers_to_nothing() {
        for (text, shown) in [
            ("HIGH axios 1.14.1: published with a token", "HIGH axios 1.14.1: published with a token"),
            ("@team", "@|team"),
            ("@scope/name", "@|scope/|name"),
            ("#1 !2 ~bug GH-1 o/r#1", "#|1 !|2 ~|bug GH-|1 o/|r#|1"),
            ("0123456789abcdef", "012345|6789ab|cdef"),
            ("https://evil.example", "https:|/|/|evil.example"),
            ("WWW.evil.example", "WWW.|evil.example"),
            (":smile: [x]", ":|smile: [|x]"),
        ] {
            assert_eq!(title(text, 250), shown.replace('|', "\u{2060}"), "{text}");
        }
        let long = title(&"@".repeat(400), 250);
        assert_eq!(long.chars().count(), 250);
    }

    /// What `CommonMark` leaves of a line outside of its code.
    fn outside_code(line: &str) -> String {
        let (mut rest, mut out) = (line, String::new());
        while let Some(at) = rest.find('`') {
            out.push_str(&rest[..at]);
            let row = rest[at..].len() - rest[at..].trim_start_matches('`').len();
            let behind = &rest[at + row..];
            let mut place = 0;
            let end = behind.split_inclusive(|c| c != '`').find_map(|piece| {
                let ticks = piece.len() - piece.trim_start_matches('`').len();
                let begin = place;
                place += piece.len();
                (ticks == row).then_some(begin)
            });
            let end = end.expect("all code ends");
            rest = &behind[end + row..];
        }
        out.push_str(rest);
        out
    }

    proptest! {
        #[test]
        fn nothing_but_words_is_outside_of_code(text in "[ `a-zA-Z0-9@#!<>/\\[\\]()*_~|:.,;&$^%=+{}'\"\\\\-]{0,60}") {
            let outside = outside_code(&prose(&text));
            prop_assert!(
                outside.chars().all(|c| c.is_ascii_alphanumeric() || " ().,;:'-".contains(c)), "{} in {}", outside, text
            );
            let is_hash = |word: &str| word.len() >= HASH && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            prop_assert!(!outside.split(|c: char| !c.is_ascii_alphanumeric()).any(is_hash), "{}", outside);
        }

        #[test]
        fn titles_are_short_and_have_no_mention(text in "\\PC{0,300}") {
            let title = title(&text, 250);
            prop_assert!(title.chars().count() <= 250);
            let named = |pair: &[char]| matches!(pair[0], '@' | '#' | '!') && pair[1].is_alphanumeric();
            prop_assert!(!title.chars().collect::<Vec<_>>().windows(2).any(named), "{}", title);
        }
    }
}
