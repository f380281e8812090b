use std::fmt::Write;

use serde_json::Value;

use super::Config;
use crate::strict_toml;

/// The JSON schema of the configuration: `schema/config.schema.json`.
pub fn json_schema() -> Value {
    strict_toml::schema::<Config>()
}

/// `docs/CONFIGURATION.md`: every key with its type, default and meaning, from the schema.
pub fn markdown() -> String {
    let root = json_schema();
    let mut out = String::from(INTRODUCTION);
    for (name, section) in properties(&root) {
        let schema = resolved(&root, section);
        let (heading, item) = match name {
            "subscriptions" => ("[[subscriptions]]".to_owned(), resolved(&root, &schema["items"])),
            "detectors" => ("[detectors.<id>]".to_owned(), resolved(&root, &schema["additionalProperties"])),
            _ => (format!("[{name}]"), schema),
        };
        write_section(&mut out, &root, &heading, text(section, schema), item);
    }
    out
}

const INTRODUCTION: &str = "# Configuration

This page is generated from the configuration's own schema (`schema/config.schema.json`); the test
`the_documentation_is_up_to_date` keeps it so.

provwatch reads one TOML file: `--config FILE`, or `/etc/provwatch/provwatch.toml` for root and
`~/.config/provwatch/provwatch.toml` for others. `provwatch init` writes a commented one, `provwatch doctor` checks it.
Every key has a default unless it is marked *required*; unknown keys are errors. Relative paths are taken from the
file's folder. Periods are a whole number and `ms`, `s`, `m`, `h` or `d`: `\"90s\"`.

Secrets never stand in the file itself: a key `…_file` names a file that only the service's user may read, a key
`…_credential` names a systemd credential (`LoadCredential=`, see `systemd/README.md`). They are read when
provwatch starts and on SIGHUP; a credential that was rotated needs a restart, for systemd copies it when the service starts.
";

fn write_section(out: &mut String, root: &Value, heading: &str, about: &str, schema: &Value) {
    let _ = write!(out, "\n## `{heading}`\n\n{}\n", flowing(about));
    let mut inner = Vec::new();
    let mut rows = String::new();
    let mut listed: Option<(Vec<String>, &Value)> = None;
    for (key, property) in properties(schema) {
        let target = resolved(root, property);
        if target["properties"].is_object() {
            let heading = format!("{}.{key}]", heading.trim_end_matches(']'));
            inner.push((heading, text(property, target), target));
        } else {
            rows.push_str(&row(root, schema, key, property));
        }
        if let Some(entry) = entry_of_list(root, property) {
            let heading = format!("[[{}.{key}]]", heading.trim_matches(['[', ']']));
            listed.get_or_insert((Vec::new(), entry)).0.push(heading);
        }
        let item = resolved(root, &target["items"]);
        if item["properties"].is_object() {
            let heading = format!("[[{}.{key}]]", heading.trim_matches(['[', ']']));
            inner.push((heading, text(property, item), item));
        }
        let entry = resolved(root, &target["additionalProperties"]);
        if entry["properties"].is_object() {
            let heading = format!("{}.{key}.\"…\"]", heading.trim_end_matches(']'));
            inner.push((heading, text(property, entry), entry));
        }
    }
    write_table(out, &rows);
    write_variants(out, root, schema);
    for (heading, about, schema) in inner {
        write_section(out, root, &heading, about, schema);
    }
    if let Some((headings, entry)) = listed {
        write_section(out, root, &headings.join("`, `"), text(entry, entry), entry);
        let _ = write!(out, "\n{OF_LISTS}");
    }
}

/// The entry of a list of tables that stands in the place of a table: the first that the list may have.
fn entry_of_list<'a>(root: &'a Value, property: &'a Value) -> Option<&'a Value> {
    let forms = property["anyOf"].as_array()?;
    let list = forms.iter().find(|form| form["type"] == "array")?;
    Some(resolved(root, &list["items"]))
}

/// How registries beside the public ones are written.
pub(super) const OF_LISTS: &str = "\
A registry type is one table, `[registries.npm]`, for the public registry alone, or a list of tables: entries with a `name`
are other registries, and the one without, if there is one, configures the public one:

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

Then `provwatch watch add 'pkg:npm/@acme/x?repository_url=https://npm.acme.example'` watches a package of it, and `watch import`
takes what a lock file has from its URL. Packages of one name in two registries are two packages: neither releases nor baselines
nor accounts of theirs are ever compared. For each of them the public registry of the type is asked once a day whether it has a
package of that name (`provwatch detectors explain public-namesake`; `[detectors.public-namesake] enabled = false` asks nothing),
unless that registry is switched off. What such a registry never tells (accounts, attestations, its own signatures) is not
missed; what it told before and leaves out is.
";

fn write_table(out: &mut String, rows: &str) {
    if !rows.is_empty() {
        let _ = write!(out, "\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n{rows}");
    }
}

/// The tables that a tag chooses.
fn write_variants(out: &mut String, root: &Value, schema: &Value) {
    for variant in schema["oneOf"].as_array().into_iter().flatten() {
        let Some(word) = variant["properties"]["type"]["const"].as_str() else { continue };
        let _ = write!(out, "\n### `type = \"{word}\"`\n\n{}\n", flowing(text(variant, variant)));
        let keys = resolved(root, variant);
        let rows: String = properties(keys)
            .filter(|(key, _)| *key != "type")
            .map(|(key, property)| row(root, keys, key, property))
            .collect();
        write_table(out, &rows);
    }
}

fn row(root: &Value, schema: &Value, key: &str, property: &Value) -> String {
    let target = resolved(root, property);
    let required = schema["required"].as_array().is_some_and(|keys| keys.iter().any(|required| required == key));
    let default = match &property["default"] {
        _ if required => "*required*".to_owned(),
        Value::Null | Value::Object(_) => String::new(),
        value => format!("`{value}`"),
    };
    let meaning = flowing(text(property, target)).replace('|', "\\|") + &words(target);
    format!("| `{key}` | {} | {default} | {meaning} |\n", type_of(root, target))
}

/// What each word of an enum means.
fn words(schema: &Value) -> String {
    let words: Vec<_> =
        alternatives(schema).map(|(word, meaning)| format!("`\"{word}\"`: {}", flowing(meaning))).collect();
    if words.is_empty() { String::new() } else { format!(" {}.", words.join("; ")) }
}

fn type_of(root: &Value, schema: &Value) -> String {
    let range = |name: &str| schema[name].as_f64().map(|bound| format!("{bound}"));
    let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
    match (kind.as_str(), schema["format"].as_str()) {
        (Some("string"), Some(format @ ("period" | "host"))) => format.to_owned(),
        (Some("string"), Some("web-url")) => "URL".to_owned(),
        (Some("string"), Some("mailbox")) => "address".to_owned(),
        (Some("string"), _) => "text".to_owned(),
        (Some("integer"), _) => match (range("minimum"), range("maximum")) {
            (Some(least), Some(most)) => format!("{least}–{most}"),
            _ => "number".to_owned(),
        },
        (Some("boolean"), _) => "true/false".to_owned(),
        (Some("array"), _) => format!("list of: {}", type_of(root, resolved(root, &schema["items"]))),
        (Some("object"), _) => "table".to_owned(),
        _ => alternatives(schema).map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", "),
    }
}

/// The words of an enum, each with its meaning.
fn alternatives(schema: &Value) -> impl Iterator<Item = (&str, &str)> {
    let words = schema["oneOf"].as_array().into_iter().flatten();
    words.filter_map(|word| Some((word["const"].as_str()?, text(word, word).trim_end_matches('.'))))
}

fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema["properties"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let some = schema["anyOf"].as_array().and_then(|any| any.first()).unwrap_or(schema);
    let path = some["$ref"].as_str().map(|path| path.trim_start_matches('#'));
    path.and_then(|path| root.pointer(path)).unwrap_or(some)
}

/// The description where the key stands, or else that of its type.
fn text<'a>(property: &'a Value, target: &'a Value) -> &'a str {
    property["description"].as_str().or(target["description"].as_str()).unwrap_or_default()
}

/// On one line.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
