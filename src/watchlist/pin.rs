//! Writes demands from a baseline into `expect` blocks, and never changes an existing demand.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use toml_edit::{Array, DocumentMut, InlineTable, Item, KeyMut, Table, Value};

use super::{
    EditError, Pattern, Watchlist,
    edit::{open, push_table, save, table, take},
    file,
};
use crate::model::{Demand, Package};

/// A demand to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedDemand {
    /// Which.
    pub demand: Demand,
    /// What is allowed.
    pub values: Vec<String>,
    /// Where the values come from, for readers of the file; one line.
    pub remark: String,
}

/// The demands to write for a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The package.
    pub package: Package,
    /// The demands.
    pub demands: Vec<PinnedDemand>,
    /// Where they come from, for readers of the file; one line.
    pub remark: String,
}

/// An edit that is not written yet.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    /// The file as it is.
    pub before: String,
    /// The file as it would be.
    pub after: String,
}

impl Draft {
    /// Writes it.
    ///
    /// # Errors
    /// The file was changed meanwhile, or cannot be written.
    pub fn save(&self) -> Result<(), EditError> {
        save(&self.path, &self.before, &self.after)
    }
}

/// Drafts a watchlist file with these demands in the `expect` block of each package's entry. Missing entries are added, and
/// existing keys stay unchanged.
///
/// # Errors
/// The file cannot be read, is wrong, or would be.
pub fn pin(path: &Path, pins: &[Pin]) -> Result<Draft, EditError> {
    let (before, mut document) = open(path)?;
    file::patterns(&before, path).map_err(EditError::Problems)?;
    let places = Places::of(&document);
    let mut comments = places.take_listed(&mut document, pins);
    for pin in pins {
        let pattern = Pattern::Exact(pin.package.clone());
        let own = places.entry(&pattern).is_some_and(|at| write_to_entry(&mut document, at, pin));
        if !own {
            let mut entry = table(&pattern, None, None);
            if let Some(comment) = comments.remove(&pattern).flatten() {
                entry.decor_mut().set_prefix(format!("\n{comment}\n"));
            }
            write_to_table(&mut entry, pin);
            push_table(&mut document, entry);
        }
    }
    let after = document.to_string();
    Watchlist::parse(&after, path).map_err(EditError::Unusable)?;
    Ok(Draft { path: path.to_owned(), before, after })
}

/// A watchlist of its own with these demands, to be included in another one.
pub fn pins_alone(pins: &[Pin]) -> String {
    let mut document = DocumentMut::new();
    for pin in pins {
        let mut entry = table(&Pattern::Exact(pin.package.clone()), None, None);
        write_to_table(&mut entry, pin);
        push_table(&mut document, entry);
    }
    document.to_string()
}

/// An index of the packages of a file, because the command looks up a thousand of them.
struct Places {
    /// In the list `packages`.
    listed: HashMap<Pattern, usize>,
    /// In the tables `[[package]]`.
    entries: HashMap<Pattern, usize>,
}

impl Places {
    fn of(document: &DocumentMut) -> Self {
        let read = |purl: Option<&str>| purl.and_then(|purl| purl.parse::<Pattern>().ok());
        let listed =
            document.get("packages").and_then(Item::as_array).into_iter().flatten().map(|one| read(one.as_str()));
        let purls: Vec<Option<Pattern>> = match document.get("package") {
            Some(Item::ArrayOfTables(tables)) => {
                tables.iter().map(|table| read(table.get("purl").and_then(Item::as_str))).collect()
            }
            Some(Item::Value(Value::Array(tables))) => {
                let purl = |value: &Value| read(value.as_inline_table().and_then(|table| table.get("purl")?.as_str()));
                tables.iter().map(purl).collect()
            }
            _ => Vec::new(),
        };
        let places = |(at, pattern): (usize, Option<Pattern>)| Some((pattern?, at));
        Self {
            listed: listed.enumerate().filter_map(places).collect(),
            entries: purls.into_iter().enumerate().filter_map(places).collect(),
        }
    }

    fn entry(&self, pattern: &Pattern) -> Option<usize> {
        self.entries.get(pattern).copied()
    }

    /// Removes the packages from the list `packages`, which has no room for demands, and returns the comment of each.
    fn take_listed(&self, document: &mut DocumentMut, pins: &[Pin]) -> HashMap<Pattern, Option<String>> {
        let Some(packages) = document.get_mut("packages").and_then(Item::as_array_mut) else { return HashMap::new() };
        let patterns = pins.iter().map(|pin| Pattern::Exact(pin.package.clone()));
        let mut listed: Vec<_> = patterns.filter_map(|pattern| Some((*self.listed.get(&pattern)?, pattern))).collect();
        // From the end on, so that the places before stay as they are.
        listed.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        listed.into_iter().map(|(at, pattern)| (pattern, take(packages, at))).collect()
    }
}

/// Writes to an entry of the file. Whether there is one that can be written to.
fn write_to_entry(document: &mut DocumentMut, at: usize, pin: &Pin) -> bool {
    match document.get_mut("package") {
        Some(Item::ArrayOfTables(tables)) => tables.get_mut(at).map(|table| write_to_table(table, pin)).is_some(),
        Some(Item::Value(Value::Array(tables))) => {
            let table = tables.get_mut(at).and_then(Value::as_inline_table_mut);
            table.map(|table| write_inline(table, pin)).is_some()
        }
        _ => false,
    }
}

fn write_to_table(table: &mut Table, pin: &Pin) {
    match table.get_mut("expect") {
        None => {
            let mut expect = Table::new();
            expect.decor_mut().set_prefix(format!("\n# {}\n", pin.remark));
            add(&mut expect, pin);
            table.insert("expect", Item::Table(expect));
        }
        Some(Item::Table(expect)) => {
            if let Some(first) = add(expect, pin)
                && let Some(mut key) = expect.key_mut(first)
            {
                key.leaf_decor_mut().set_prefix(format!("# {}\n", pin.remark));
            }
        }
        Some(Item::Value(Value::InlineTable(expect))) => {
            let added = add_inline(expect, pin);
            if let Some(mut key) = table.key_mut("expect").filter(|_| added) {
                remark_above(&mut key, &pin.remark);
            }
        }
        Some(_) => {}
    }
}

/// A comment on a line of its own above a key, below those that stand there.
fn remark_above(key: &mut KeyMut<'_>, remark: &str) {
    let before = key.leaf_decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
    key.leaf_decor_mut().set_prefix(format!("{before}# {remark}\n"));
}

/// Adds the demands that a block does not make, each with its remark. Gives the key of the first.
fn add(expect: &mut Table, pin: &Pin) -> Option<&'static str> {
    let mut first = None;
    for PinnedDemand { demand, values, remark } in &pin.demands {
        if !expect.contains_key(demand.key()) {
            let mut list = list(values);
            list.decor_mut().set_suffix(format!(" # {remark}"));
            expect.insert(demand.key(), Item::Value(list));
            first = first.or(Some(demand.key()));
        }
    }
    first
}

/// The same for a block on one line, which has no room for remarks. Whether the block got a key.
fn add_inline(expect: &mut InlineTable, pin: &Pin) -> bool {
    let mut added = false;
    for PinnedDemand { demand, values, .. } in &pin.demands {
        if !expect.contains_key(demand.key()) {
            expect.insert(demand.key(), list(values));
            added = true;
        }
    }
    expect.fmt();
    added
}

fn write_inline(table: &mut InlineTable, pin: &Pin) {
    let expect = table.get_or_insert("expect", InlineTable::new());
    if let Some(expect) = expect.as_inline_table_mut() {
        add_inline(expect, pin);
    }
    table.fmt();
}

fn list(values: &[String]) -> Value {
    Value::Array(values.iter().map(String::as_str).collect::<Array>())
}
