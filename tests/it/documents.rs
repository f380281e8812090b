//! Tests that documents are true: the things that they name exist, and copied text equals its source.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod glossary;
mod language;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use provwatch::{config::Config, inventory::ProjectFile, model::RegistryId, watchlist::Watchlist};

/// Further registry hosts, in reverse-DNS form as in [`RegistryId`]: ones that documents of packages point to.
const OTHER_REGISTRIES: [&str; 8] = [
    "com.npmjs",
    "com.npmjs.www",
    "org.npmjs",
    "org.pythonhosted",
    "org.pythonhosted.files",
    "org.maven.repo1",
    "org.maven.apache.repo",
    "org.rubygems",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project by its path below the root: what git tracks, or else what lies there.
fn files() -> Vec<PathBuf> {
    let git = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    match git {
        Ok(listed) if listed.status.success() && !listed.stdout.is_empty() => {
            let listed = String::from_utf8(listed.stdout).unwrap();
            listed.split_terminator('\0').map(PathBuf::from).filter(|path| root().join(path).is_file()).collect()
        }
        _ => below(root()),
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kept = paths.filter(|path| !path.ends_with("target") && !path.ends_with(".git"));
    let files = kept.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] });
    files.map(|path| path.strip_prefix(root()).map_or(path.clone(), Path::to_owned)).collect()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn documents() -> Vec<PathBuf> {
    files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The lines of a document by whether they stand in a fenced block.
fn lines(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut fenced = false;
    text.lines().filter_map(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fence).then_some((fenced, line))
    })
}

/// The lines of the section under a heading, up to the next heading of any level.
fn section<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let after = lines(text).skip_while(|(fenced, line)| *fenced || *line != heading).skip(1);
    after.take_while(|(fenced, line)| *fenced || !line.starts_with('#')).map(|(_, line)| line).collect()
}

fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn the_readme_begins_with_its_two_commands() {
    let readme = read("README.md");
    let top: Vec<&str> = readme.lines().take(20).collect();
    for command in ["cargo run --release -- demo", "cargo test"] {
        assert!(top.iter().any(|line| line.split("  ").next() == Some(command)), "{command:?} is not at the top");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        for target in links(&read(&document)) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file =
                if path.is_empty() { document.clone() } else { document.parent().unwrap_or(Path::new("")).join(path) };
            let found = root().join(&file).exists();
            if !found || !anchor.is_empty() && !anchors(&read(&file)).contains(anchor) {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

fn links(text: &str) -> Vec<String> {
    let prose = lines(text).filter(|(fenced, _)| !fenced);
    let parts = prose.flat_map(|(_, line)| line.split("](").skip(1));
    parts.filter_map(|part| part.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of a document: those of headings, as GitHub makes them, and those that it names itself.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = lines(text).filter(|(fenced, line)| !fenced && line.starts_with('#'));
    let made = headings.map(|(_, line)| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    });
    let named = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    made.chain(named.map(|(id, _)| id.to_owned())).collect()
}

/// Every `provwatch …` in a block of shell commands is one that the program understands, arguments included.
#[test]
fn every_command_of_a_document_is_understood() {
    let mut wrong = Vec::new();
    for document in documents() {
        for line in shell_lines(&read(&document)) {
            let mut program = Command::new(env!("CARGO_BIN_EXE_provwatch"));
            let output = program.args(words(&line).skip(1)).arg("--help").output().unwrap();
            if !output.status.success() {
                wrong.push(format!("{}: {line}\n{}", document.display(), String::from_utf8_lossy(&output.stderr)));
            }
        }
    }
    assert!(wrong.is_empty(), "commands that are not understood:\n{}", wrong.join("\n"));
}

fn shell_lines(text: &str) -> Vec<String> {
    let mut in_shell = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(language) = line.strip_prefix("```") {
            in_shell = language == "sh";
        } else if in_shell && line.starts_with("provwatch ") {
            found.push(line.to_owned());
        }
    }
    found
}

/// The words of a line as a shell has them, up to a comment: spaces part, single quotes keep together.
fn words(line: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).take_while(|word| word != "#")
}

/// What a document shows as TOML is a configuration or a watchlist.
#[test]
fn every_example_of_a_file_can_be_read() {
    let mut wrong = Vec::new();
    for document in documents() {
        for text in toml_blocks(&read(&document)) {
            let as_config = Config::parse(&text, Path::new("provwatch.toml")).map(drop);
            let as_watchlist = Watchlist::parse(&text, Path::new("watchlist.toml")).map(drop);
            let is_project = ProjectFile::parse(&text, Path::new(ProjectFile::NAME)).is_ok();
            if let (Err(config), Err(watchlist), false) = (as_config, as_watchlist, is_project) {
                wrong.push(format!("{}:\n{text}\n{config}\n{watchlist}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "examples that are no configuration, watchlist or project.toml:\n{}", wrong.join("\n"));
}

fn toml_blocks(text: &str) -> Vec<String> {
    let blocks = text.split("```toml\n").skip(1);
    blocks.filter_map(|rest| rest.split_once("```")).map(|(block, _)| block.to_owned()).collect()
}

/// `path.rs::name` in any document is a test of that file.
#[test]
fn every_test_that_a_document_names_exists() {
    let mut missing = Vec::new();
    for document in documents() {
        for (file, test) in read(&document).lines().flat_map(named_tests) {
            let path = root().join(&file);
            let exists = path.is_file() && tests_of(&fs::read_to_string(&path).unwrap()).contains(&test);
            if !exists {
                missing.push(format!("{}: {file}::{test}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "tests that do not exist:\n{}", missing.join("\n"));
}

fn named_tests(line: &str) -> Vec<(String, String)> {
    let split = |span: &str| span.split_once(".rs::").map(|(path, test)| (format!("{path}.rs"), test.to_owned()));
    code_spans(line).filter_map(split).collect()
}

/// The names of a file's test functions, those in macros included.
fn tests_of(source: &str) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let mut marked = false;
    for line in source.lines().map(str::trim_start) {
        marked |= line.starts_with("#[test") || line.starts_with("#[tokio::test");
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = function.and_then(|rest| rest.split(['(', '<']).next()).filter(|_| marked) {
            tests.insert(name.to_owned());
            marked = false;
        }
    }
    tests
}

#[test]
fn every_invariant_names_a_test_that_holds_it() {
    let text = read("docs/ARCHITECTURE.md");
    let mut tests: BTreeMap<String, usize> = BTreeMap::new();
    let mut invariant = String::new();
    for line in section(&text, "## Invariants") {
        let number = line.split_once(". ").map(|(number, _)| number).filter(|number| number.parse::<u8>().is_ok());
        if let Some(number) = number {
            number.clone_into(&mut invariant);
        }
        *tests.entry(invariant.clone()).or_default() += named_tests(line).len();
    }
    for number in 1..=8 {
        assert!(tests.get(&number.to_string()).is_some_and(|tests| *tests > 0), "invariant {number} names no test");
    }
}

#[test]
fn the_table_of_the_architecture_is_the_one_that_is_enforced() {
    let text = read("docs/ARCHITECTURE.md");
    let rows = section(&text, "## Who may import whom").into_iter().filter(|line| line.starts_with("| `"));
    let written: BTreeMap<String, BTreeSet<String>> = rows
        .map(|row| {
            let mut names = code_spans(row).map(str::to_owned);
            (names.next().unwrap(), names.collect())
        })
        .collect();
    assert_eq!(written, enforced());
}

/// `MAY_IMPORT` of `tests/it/layering.rs`.
fn enforced() -> BTreeMap<String, BTreeSet<String>> {
    let file = syn::parse_file(&read("tests/it/layering.rs")).unwrap();
    let table = file.items.iter().find_map(|item| match item {
        syn::Item::Const(item) if item.ident == "MAY_IMPORT" => Some(elements(&item.expr)),
        _ => None,
    });
    let rows = table.expect("the test has the table").into_iter().map(|row| match row {
        syn::Expr::Tuple(row) => (text(&row.elems[0]), elements(&row.elems[1]).iter().map(text).collect()),
        _ => panic!("a row is a pair"),
    });
    rows.collect()
}

fn elements(expression: &syn::Expr) -> Vec<syn::Expr> {
    match expression {
        syn::Expr::Reference(reference) => elements(&reference.expr),
        syn::Expr::Array(array) => array.elems.iter().cloned().collect(),
        _ => panic!("the table is made of arrays"),
    }
}

fn text(expression: &syn::Expr) -> String {
    match expression {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value(),
        _ => panic!("a room is a string"),
    }
}

#[test]
fn every_room_is_on_the_map() {
    let text = read("docs/ARCHITECTURE.md");
    let rows = section(&text, "## The map").into_iter().filter(|line| line.starts_with("| `"));
    let mapped: BTreeSet<String> = rows.filter_map(|row| code_spans(row).next().map(str::to_owned)).collect();
    let library = read("src/lib.rs");
    let lines = library.lines().map(|line| line.strip_prefix("pub ").unwrap_or(line));
    let rooms = lines.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    assert_eq!(mapped, rooms.map(str::to_owned).collect());
}

/// The hosts stand in one table, `RegistryId`, and there in reverse: everything else asks it.
#[test]
fn no_file_names_the_host_of_a_registry() {
    let mut named = Vec::new();
    for path in files().into_iter().filter(|path| !path.ends_with("Cargo.lock")) {
        let text = String::from_utf8_lossy(&fs::read(root().join(&path)).unwrap()).to_lowercase();
        for host in forbidden() {
            if text.contains(&host) {
                named.push(format!("{}: {host}", path.display()));
            }
        }
    }
    assert!(named.is_empty(), "write RegistryId::….base_url(), or an example host:\n{}", named.join("\n"));
}

/// crates.io's host is also its name, so that only a URL tells the one from the other.
fn forbidden() -> Vec<String> {
    let turned = |id: &str| id.rsplit('.').collect::<Vec<_>>().join(".");
    let own = RegistryId::ALL.into_iter().map(|id| match id {
        RegistryId::CARGO => format!("//{}", id.host()),
        id => id.host(),
    });
    own.chain(OTHER_REGISTRIES.map(turned)).collect()
}

/// Servers of the tests bind to the loopback address, and only the tests of the real transport use it themselves.
#[test]
fn tests_stay_on_this_machine() {
    let of_tests = |path: &&PathBuf| path.extension().is_some_and(|end| end == "rs") && path.starts_with("tests");
    for path in files().iter().filter(of_tests).filter(|path| !path.ends_with("documents.rs")) {
        let source = read(path);
        let about_transport = ["http_real.rs", "http_real/certificates.rs", "git_real.rs", "memory.rs"]
            .iter()
            .any(|name| path.ends_with(name));
        assert!(about_transport || !source.contains("RealTransport"), "{} uses the real transport", path.display());
        // A socket in the file system is nobody else's.
        for bound in source.replace("UnixDatagram::bind(", "").split("::bind(").skip(1) {
            let local = bound.starts_with("\"127.0.0.1:") || bound.starts_with("\"[::1]:");
            assert!(local, "{} binds to another address than this machine's own", path.display());
        }
    }
}

/// A file that `main.rs` does not name would never run, and each program beside it compiles and links the lab again.
#[test]
fn every_test_runs_and_only_what_must_is_a_program_of_its_own() {
    let stems = |folder: &str| -> BTreeSet<String> {
        let paths = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let sources = paths.filter(|path| path.extension().is_some_and(|end| end == "rs"));
        sources.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let main = read("tests/it/main.rs");
    let modules = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let run: BTreeSet<String> = modules.filter(|name| *name != "lab").chain(["main"]).map(str::to_owned).collect();
    assert_eq!(run, stems("tests/it"));
    assert_eq!(stems("tests"), ["hostile_week", "memory"].map(str::to_owned).into());
}

#[test]
fn every_alert_about_logs_stands_in_the_operators_table() {
    let table = read("docs/OPERATIONS.md");
    let violations = [
        "signed two histories",
        "signed two trees of one size",
        "went back to fewer entries than it had signed",
        "does not prove that it only grew",
        "serves entries that are not those that it signed",
        "leaves out what it signed",
        "serves a checkpoint that is not its own",
        "answers in a form that cannot be read",
        "signs with another key",
        "has stopped growing",
    ];
    let code = read("src/logwatch/report.rs");
    assert_eq!(code.matches("=> format!(\"{tree} ").count(), violations.len(), "a title is missing in this test");
    for title in violations {
        assert!(code.contains(title), "{title}");
        let said = title.strip_prefix("signed ").unwrap_or(title);
        assert!(table.contains(said), "docs/OPERATIONS.md does not explain {title:?}");
    }
    for title in provwatch::detect::ENTRY_DETECTORS.iter().map(|detector| detector.about().title) {
        assert!(table.contains(title), "docs/OPERATIONS.md does not explain {title:?}");
    }
}

/// What the first screen of README.md says of speed was measured, and stands in docs/PERFORMANCE.md.
#[test]
fn the_first_screen_says_what_was_measured() {
    let (readme, measured) = (read("README.md"), read("docs/PERFORMANCE.md"));
    let row = measured.lines().find(|line| line.starts_with("| nothing misbehaves")).unwrap();
    let cells: Vec<&str> = row.split('|').map(str::trim).skip(2).filter(|cell| !cell.is_empty()).collect();
    let [npm, pypi, cargo] = cells.as_slice() else { panic!("{row}") };
    let told = format!("The alert follows after {npm} (npm), {pypi} (PyPI) or {cargo} (crates.io)");
    assert!(readme.contains(&told), "{told}");
    let table = readme.lines().skip_while(|line| *line != "## Compared with other tools").skip(4);
    assert_eq!(table.take_while(|line| line.starts_with('|')).count(), 6, "six rows");
}

/// The first sentence says what the file is for, before anything that must be known besides.
#[test]
fn every_file_opens_with_a_sentence() {
    let mut wrong = Vec::new();
    for path in files().iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let sentence = first_sentence(&read(path));
        let begins = sentence.starts_with(|c: char| c.is_uppercase() || "`\"“".contains(c));
        if !begins || !sentence.ends_with('.') || sentence.split_whitespace().count() > 30 {
            wrong.push(format!("{}: {sentence:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "files that open with no sentence of at most 30 words:\n{}", wrong.join("\n"));
}

/// That of the comment in which a file begins; empty where it begins otherwise.
fn first_sentence(source: &str) -> String {
    let lines: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//! ")).collect();
    let comment = lines.join(" ");
    comment.split_once(". ").map_or(comment.clone(), |(sentence, _)| format!("{sentence}."))
}

/// Whoever forks it changes one line.
#[test]
fn the_repository_is_named_in_one_place() {
    let name = env!("CARGO_PKG_REPOSITORY").strip_prefix("https://").unwrap();
    let is_made_from_it = |path: &Path| path.starts_with("schema") || path == Path::new("Cargo.toml");
    for path in files().into_iter().filter(|path| !is_made_from_it(path)) {
        let text = fs::read(root().join(&path)).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(name), "{} names {name}", path.display());
    }
}
