//! Tests that SQL statements stay in the portable subset that `store`'s documentation describes, with a shrinking list
//! of exceptions.

mod rules;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use rules::RULES;
use words::{Word, words};

/// Statements outside of the subset: the file, the rule, and the number.
const EXCEPTIONS: &[(&str, &str, usize)] = &[
    // The checksums of rows, which statements and triggers compute.
    ("baselines.rs", "a function that the program adds", 2),
    ("damage/rows.rs", "a function that the program adds", 1),
    ("history/covered.rs", "a function that the program adds", 2),
    ("recording.rs", "a function that the program adds", 1),
    ("sealed.rs", "a function that the program adds", 4),
    // Searches inside JSON: names and identities of `[[logs.match]]`, the subject to serve next, the subject of an
    // alert.
    ("logs/matches.rs", "a JSON function or operator", 4),
    ("logs/matches.rs", "a function that only SQLite has", 1),
    ("queue.rs", "a JSON function or operator", 1),
    ("vitals.rs", "a JSON function or operator", 3),
];

/// The statements of a file, and calls of the driver that have the same effect.
#[derive(Default)]
struct Statements(Vec<String>);

impl<'a> Visit<'a> for Statements {
    fn visit_item(&mut self, item: &'a syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'a syn::Attribute) {}

    fn visit_lit_str(&mut self, literal: &'a syn::LitStr) {
        self.0.push(literal.value());
    }

    fn visit_macro(&mut self, called: &'a syn::Macro) {
        self.literals(called.tokens.clone());
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        // A method of the driver for a function of SQLite.
        if call.method == "last_insert_rowid" {
            self.0.push(call.method.to_string());
        }
        visit::visit_expr_method_call(self, call);
    }
}

impl Statements {
    fn literals(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.literals(group.stream()),
                TokenTree::Literal(literal) => {
                    self.0.extend(syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value()));
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

fn is_for_tests(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|only| only == "test")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store")
}

/// Every source file of the module except its tests, by path.
fn sources() -> BTreeMap<String, String> {
    let (mut folders, mut sources) = (vec![root()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path != root().join("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                sources.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    sources
}

fn statements_of(source: &str) -> Vec<String> {
    let mut statements = Statements::default();
    statements.visit_file(&syn::parse_file(source).unwrap());
    statements.0
}

#[test]
fn statements_are_portable_but_for_fewer_and_fewer_exceptions() {
    let mut found: BTreeMap<(String, &str), (usize, BTreeSet<String>)> = BTreeMap::new();
    let mut read = 0;
    for (file, source) in sources() {
        for statement in statements_of(&source) {
            let words = words(&statement);
            read += usize::from(words.first().is_some_and(is_a_verb));
            for rule in RULES {
                let (times, statements) = found.entry((file.clone(), rule.name)).or_default();
                let broken = (rule.broken)(&words);
                *times += broken;
                statements.extend((broken > 0).then(|| statement.clone()));
            }
        }
    }
    assert!(read > 150, "only {read} statements were found: the test does not see them any more");
    let allowed: BTreeMap<_, _> =
        EXCEPTIONS.iter().map(|(file, rule, times)| (((*file).to_owned(), *rule), *times)).collect();
    assert_eq!(allowed.len(), EXCEPTIONS.len(), "an exception stands in the table twice");
    let unknown: Vec<_> = allowed.keys().filter(|exception| !found.contains_key(exception)).collect();
    assert!(unknown.is_empty(), "these exceptions name a file or a rule that is not there: {unknown:?}");
    let wrong: Vec<String> = found
        .iter()
        .filter(|(exception, (times, _))| *times != allowed.get(exception).copied().unwrap_or(0))
        .map(|((file, rule), (times, statements))| format!("(\"{file}\", \"{rule}\", {times}),\n{statements:#?}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "found more often than the table of exceptions allows (write it as the documentation of `store` says) or less \
         often (lower the number):\n{}",
        wrong.join("\n")
    );
}

fn is_a_verb(word: &Word) -> bool {
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| word.is(verb))
}

#[test]
fn each_rule_finds_what_it_is_for_and_stands_in_the_documentation() {
    let documentation = fs::read_to_string(root().join("mod.rs")).unwrap();
    for rule in RULES {
        for other in RULES {
            let expected = usize::from(other.name == rule.name);
            assert_eq!((other.broken)(&words(rule.example)), expected, "{} in {}", other.name, rule.example);
            assert_eq!((other.broken)(&words(rule.instead)), 0, "{} in {}", other.name, rule.instead);
        }
        let row = format!("//! | {} |", rule.name);
        assert!(documentation.contains(&row), "the documentation of `store` has no row for {}", rule.name);
    }
}

#[test]
fn statements_are_found_wherever_they_stand() {
    let source = r#"
        //! SELECT 1
        const A: &[&str] = &["SELECT 2"];
        impl Store {
            fn f(&self) { db.execute(&format!("SELECT 3 {}", vec!["SELECT 4"]), []); db.last_insert_rowid() }
        }
        #[cfg(test)]
        mod tests { const B: &str = "SELECT 5"; }
    "#;
    assert_eq!(statements_of(source), ["SELECT 2", "SELECT 3 {}", "SELECT 4", "last_insert_rowid"]);
    let sql = "SELECT {row AS due}, 'it''s iif(' -- max(1, 2)\n FROM t WHERE a = :b AND c::text = ?12";
    let parameters: Vec<_> = words(sql).into_iter().filter(|word| matches!(word, Word::Parameter(_))).collect();
    assert_eq!(parameters.len(), 3, "{parameters:?}");
}
