//! Who may import whom: the table of `docs/ARCHITECTURE.md`, held against the syntax trees of `src/`.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use syn::visit::{self, Visit};

/// Each room and the rooms it may name. `main`, `cli` and `daemon` may name everything below them.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &[]),
    ("text", &[]),
    ("bounded", &[]),
    ("strict_toml", &["bounded"]),
    ("config", &["model", "strict_toml", "text"]),
    ("watchlist", &["model", "strict_toml", "text"]),
    ("telemetry", &["model", "text"]),
    ("baseline", &["model"]),
    ("http", &["clock", "telemetry", "bounded", "text"]),
    ("registry", &["model", "clock", "http", "text"]),
    ("tlog", &["model", "clock", "http"]),
    ("enrich", &["model", "clock", "http", "text"]),
    ("attest", &["model", "clock", "http", "bounded", "text"]),
    ("detect", &["model", "baseline", "text"]),
    ("health", &["model", "text"]),
    ("store", &["model", "clock"]),
    ("deliver", &["model", "clock", "http", "store", "telemetry", "text"]),
    (
        "pipeline",
        &[
            "model",
            "clock",
            "config",
            "watchlist",
            "telemetry",
            "baseline",
            "http",
            "registry",
            "enrich",
            "tlog",
            "attest",
            "detect",
            "health",
            "store",
            "deliver",
            "bounded",
            "text",
        ],
    ),
    (
        "daemon",
        &[
            "model",
            "clock",
            "config",
            "watchlist",
            "telemetry",
            "baseline",
            "http",
            "registry",
            "enrich",
            "tlog",
            "attest",
            "detect",
            "health",
            "store",
            "deliver",
            "pipeline",
            "text",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "clock",
            "config",
            "watchlist",
            "telemetry",
            "baseline",
            "http",
            "registry",
            "enrich",
            "tlog",
            "attest",
            "detect",
            "health",
            "store",
            "deliver",
            "pipeline",
            "daemon",
            "strict_toml",
            "bounded",
            "text",
        ],
    ),
];

/// Foreign crates that only some places may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("reqwest", &["http"]),
    ("rusqlite", &["store"]),
    ("rusqlite_migration", &["store"]),
    ("sigstore_", &["attest", "tlog/key", "tlog/entry"]),
    ("x509_parser", &["attest"]),
    ("webpki", &["attest"]),
    ("lettre", &["deliver/email"]),
    ("clap", &["cli"]),
    ("governor", &["http"]),
];

/// Rooms that are pure: no `async`, and none of these crates.
const PURE: &[&str] = &["model", "baseline", "detect", "health"];

struct File {
    path: PathBuf,
    room: String,
    names: Names,
}

#[derive(Default)]
struct Names {
    rooms: BTreeSet<String>,
    crates: BTreeSet<String>,
    async_functions: Vec<String>,
}

impl Names {
    fn path(&mut self, segments: &[String]) {
        match segments {
            [base, room, ..] if base == "crate" || base == "provwatch" => {
                self.rooms.insert(room.clone());
            }
            [root, ..] => {
                self.crates.insert(root.clone());
            }
            [] => {}
        }
    }

    fn tree(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.tree(prefix, &path.tree);
                prefix.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(prefix, item)),
            syn::UseTree::Name(name) => self.leaf(prefix, &name.ident),
            syn::UseTree::Rename(rename) => self.leaf(prefix, &rename.ident),
            syn::UseTree::Glob(_) => self.path(prefix),
        }
    }

    fn leaf(&mut self, prefix: &[String], name: &syn::Ident) {
        let mut segments = prefix.to_vec();
        segments.push(name.to_string());
        self.path(&segments);
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.path(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if signature.asyncness.is_some() {
            self.async_functions.push(signature.ident.to_string());
        }
        visit::visit_signature(self, signature);
    }

    /// Unit tests may reach for anything.
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            into.push(path);
        }
    }
}

fn files() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let relative = path.strip_prefix(&src).unwrap().with_extension("");
            let room = relative.iter().next().unwrap().to_string_lossy().into_owned();
            let mut names = Names::default();
            names.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
            File { path: relative, room, names }
        })
        .filter(|file| !file.path.iter().any(|part| part == "tests"))
        .collect()
}

#[test]
fn rooms_import_only_what_lies_below_them() {
    let known: BTreeSet<&str> = MAY_IMPORT.iter().map(|(room, _)| *room).collect();
    for file in files().iter().filter(|file| file.room != "lib" && file.room != "main") {
        let (_, allowed) = MAY_IMPORT
            .iter()
            .find(|(room, _)| *room == file.room)
            .unwrap_or_else(|| panic!("the room {} is not in the table", file.room));
        for name in file.names.rooms.iter().filter(|name| known.contains(name.as_str()) && **name != file.room) {
            assert!(allowed.contains(&name.as_str()), "{} imports crate::{name}", file.path.display());
        }
    }
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    for file in files() {
        for (name, rooms) in ONLY_IN {
            let named = file
                .names
                .crates
                .iter()
                .any(|used| if name.ends_with('_') { used.starts_with(name) } else { used == name });
            let at_home = rooms.iter().any(|room| file.path.starts_with(room));
            assert!(!named || at_home, "{} names {name}, which belongs to {rooms:?}", file.path.display());
        }
    }
}

#[test]
fn pure_rooms_have_no_async_and_no_io() {
    for file in files().iter().filter(|file| PURE.contains(&file.room.as_str())) {
        let path = file.path.display();
        assert!(file.names.async_functions.is_empty(), "{path}: async {:?}", file.names.async_functions);
        for name in ["tokio", "futures", "tracing", "fastrand"] {
            assert!(!file.names.crates.contains(name), "{path} names {name}");
        }
    }
}
