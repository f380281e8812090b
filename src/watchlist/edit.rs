//! Edits watchlist files, and keeps their comments and order.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use super::{Pattern, TEMPLATE, Tier, Watchlist, WatchlistError, file};
use crate::{
    owner,
    strict_toml::{Problems, ReadError, read_text},
};

/// Most bytes of a watchlist file that is edited.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The reason why a watchlist file was not changed. It is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It cannot be read.
    #[error("reading the watchlist")]
    Read(#[source] ReadError),
    /// It already had errors.
    #[error("the watchlist is not usable; correct it first\n{0}")]
    Problems(Problems),
    /// It would not be usable afterwards, because of its content or of an included file.
    #[error("the watchlist would not be usable; it was not changed")]
    Unusable(#[source] WatchlistError),
    /// Another program wrote it in the meantime.
    #[error("{} was changed by another program at the same time; it was not changed again: repeat the command", path.display())]
    Changed { path: PathBuf },
    /// The entry already exists.
    #[error("{pattern} is already in {}, line {line}", path.display())]
    Listed {
        /// The entry.
        pattern: String,
        path: PathBuf,
        line: u32,
    },
    /// The entry does not exist.
    #[error("{pattern} has no entry in {}; `provwatch watch why {pattern}` says what includes it", path.display())]
    NotListed {
        /// The entry.
        pattern: String,
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("writing {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Adds an entry to a watchlist file, which is created if there is none: to the list `packages`, or with a tier or a
/// note as a `[[package]]` table. Comments, order and mode of the file stay.
///
/// # Errors
/// The entry already exists, or the file cannot be read, is wrong, or cannot be written.
pub fn add(path: &Path, pattern: &Pattern, tier: Option<Tier>, note: Option<&str>) -> Result<(), EditError> {
    let (text, mut document) = open(path)?;
    if let Some(line) = find(&text, path, pattern)? {
        return Err(EditError::Listed { pattern: pattern.to_string(), path: path.to_owned(), line });
    }
    if tier.is_some() || note.is_some() {
        push_table(&mut document, table(pattern, tier, note));
    } else if let Some(packages) = list(&mut document) {
        push(packages, pattern, None);
    }
    save(path, &text, &document.to_string())
}

/// An entry to add, and the file that named it.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The entry.
    pub pattern: Pattern,
    /// Its origin, for later readers of the watchlist: `package-lock.json`.
    pub from: String,
}

/// Adds many entries in one step; existing ones stay unchanged. A comment, or a note beside a tier, names the file that
/// they come from.
///
/// # Errors
/// The file cannot be read, is wrong, or cannot be written.
pub fn add_all(path: &Path, additions: &[Addition], tier: Option<Tier>) -> Result<(), EditError> {
    let (text, mut document) = open(path)?;
    let listed = file::patterns(&text, path).map_err(EditError::Problems)?;
    let new: Vec<_> = additions.iter().filter(|addition| !listed.contains_key(&addition.pattern)).collect();
    let mut before: Option<&str> = None;
    for Addition { pattern, from } in &new {
        let origin = format!("from {from}");
        if tier.is_some() {
            push_table(&mut document, table(pattern, tier, Some(&origin)));
        } else if let Some(packages) = list(&mut document) {
            push(packages, pattern, (before != Some(from.as_str())).then_some(&origin));
        }
        before = Some(from);
    }
    if new.is_empty() { Ok(()) } else { save(path, &text, &document.to_string()) }
}

/// Gives an entry of a watchlist file another tier. One of the list `packages` becomes a `[[package]]` table below the
/// comment of its line; the rest is unchanged.
///
/// # Errors
/// There is no such entry, or the file cannot be read, is wrong, or cannot be written.
pub fn set_tier(path: &Path, pattern: &Pattern, tier: Tier) -> Result<(), EditError> {
    let (text, mut document) = open(path)?;
    find(&text, path, pattern)?.ok_or_else(|| not_listed(path, pattern))?;
    if let Some(index) = listed_at(&document, pattern) {
        let comment = document.get_mut("packages").and_then(Item::as_array_mut).and_then(|list| take(list, index));
        let mut table = table(pattern, Some(tier), None);
        if let Some(comment) = comment {
            table.decor_mut().set_prefix(format!("\n{comment}\n"));
        }
        push_table(&mut document, table);
    }
    match document.get_mut("package") {
        Some(Item::ArrayOfTables(tables)) => {
            let own = tables.iter_mut().filter(|table| is_it(pattern, table.get("purl").and_then(Item::as_str)));
            own.for_each(|table| write_tier(table, tier));
        }
        Some(Item::Value(Value::Array(tables))) => {
            let own = tables.iter_mut().filter_map(Value::as_inline_table_mut);
            let own = own.filter(|table| is_it(pattern, table.get("purl").and_then(Value::as_str)));
            own.for_each(|table| write_tier(table, tier));
        }
        _ => {}
    }
    save(path, &text, &document.to_string())
}

/// Writes the tier in place of the former one, and keeps the text around it.
fn write_tier(table: &mut dyn TableLike, tier: Tier) {
    let before = table.get("tier").and_then(Item::as_value).map(|value| value.decor().clone());
    let mut value = Value::from(tier.as_str());
    if let Some(decor) = before {
        *value.decor_mut() = decor;
    }
    table.insert("tier", value.into());
}

fn not_listed(path: &Path, pattern: &Pattern) -> EditError {
    EditError::NotListed { pattern: pattern.to_string(), path: path.to_owned() }
}

/// Whether a purl of the file is this entry, in any spelling.
fn is_it(pattern: &Pattern, purl: Option<&str>) -> bool {
    purl.is_some_and(|purl| purl.parse().as_ref() == Ok(pattern))
}

/// The position of this entry in the list of plain entries.
fn listed_at(document: &DocumentMut, pattern: &Pattern) -> Option<usize> {
    let packages = document.get("packages").and_then(Item::as_array)?;
    packages.iter().position(|purl| is_it(pattern, purl.as_str()))
}

/// Removes an entry from a watchlist file. Comments, order and mode of the file stay.
///
/// # Errors
/// There is no such entry, or the file cannot be read, is wrong, or cannot be written.
pub fn remove(path: &Path, pattern: &Pattern) -> Result<(), EditError> {
    let (text, mut document) = open(path)?;
    find(&text, path, pattern)?.ok_or_else(|| not_listed(path, pattern))?;
    let listed = listed_at(&document, pattern);
    if let (Some(index), Some(packages)) = (listed, document.get_mut("packages").and_then(Item::as_array_mut)) {
        take(packages, index);
    }
    let is_it = |purl: Option<&str>| is_it(pattern, purl);
    if let Some(tables) = document.get_mut("package").and_then(Item::as_array_of_tables_mut) {
        tables.retain(|table| !is_it(table.get("purl").and_then(Item::as_str)));
    }
    if let Some(tables) = document.get_mut("package").and_then(Item::as_array_mut) {
        tables.retain(|value| !is_it(value.as_inline_table().and_then(|table| table.get("purl")?.as_str())));
    }
    save(path, &text, &document.to_string())
}

pub(super) fn open(path: &Path) -> Result<(String, DocumentMut), EditError> {
    let text = match read_text(path, MAX_BYTES) {
        Err(error) if error.is_not_found() => TEMPLATE.to_owned(),
        other => other.map_err(EditError::Read)?,
    };
    // `find` reports a file that is not TOML, with all its problems.
    let document = text.parse().unwrap_or_default();
    Ok((text, document))
}

fn find(text: &str, path: &Path, pattern: &Pattern) -> Result<Option<u32>, EditError> {
    Ok(file::patterns(text, path).map_err(EditError::Problems)?.get(pattern).copied())
}

/// The list of plain entries.
fn list(document: &mut DocumentMut) -> Option<&mut Array> {
    document.entry("packages").or_insert(Array::new().into()).as_array_mut()
}

/// An entry with a tier or a note.
pub(super) fn table(pattern: &Pattern, tier: Option<Tier>, note: Option<&str>) -> Table {
    let mut table = Table::new();
    table.insert("purl", pattern.to_string().into());
    if let Some(tier) = tier {
        table.insert("tier", tier.as_str().into());
    }
    if let Some(note) = note {
        table.insert("note", note.into());
    }
    table
}

pub(super) fn push_table(document: &mut DocumentMut, table: Table) {
    match document.entry("package").or_insert(ArrayOfTables::new().into()) {
        Item::ArrayOfTables(tables) => tables.push(table),
        // `package = [{ purl = … }]`
        Item::Value(Value::Array(tables)) => tables.push(table.into_inline_table()),
        _ => {}
    }
}

/// Adds to the end of a list, one entry a line, below a comment if there is one. The text after the last entry,
/// including its comment, stays behind it.
fn push(packages: &mut Array, pattern: &Pattern, comment: Option<&String>) {
    let behind = packages.trailing().as_str().unwrap_or_default().trim_end().to_owned();
    let comment = comment.map(|comment| format!("\n    # {comment}")).unwrap_or_default();
    let mut value = Value::from(pattern.to_string());
    value.decor_mut().set_prefix(format!("{behind}{comment}\n    "));
    packages.push_formatted(value);
    packages.set_trailing("\n");
    packages.set_trailing_comma(true);
}

/// Removes from a list, and returns the comment on the entry's own line. The comment of the entry before, which the
/// format keeps in front of this one, and comments on lines of their own stay.
pub(super) fn take(packages: &mut Array, index: usize) -> Option<String> {
    let removed = packages.remove(index);
    let before = removed.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
    let joined = |after: &str| match after.find('\n') {
        Some(newline) => format!("{}{}", before.trim_end(), &after[newline..]),
        None if before.contains('#') => before.clone(),
        None => after.to_owned(),
    };
    let prefix = |value: &Value| value.decor().prefix().and_then(|prefix| prefix.as_str()).map(str::to_owned);
    let after = packages.get(index).map_or_else(|| packages.trailing().as_str().map(str::to_owned), prefix);
    let after = after.unwrap_or_default();
    match packages.get_mut(index) {
        Some(next) => next.decor_mut().set_prefix(joined(&after)),
        None => packages.set_trailing(joined(&after)),
    }
    after.lines().next().map(str::trim).filter(|comment| comment.starts_with('#')).map(str::to_owned)
}

/// Replaces the file in one step: a reader sees the old one or the new one. The new one is parsed first, so that no
/// edit leaves a watchlist that the daemon refuses.
pub(super) fn save(path: &Path, before: &str, text: &str) -> Result<(), EditError> {
    Watchlist::parse(text, path).map_err(EditError::Unusable)?;
    // A symbolic link stays one; its target is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.exists() && read_text(path, MAX_BYTES).map_err(EditError::Read)? != before {
        return Err(EditError::Changed { path: path.to_owned() });
    }
    replace(&target, text).map_err(|source| EditError::Write { path: path.to_owned(), source })
}

fn replace(target: &Path, text: &str) -> io::Result<()> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let temporary = target.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = write_new(&temporary, target, text).and_then(|()| fs::rename(&temporary, target));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn write_new(temporary: &Path, like: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    if let Ok(metadata) = fs::metadata(like) {
        file.set_permissions(metadata.permissions())?;
        owner::hand_on(&file, &metadata)?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
