//! The index of all source files: resolves paths, and lists the files that a file references.

use std::collections::{BTreeMap, BTreeSet};

use super::unit::{Mention, Unit};

/// More re-exports of re-exports than anybody writes.
const DEEPEST: usize = 12;

/// What a path leads to: the file, the item there, and what is left of the path behind it.
struct Found {
    unit: usize,
    /// `None`: the module itself.
    item: Option<String>,
    rest: Vec<String>,
}

/// For each type of a room with `impl`s in several files: where each method stands.
pub type SplitTypes = BTreeMap<(String, String), BTreeMap<String, usize>>;

pub struct House<'a> {
    pub units: Vec<&'a Unit>,
    by_module: BTreeMap<Vec<String>, usize>,
}

impl<'a> House<'a> {
    pub fn of(units: Vec<&'a Unit>) -> Self {
        let by_module = units.iter().enumerate().map(|(at, unit)| (unit.module.clone(), at)).collect();
        Self { units, by_module }
    }

    fn unit(&self, module: &[String]) -> Option<usize> {
        self.by_module.get(module).copied()
    }

    /// The types with `impl`s in several files of one room.
    pub fn split_types(&self) -> SplitTypes {
        let mut all: SplitTypes = BTreeMap::new();
        for (at, unit) in self.units.iter().enumerate() {
            for (name, methods) in &unit.methods {
                let of_type = all.entry((unit.room().to_owned(), name.clone())).or_default();
                of_type.extend(methods.iter().map(|method| (method.clone(), at)));
            }
        }
        let defined = |room: &str, name: &str| {
            self.units.iter().filter(|unit| unit.room() == room && unit.items.contains(name)).count()
        };
        // Two types of one name are not one type in two files.
        all.retain(|(room, name), methods| {
            methods.values().collect::<BTreeSet<_>>().len() > 1 && defined(room, name) == 1
        });
        all
    }

    /// The other files that a file names, each with one name as an example.
    pub fn edges(&self, at: usize, split: &SplitTypes) -> BTreeMap<usize, String> {
        let unit = &self.units[at];
        let mut edges = BTreeMap::new();
        for (to, what, line) in self.imported(unit).chain(self.mentioned(unit, split)).chain(called(unit, split)) {
            if to != at {
                edges.entry(to).or_insert_with(|| format!("{what}, line {line}"));
            }
        }
        edges
    }

    fn imported(&self, unit: &Unit) -> impl Iterator<Item = (usize, String, usize)> {
        let named = unit.uses.iter().filter(|one| !one.public || unit.words.contains(&one.alias));
        named.filter_map(|one| {
            let found = self.resolve(&unit.module, &one.path, 0)?;
            (found.item.is_some() || one.alias == "*").then(|| (found.unit, one.path.join("::"), one.line))
        })
    }

    fn mentioned(&self, unit: &Unit, split: &SplitTypes) -> impl Iterator<Item = (usize, String, usize)> {
        let method = |room: &str, of: &str, name: &str| {
            split.get(&(room.to_owned(), of.to_owned())).and_then(|methods| methods.get(name).copied())
        };
        let places = move |one: &Mention| match (one.path.as_slice(), &one.inside) {
            ([first, name, ..], Some(inside)) if first == "Self" => vec![method(unit.room(), inside, name)],
            _ => match self.resolve(&unit.module, &one.path, 0) {
                Some(Found { unit: to, item: Some(item), rest }) => {
                    let of_type = rest.first().and_then(|name| method(self.units[to].room(), &item, name));
                    vec![Some(to), of_type]
                }
                _ => Vec::new(),
            },
        };
        unit.mentions
            .iter()
            .flat_map(move |one| places(one).into_iter().flatten().map(|to| (to, one.path.join("::"), one.line)))
    }

    /// Where a path leads that is written in a module; `None`: out of the house, or nowhere.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Found> {
        let (first, rest) = path.split_first().filter(|_| depth < DEEPEST)?;
        match first.as_str() {
            "crate" => self.walk(Vec::new(), rest, depth),
            "self" => self.walk(from.to_vec(), rest, depth),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                let module = from.get(..from.len().checked_sub(ups)?)?;
                self.walk(module.to_vec(), &path[ups..], depth)
            }
            _ => {
                let at = self.unit(from)?;
                let unit = &self.units[at];
                let import = unit.uses.iter().find(|one| one.alias == *first && one.path != [first.clone()]);
                if unit.children.contains(first)
                    && !(rest.is_empty() && (import.is_some() || unit.items.contains(first)))
                {
                    return self.walk(from.to_vec(), path, depth);
                }
                match import {
                    Some(import) => self.resolve(from, &joined(&import.path, rest), depth + 1),
                    None if unit.items.contains(first) => {
                        Some(Found { unit: at, item: Some(first.clone()), rest: rest.to_vec() })
                    }
                    None => None,
                }
            }
        }
    }

    /// Follows a path down from a module, through what it exports.
    fn walk(&self, mut module: Vec<String>, mut path: &[String], depth: usize) -> Option<Found> {
        while let Some((first, rest)) = path.split_first() {
            // The root has no file here: its children are the rooms.
            let Some(at) = self.unit(&module) else {
                if !module.is_empty() {
                    return None;
                }
                module.push(first.clone());
                path = rest;
                continue;
            };
            let unit = &self.units[at];
            let here = || Some(Found { unit: at, item: Some(first.clone()), rest: rest.to_vec() });
            let imports = || unit.uses.iter().filter(|one| one.alias == *first && one.path != [first.clone()]);
            let through =
                |rest: &[String]| imports().find_map(|one| self.resolve(&module, &joined(&one.path, rest), depth + 1));
            if rest.is_empty() {
                if unit.items.contains(first) {
                    return here();
                }
                if let Some(found) = through(rest).filter(|found| found.item.is_some()) {
                    return Some(found);
                }
            }
            if unit.children.contains(first) {
                module.push(first.clone());
                path = rest;
                continue;
            }
            if unit.items.contains(first) {
                return here();
            }
            let globs = || unit.uses.iter().filter(|one| one.alias == "*");
            return through(rest)
                .or_else(|| globs().find_map(|one| self.resolve(&module, &joined(&one.path, path), depth + 1)));
        }
        self.unit(&module).map(|unit| Found { unit, item: None, rest: Vec::new() })
    }
}

/// The methods that are called on what is, or is called as, a type with `impl`s in several files.
fn called(unit: &Unit, split: &SplitTypes) -> impl Iterator<Item = (usize, String, usize)> {
    let of_room = move || split.iter().filter(|((room, _), _)| room == unit.room());
    unit.calls.iter().flat_map(move |call| {
        of_room().filter_map(move |((_, name), methods)| {
            let is_its = match call.receiver.as_str() {
                "self" => call.inside.as_ref() == Some(name),
                receiver => receiver == snake_case(name),
            };
            let to = methods.get(&call.method).filter(|_| is_its)?;
            Some((*to, format!("{name}::{}", call.method), call.line))
        })
    })
}

fn joined(path: &[String], rest: &[String]) -> Vec<String> {
    path.iter().chain(rest).cloned().collect()
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
