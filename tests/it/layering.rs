//! Tests of the imports between parts: the table of `docs/ARCHITECTURE.md`, compared with the syntax trees of `src/`.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "layering/circles.rs"]
mod circles;
mod made_up;
mod source_files;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use syn::visit::{self, Visit};

/// Each room and the rooms it may name, and does. `main` may name everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &[]),
    ("text", &[]),
    ("bounded", &[]),
    ("owner", &[]),
    ("strict_json", &["text"]),
    ("strict_toml", &["bounded"]),
    ("config", &["model", "strict_toml", "text"]),
    ("watchlist", &["model", "strict_toml", "owner", "text"]),
    ("inventory", &["model", "strict_toml", "text"]),
    ("telemetry", &["text"]),
    ("baseline", &["model"]),
    ("tls", &[]),
    ("http", &["clock", "tls", "bounded", "text"]),
    ("registry", &["model", "clock", "http", "strict_json", "text"]),
    ("tlog", &["model", "clock", "http"]),
    ("git", &["clock", "http", "text"]),
    ("rdap", &["clock", "http", "text"]),
    ("enrich", &["model", "clock", "http", "git", "text"]),
    ("attest", &["model", "http", "bounded", "strict_json", "text"]),
    ("osv", &["model", "bounded", "strict_json"]),
    ("detect", &["model", "baseline", "text"]),
    ("health", &["model", "text"]),
    ("inspect", &["model", "strict_json", "text"]),
    ("store", &["model", "clock", "owner"]),
    ("deliver", &["model", "clock", "tls", "http", "store", "owner", "text"]),
    ("panic", &[]),
    ("progress", &["model", "store"]),
    (
        "upkeep",
        &[
            "model",
            "clock",
            "watchlist",
            "inventory",
            "baseline",
            "http",
            "tlog",
            "attest",
            "osv",
            "health",
            "store",
            "deliver",
            "progress",
            "bounded",
            "text",
        ],
    ),
    (
        "packages",
        &[
            "model",
            "clock",
            "watchlist",
            "baseline",
            "http",
            "registry",
            "enrich",
            "rdap",
            "attest",
            "detect",
            "health",
            "inspect",
            "store",
            "deliver",
            "panic",
            "progress",
            "upkeep",
            "bounded",
            "text",
        ],
    ),
    (
        "logwatch",
        &[
            "model",
            "clock",
            "watchlist",
            "http",
            "enrich",
            "tlog",
            "attest",
            "detect",
            "health",
            "store",
            "deliver",
            "progress",
            "upkeep",
            "text",
        ],
    ),
    ("dispatch", &["model", "clock", "store", "deliver", "upkeep"]),
    ("incidents", &["model", "store"]),
    ("evidence_bundle", &["model", "tlog", "attest", "store", "text"]),
    ("figures", &["model", "clock", "watchlist", "baseline", "store"]),
    (
        "app",
        &[
            "model",
            "clock",
            "config",
            "watchlist",
            "inventory",
            "http",
            "registry",
            "enrich",
            "rdap",
            "tlog",
            "attest",
            "detect",
            "health",
            "store",
            "deliver",
            "progress",
            "upkeep",
            "packages",
            "logwatch",
            "dispatch",
            "figures",
            "bounded",
            "text",
        ],
    ),
    (
        "daemon",
        &[
            "model",
            "clock",
            "watchlist",
            "health",
            "store",
            "deliver",
            "panic",
            "progress",
            "upkeep",
            "packages",
            "logwatch",
            "dispatch",
            "app",
            "owner",
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
            "inventory",
            "telemetry",
            "baseline",
            "http",
            "registry",
            "enrich",
            "tlog",
            "attest",
            "osv",
            "detect",
            "health",
            "inspect",
            "store",
            "deliver",
            "progress",
            "upkeep",
            "packages",
            "logwatch",
            "dispatch",
            "incidents",
            "evidence_bundle",
            "figures",
            "app",
            "daemon",
            "owner",
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
    ("webpki", &["attest", "tls"]),
    ("lettre", &["deliver/sinks/email"]),
    ("clap", &["cli"]),
    ("governor", &["http"]),
    ("psl", &["rdap"]),
    ("flate2", &["inspect/archive", "osv"]),
    ("icu_normalizer", &["inspect/archive"]),
    ("tokio_rustls", &["tls", "deliver/sinks/email", "deliver/sinks/syslog"]),
    ("rustls_native_certs", &["tls"]),
];

/// Rooms that are pure: no `async`, and none of these crates.
const PURE: &[&str] = &["model", "baseline", "detect", "health", "inspect"];

/// Who may name a single registry: its row, its folder, the table of hosts, and what verifies the documents that only one
/// registry has.
const NAMES_A_REGISTRY: &[&str] = &[
    "model/ecosystem",
    "model/registry_id",
    "registry/npm",
    "registry/pypi",
    "registry/cargo",
    "attest/pypi",
    "attest/tuf",
    "attest/file_name",
];

struct File {
    path: PathBuf,
    room: String,
    names: Names,
    unit: circles::Unit,
}

/// Every file of production code.
static FILES: LazyLock<Vec<File>> = LazyLock::new(files);

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
            let tree = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut names = Names::default();
            names.visit_file(&tree);
            let unit = circles::Unit::read(&relative.with_extension("rs").display().to_string(), &tree);
            File { path: relative, room, names, unit }
        })
        .filter(|file| !file.path.iter().any(|part| part == "tests"))
        .collect()
}

#[test]
fn rooms_import_only_what_lies_below_them() {
    let known: BTreeSet<&str> = MAY_IMPORT.iter().map(|(room, _)| *room).collect();
    for file in FILES.iter().filter(|file| file.room != "lib" && file.room != "main") {
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
fn rooms_use_what_they_may_import() {
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for file in FILES.iter() {
        used.extend(file.names.rooms.iter().map(|name| (file.room.clone(), name.clone())));
    }
    let allowed = MAY_IMPORT.iter().flat_map(|(room, names)| names.iter().map(move |name| (*room, *name)));
    let unused: Vec<_> =
        allowed.filter(|(room, name)| !used.contains(&((*room).to_owned(), (*name).to_owned()))).collect();
    assert!(unused.is_empty(), "the table allows what is not used, take it out: {unused:?}");
}

#[test]
fn no_file_names_another_in_a_circle() {
    let files = FILES.iter().filter(|file| file.room != "lib" && file.room != "main");
    let circles = circles::of(files.map(|file| &file.unit));
    assert!(circles.is_empty(), "circles of files, by room: {circles:#?}");
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    for file in FILES.iter() {
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

/// The single registries that a file names: `Ecosystem::NPM`, `RegistryId::PYPI_DOCS`.
fn registries_named(unit: &circles::Unit) -> Vec<String> {
    let is_constant = |name: &str| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let pairs = unit.mentions.iter().flat_map(|mention| mention.path.windows(2));
    let named = pairs.filter(|pair| ["Ecosystem", "RegistryId"].contains(&&*pair[0]) && is_constant(&pair[1]));
    named.map(|pair| pair.join("::")).collect()
}

#[test]
fn nobody_asks_which_registry_it_is() {
    for file in FILES.iter().filter(|file| !NAMES_A_REGISTRY.iter().any(|home| file.path.starts_with(home))) {
        let named = registries_named(&file.unit);
        let path = file.path.display();
        assert!(
            named.is_empty(),
            "{path} names {named:?}: what differs belongs into the rows or the folders of registries"
        );
    }
    for home in NAMES_A_REGISTRY {
        let mut files = FILES.iter().filter(|file| file.path.starts_with(home));
        assert!(
            files.any(|file| !registries_named(&file.unit).is_empty() || *home == "model/registry_id"),
            "{home} names none"
        );
    }
}

#[test]
fn pure_rooms_have_no_async_and_no_io() {
    for file in FILES.iter().filter(|file| PURE.contains(&file.room.as_str())) {
        let path = file.path.display();
        assert!(file.names.async_functions.is_empty(), "{path}: async {:?}", file.names.async_functions);
        for name in ["tokio", "futures", "tracing", "fastrand"] {
            assert!(!file.names.crates.contains(name), "{path} names {name}");
        }
    }
}
