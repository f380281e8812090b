//! Reads `requirements.txt`. It knows neither what a requirement is needed for nor how far away it is, and only pins are exact.

use super::{
    ImportError,
    draft::Draft,
    indexes::{Indexes, options},
    listed::{Entry, Listed},
    source::Source,
};
use crate::{model::LockFile, strict_toml::Location, text::quoted};

/// requirements.txt: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>. Referenced files are not
/// followed.
pub(super) fn parse(source: &Source<'_>) -> Result<Listed, ImportError> {
    let mut draft = Draft::of(source);
    let mut odd = None;
    let lines = logical_lines(source.text);
    // An option applies to the whole file, wherever it is written.
    let listing = source.listing(LockFile::Requirements)?;
    let indexes = Indexes::of(&listing, lines.iter().map(|(_, text)| without_comment(text).trim()));
    for (line, text) in lines {
        let text = without_comment(&text).trim();
        if text.is_empty() {
            continue;
        }
        if text.starts_with('-') {
            option(text, &indexes, &mut draft.listed);
            continue;
        }
        let entry = requirement(text, &indexes).unwrap_or_else(|what| {
            let why = format!("line {line}: {what}");
            odd.get_or_insert((line, what));
            Err((text, why))
        });
        draft.add(entry)?;
    }
    // One unreadable line affects only that line; a file of only such lines is not a list of requirements.
    let listed = draft.flat();
    match odd {
        Some((line, what)) if listed.entries.is_empty() => Err(source.malformed(Location { line, column: 1 }, what)),
        _ => Ok(listed),
    }
}

/// Lines with their number, those that end with a backslash joined with the next.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut joined = false;
    for (index, line) in text.lines().enumerate() {
        let (line, goes_on) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
        match lines.last_mut() {
            Some((_, last)) if joined => last.push_str(line),
            _ => lines.push((index + 1, line.to_owned())),
        }
        joined = goes_on;
    }
    lines
}

/// A `#` begins a comment at the beginning of a line or after a blank.
fn without_comment(line: &str) -> &str {
    let is_comment = |&(at, _): &(usize, &str)| at == 0 || line[..at].ends_with([' ', '\t']);
    line.match_indices('#').find(is_comment).map_or(line, |(at, _)| &line[..at])
}

fn option(text: &str, indexes: &Indexes, listed: &mut Listed) {
    // The rest of the line may hold a password: `--index-url https://user:…`.
    let name = text.split([' ', '=', '\t']).next().unwrap_or(text);
    for (name, _) in options(text).filter(|(name, _)| matches!(*name, "--extra-index-url" | "--find-links")) {
        if let Ok(registry) = &indexes.registry {
            let title = registry.title();
            listed.skip(name, format!("another index; all packages are taken for those of {title}"));
        }
    }
    match name {
        "-r" | "--requirement" | "-c" | "--constraint" => listed.skip(text, "another file; import it by itself"),
        "-e" | "--editable" => listed.skip(name, "an editable project, not from a registry"),
        _ => {}
    }
}

/// What a line requires; else what it is, and why it cannot be taken.
type Requirement<'a> = Result<Entry, (&'a str, String)>;

/// `name[extra] >= 1 ; marker --hash=…`, `name @ url`, a URL, or a path.
fn requirement<'a>(text: &'a str, indexes: &Indexes) -> Result<Requirement<'a>, String> {
    if is_location(text) {
        let what = text.split(['?', '#', '@']).next().unwrap_or_default();
        return Ok(Err((what, "a URL or path, not from a registry".to_owned())));
    }
    if text.starts_with("${") {
        return Ok(Err((text, "its name is a variable of the environment".to_owned())));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let (name, rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').ok_or("the list of extras has no end")?.1.trim_start(),
        None => rest,
    };
    if rest.starts_with('@') {
        return Ok(Err((name, "from a URL, not from a registry".to_owned())));
    }
    let well_formed =
        rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~', ';', '(']) || rest.starts_with("--");
    let bounded =
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if !well_formed || !bounded {
        let shown = quoted(text, 60);
        return Err(format!("found {shown:?}, expected a requirement such as \"requests>=2\""));
    }
    let registry = match &indexes.registry {
        Ok(registry) => registry,
        Err(why) => return Ok(Err((name, why.clone()))),
    };
    Ok(Entry::named(registry, name, pin(rest)).map(|entry| entry.with_digests(hashes(rest))))
}

/// The version of a pin: `== 1.0`, `(==1.0)`, `===1.0`; another comparison beside it changes nothing.
fn pin(rest: &str) -> Option<&str> {
    let rest = rest.trim_start_matches('(').trim_start();
    let version = rest.strip_prefix("===").or_else(|| rest.strip_prefix("=="))?.trim_start();
    version.split([' ', '\t', ';', ',', ')']).next()
}

/// The values of the options `--hash`.
fn hashes(rest: &str) -> impl Iterator<Item = &str> {
    let options = rest.split("--hash").skip(1);
    options.filter_map(|option| option.trim_start_matches(['=', ' ', '\t']).split_whitespace().next())
}

/// Whether a line is a place rather than a name.
fn is_location(text: &str) -> bool {
    let first = text.split([' ', '\t', ';', '@', '[']).next().unwrap_or_default();
    matches!(first, "." | "..")
        || first.contains("://")
        || first.starts_with("file:")
        || first.contains('/')
        || [".whl", ".zip", ".tar.gz"].iter().any(|end| first.ends_with(end))
}
