//! Tests that documents keep to the words of "Language" in `CONTRIBUTING.md`.

use regex::Regex;

use super::{
    documents,
    glossary::{has_links, prose},
    read,
};

/// Words in the place of a noun, and a denial that learners of English misread; `is no longer` is fine.
const AVOIDED: &str = r"(?i)\bis no(?<longer> longer)?\b|\b(?:whoever|somebody|nobody|anybody)\b";

#[test]
fn subjects_are_nouns_and_denials_say_not() {
    let avoided = Regex::new(AVOIDED).expect("the pattern is sound");
    let mut found = Vec::new();
    for document in documents().iter().filter(|path| has_links(path)) {
        for words in avoided.captures_iter(&prose(&read(document))) {
            if words.name("longer").is_none() {
                found.push(format!("{}: {}", document.display(), &words[0]));
            }
        }
    }
    assert!(found.is_empty(), "words that CONTRIBUTING.md avoids:\n{}", found.join("\n"));
}
