//! Generates the documentation of the configuration from its schema.

use std::fmt::Write;

use crate::strict_toml::{Schema, Variant, Word};

/// `docs/CONFIGURATION.md`: every key with its type, default and meaning, from the schema.
pub fn markdown() -> String {
    let root = super::json_schema();
    let mut out = String::from(INTRODUCTION);
    for (name, section) in Schema::of(&root).properties() {
        let schema = section.resolved();
        let (heading, item) = match name {
            "subscriptions" => ("[[subscriptions]]".to_owned(), schema.items().resolved()),
            "detectors" => ("[detectors.<id>]".to_owned(), schema.others().unwrap_or(schema).resolved()),
            _ => (format!("[{name}]"), schema),
        };
        write_section(&mut out, &heading, text(section, schema), item);
    }
    out
}

const INTRODUCTION: &str = "# Configuration

A test generates this page from the schema of the configuration, `schema/config.schema.json`
(`the_documentation_is_up_to_date`).

provwatch reads one TOML file: `--config FILE`, or `/etc/provwatch/provwatch.toml` for root and
`~/.config/provwatch/provwatch.toml` for other users. `provwatch init` writes a commented file, and `provwatch doctor`
checks it. Every key has a default unless it is marked *required*; unknown keys are errors. Relative paths start at the
file's folder. A period is a whole number with `ms`, `s`, `m`, `h` or `d`: `\"90s\"`.

The file contains no secrets. A key `…_file` names a file that only the service's user may read. A key `…_credential`
names a systemd credential (`LoadCredential=`, see `systemd/README.md`). provwatch reads both when it starts and on
SIGHUP. After the rotation of a credential, restart the service: systemd copies credentials only when the service starts.
";

fn write_section(out: &mut String, heading: &str, about: &str, schema: Schema<'_>) {
    let _ = write!(out, "\n## `{heading}`\n\n{}\n", flowing(about));
    let mut inner = Vec::new();
    let mut rows = String::new();
    let mut listed: Option<(Vec<String>, Schema<'_>)> = None;
    for (key, property) in schema.properties() {
        let target = property.resolved();
        if target.has_properties() {
            let heading = format!("[{}.{key}]", heading.trim_matches(['[', ']']));
            inner.push((heading, text(property, target), target));
        } else {
            rows.push_str(&row(schema, key, property));
        }
        if let Some(entry) = entry_of_list(property) {
            let heading = format!("[[{}.{key}]]", heading.trim_matches(['[', ']']));
            listed.get_or_insert((Vec::new(), entry)).0.push(heading);
        }
        let item = target.items().resolved();
        if item.has_properties() {
            let heading = format!("[[{}.{key}]]", heading.trim_matches(['[', ']']));
            inner.push((heading, text(property, item), item));
        }
        let entry = target.others().map(Schema::resolved);
        if let Some(entry) = entry.filter(|entry| entry.has_properties()) {
            let heading = format!("{}.{key}.\"…\"]", heading.trim_end_matches(']'));
            inner.push((heading, text(property, entry), entry));
        }
    }
    write_table(out, &rows);
    write_variants(out, schema);
    for (heading, about, schema) in inner {
        write_section(out, &heading, about, schema);
    }
    if let Some((headings, entry)) = listed {
        write_section(out, &headings.join("`, `"), text(entry, entry), entry);
        let _ = write!(out, "\n{OF_LISTS}");
    }
}

/// The entry of a list of tables that may replace a table: the first that the list may have.
fn entry_of_list(property: Schema<'_>) -> Option<Schema<'_>> {
    let list = property.forms().find(|form| form.kind() == "array")?;
    Some(list.items().resolved())
}

/// The form of private registries in the file.
pub(super) const OF_LISTS: &str = "\
A registry type is either one table, `[registries.npm]`, which configures the public registry, or a list of tables. In the
list, each entry with a `name` is another registry. One entry may have no name; it configures the public registry:

```toml
[[registries.npm]]                        # the public one, as in [registries.npm]
interval = \"5s\"

[[registries.npm]]
name = \"acme\"
url = \"https://npm.acme.example\"
token_file = \"acme-token\"
interval = \"15m\"

[[registries.pypi]]
name = \"acme\"
url = \"https://acme.example/artifactory/api/pypi/python/simple\"
username = \"provwatch\"
token_credential = \"acme-python\"

[[registries.cargo]]
name = \"acme\"
url = \"https://cargo.acme.example/index\"
```

`provwatch watch add 'pkg:npm/@acme/x?repository_url=https://npm.acme.example'` watches a package of such a registry, and
`watch import` takes the entries of a lock file with its URL. Packages of one name in two registries are two packages:
provwatch never compares their releases, baselines or accounts.

Once a day provwatch asks the public registry of the type for a package of the same name:
`provwatch detectors explain public-namesake`. It does not ask where the public registry is switched off, or with
`[detectors.public-namesake] enabled = false`.

A registry may never provide some fields: accounts, attestations, its own signatures. provwatch does not count these as
missing. It reports a field that the registry provided before and then leaves out.
";

fn write_table(out: &mut String, rows: &str) {
    if !rows.is_empty() {
        let _ = write!(out, "\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n{rows}");
    }
}

/// The tables that a tag selects.
fn write_variants(out: &mut String, schema: Schema<'_>) {
    for Variant { key: tag, word, schema } in schema.variants() {
        let _ = write!(out, "\n### `{tag} = \"{word}\"`\n\n{}\n", flowing(text(schema, schema)));
        let keys = schema.resolved();
        let rows: String =
            keys.properties().filter(|(key, _)| *key != tag).map(|(key, property)| row(keys, key, property)).collect();
        write_table(out, &rows);
    }
}

fn row(schema: Schema<'_>, key: &str, property: Schema<'_>) -> String {
    let target = property.resolved();
    let default = match property.default() {
        _ if schema.required().any(|required| required == key) => "*required*".to_owned(),
        default => default.map(|value| format!("`{value}`")).unwrap_or_default(),
    };
    let meaning = flowing(text(property, target)).replace('|', "\\|") + &words(target);
    format!("| `{key}` | {} | {default} | {meaning} |\n", type_of(target))
}

/// The meaning of each word of an enum.
fn words(schema: Schema<'_>) -> String {
    let words = schema.words().into_iter();
    let meant = words.filter_map(|Word { word, meaning }| {
        Some(format!("`\"{word}\"`: {}", flowing(meaning?.trim_end_matches('.'))))
    });
    let words: Vec<_> = meant.collect();
    if words.is_empty() { String::new() } else { format!(" {}.", words.join("; ")) }
}

fn type_of(schema: Schema<'_>) -> String {
    let words: Vec<_> = schema.words().iter().map(|word| format!("`{}`", word.word)).collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    match (schema.kind(), schema.format()) {
        ("string", Some(format @ ("period" | "retention" | "host"))) => format.to_owned(),
        ("string", Some("web-url")) => "URL".to_owned(),
        ("string", Some("mailbox")) => "address".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => match (schema.minimum(), schema.maximum()) {
            (Some(least), Some(most)) => format!("{least}–{most}"),
            _ => "number".to_owned(),
        },
        ("boolean", _) => "true/false".to_owned(),
        ("array", _) => format!("list of: {}", type_of(schema.items().resolved())),
        ("object", _) => "table".to_owned(),
        _ => String::new(),
    }
}

/// The description of the key, or else that of its type.
fn text<'a>(property: Schema<'a>, target: Schema<'a>) -> &'a str {
    property.description().or(target.description()).unwrap_or_default()
}

/// On one line.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
