//! Tests that messages are plain English in the field's own words, by the rules of CONTRIBUTING's section on language.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{fs, path::Path};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// Words and turns that a message does not use, each with what to write in its place.
const AVOIDED: &[(&str, &str)] = &[
    ("is no ", "is not a"),
    ("are no ", "are not"),
    ("was no ", "was not a"),
    ("there is no ", "… does not exist"),
    ("whoever", "a noun: the attacker, the maintainer"),
    ("somebody", "a noun"),
    ("nobody", "a noun: no subscription, no maintainer"),
    ("for ever ", "always"),
    ("in vain", "failed"),
    ("lost its place", "cursor gap"),
    ("portrait", "profile"),
    ("sign of life", "heartbeat"),
];

/// Most words of a sentence.
const LONGEST: usize = 30;

/// The texts of a file that people may read: string literals with a space, outside tests and documentation.
#[derive(Default)]
struct Messages(Vec<(usize, String)>);

impl Messages {
    fn add(&mut self, literal: &syn::LitStr) {
        let text = literal.value();
        if text.contains(' ') {
            self.0.push((literal.span().start().line, text));
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse2::<syn::LitStr>(TokenTree::Literal(literal).into()) {
                        self.add(&text);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Messages {
    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.add(literal);
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        self.tokens(one.tokens.clone());
    }

    /// Reasons of lints are for those who read the code, and documentation is not a message.
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("error")
            && let syn::Meta::List(list) = &attribute.meta
        {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }
}

/// Every message of production code, with the place where it stands.
fn messages() -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
                let mut found = Messages::default();
                found.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
                all.extend(found.0.into_iter().map(|(line, text)| (format!("{}:{line}", path.display()), text)));
            }
        }
    }
    all
}

#[test]
fn messages_avoid_what_the_rules_avoid() {
    let mut wrong = Vec::new();
    for (place, text) in messages() {
        let padded = format!(" {}", text.to_lowercase());
        for (avoided, instead) in AVOIDED {
            if padded.replace(" no longer", "").contains(&format!(" {avoided}")) {
                wrong.push(format!("{place}: {avoided:?} (write {instead}): {text:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} messages:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn sentences_of_messages_are_short() {
    let sentences = |text: &str| -> Vec<String> {
        text.split(['\n', ';', ':']).flat_map(|line| line.split(". ")).map(str::to_owned).collect()
    };
    let mut wrong = Vec::new();
    for (place, text) in messages() {
        for sentence in sentences(&text) {
            let words = sentence.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count();
            if words > LONGEST {
                wrong.push(format!("{place}: {words} words: {sentence}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} sentences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_message_is_found_wherever_it_stands() {
    let file = "#[error(\"it is no key\")] struct A;\nfn f() { let a = format!(\"one {a}\"); g(\"two three\"); h(\"short\"); }\n\
                #[cfg(test)] mod tests { const B: &str = \"not this\"; }\n/// nor this\nfn i() {}";
    let mut found = Messages::default();
    found.visit_file(&syn::parse_file(file).unwrap());
    let texts: Vec<_> = found.0.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["it is no key", "one {a}", "two three"]);
}
