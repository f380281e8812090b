//! Tests that documents link the terms of `docs/GLOSSARY.md`, so that a reader is one click from their meaning.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use regex::{Captures, Regex};

use super::{documents, lines, read};

/// Documents without links to the glossary: itself, those that are made from code alone, and the list of changes.
const WITHOUT_LINKS: [&str; 5] =
    ["CHANGELOG.md", "docs/CONFIGURATION.md", "docs/DETECTORS.md", "docs/GLOSSARY.md", "schema/README.md"];

#[test]
fn every_term_of_the_glossary_is_used_and_linked() {
    let terms = terms();
    assert!((1..=30).contains(&terms.len()), "{} terms", terms.len());
    let (mut used, mut bare) = (BTreeSet::new(), Vec::new());
    for document in documents().iter().filter(|path| has_links(path)) {
        for (anchor, is_link) in first_uses(&prose(&read(document)), &terms) {
            if !is_link {
                bare.push(format!("{}: {anchor}", document.display()));
            }
            used.insert(anchor);
        }
    }
    assert!(bare.is_empty(), "terms whose first use does not link docs/GLOSSARY.md:\n{}", bare.join("\n"));
    let unused: Vec<&String> = terms.iter().filter(|term| !used.contains(&anchor_of(term))).collect();
    assert!(unused.is_empty(), "terms that no document uses: {unused:?}");
}

/// Those below `tests` describe data that others published.
pub(super) fn has_links(path: &Path) -> bool {
    !path.starts_with("tests") && WITHOUT_LINKS.iter().all(|name| path != Path::new(name))
}

/// The terms, the longest first, so that `signal category` is not read as `signal`.
fn terms() -> Vec<String> {
    let glossary = read("docs/GLOSSARY.md");
    let rows = glossary.lines().filter_map(|line| line.strip_prefix("| <a id=\"")?.split_once("\"></a>"));
    let mut terms = Vec::new();
    for (anchor, row) in rows {
        let (term, _) = row.split_once(" |").expect("a term is a cell");
        assert_eq!(anchor, anchor_of(term));
        terms.push(term.to_owned());
    }
    terms.sort_by_key(|term| usize::MAX - term.len());
    terms
}

fn anchor_of(term: &str) -> String {
    term.to_lowercase().replace(' ', "-")
}

/// A document without headings, tables, comments and code. Links to the glossary are `⟨anchor⟩`, others are left out.
pub(super) fn prose(text: &str) -> String {
    let is_prose = |line: &str| !["#", "|", "<!--"].iter().any(|start| line.starts_with(start));
    let kept = lines(text).filter(|(fenced, line)| !fenced && is_prose(line));
    let joined = kept.map(|(_, line)| line.trim()).collect::<Vec<_>>().join(" ");
    let without_code: String = joined.split('`').step_by(2).collect();
    let links = Regex::new(r"\[[^\]]*\]\(([^)]*)\)").expect("the pattern is sound");
    let marked = links.replace_all(&without_code, |link: &Captures<'_>| {
        link[1].split_once("GLOSSARY.md#").map_or_else(String::new, |(_, anchor)| format!("⟨{anchor}⟩"))
    });
    marked.into_owned()
}

/// The anchors of the terms that a text uses, each with whether its first use is a link.
fn first_uses(prose: &str, terms: &[String]) -> BTreeMap<String, bool> {
    let pattern = format!(r"(?i)⟨(?<link>[a-z-]+)⟩|\b(?<term>{})(?:s|es)?\b", terms.join("|"));
    let uses = Regex::new(&pattern).expect("terms are words");
    let mut first = BTreeMap::new();
    for found in uses.captures_iter(prose) {
        let (anchor, is_link) = match found.name("link") {
            Some(link) => (link.as_str().to_owned(), true),
            None => (anchor_of(&found["term"]), false),
        };
        first.entry(anchor).or_insert(is_link);
    }
    first
}
