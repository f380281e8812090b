use std::{collections::BTreeMap, ops::Range};

use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::did_you_mean;

/// A `format` of string schemas with a check of its own.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name in the schema: `duration`.
    pub name: &'static str,
    /// Says what is wrong with a text.
    pub check: fn(&str) -> Result<(), String>,
}

/// Something that does not fit the schema.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) span: Range<usize>,
    pub(super) key: String,
    pub(super) what: String,
}

/// Everything in a document that does not fit the schema. Knows the part of JSON Schema that `schemars` writes for
/// plain structs, enums of words, and enums with a tag.
pub(super) fn compare(document: &Spanned<DeTable<'_>>, schema: &Value, formats: &[Format]) -> Vec<Found> {
    let mut walk = Walk { root: schema, formats, found: Vec::new() };
    walk.table(document.get_ref(), &document.span(), schema, "");
    walk.found
}

struct Walk<'a> {
    root: &'a Value,
    formats: &'a [Format],
    found: Vec<Found>,
}

impl<'a> Walk<'a> {
    fn report(&mut self, span: &Range<usize>, key: &str, what: impl Into<String>) {
        self.found.push(Found { span: span.clone(), key: key.to_owned(), what: what.into() });
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: &'a Value, key: &str) {
        let schema = self.resolved(self.form(value.get_ref(), schema));
        let span = value.span();
        let words = words(schema);
        match (value.get_ref(), kind(schema)) {
            (DeValue::String(text), _) if !words.is_empty() => self.word(text, &words, &span, key),
            (DeValue::String(text), "string") => self.text(text, schema, &span, key),
            (DeValue::Integer(number), "integer") => {
                let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
                self.integer(number, schema, &span, key);
            }
            (DeValue::Array(items), "array") => self.array(items, schema, &span, key),
            (DeValue::Table(table), "object") => self.table(table, &span, schema, key),
            (DeValue::Boolean(_), "boolean") | (DeValue::Float(_), "number") | (_, "anything") => {}
            (other, kind) => {
                let expected = if words.is_empty() { expected(kind, schema) } else { one_of(&words) };
                self.report(&span, key, format!("found {}, expected {expected}", found(other)));
            }
        }
    }

    fn word(&mut self, text: &str, words: &[&str], span: &Range<usize>, key: &str) {
        if !words.contains(&text) {
            let hint = did_you_mean(text, words.iter().copied());
            self.report(span, key, format!("found {}, expected {}{hint}", quoted(text), one_of(words)));
        }
    }

    fn text(&mut self, text: &str, schema: &Value, span: &Range<usize>, key: &str) {
        let format = schema["format"].as_str().unwrap_or_default();
        let Some(format) = self.formats.iter().find(|known| known.name == format) else { return };
        if let Err(why) = (format.check)(text) {
            self.report(span, key, format!("found {}, {why}", quoted(text)));
        }
    }

    fn integer(&mut self, number: Option<i64>, schema: &Value, span: &Range<usize>, key: &str) {
        let bound = |name: &str| schema[name].as_i64().or_else(|| number_of(&schema[name]));
        let (least, most) = (bound("minimum").unwrap_or(i64::MIN), bound("maximum").unwrap_or(i64::MAX));
        if number.is_none_or(|number| number < least || number > most) {
            let found = number.map_or_else(|| "a number of more than 64 bits".to_owned(), |number| number.to_string());
            self.report(span, key, format!("found {found}, expected {}", expected("integer", schema)));
        }
    }

    fn array(&mut self, items: &[Spanned<DeValue<'_>>], schema: &'a Value, span: &Range<usize>, key: &str) {
        if items.len() < schema["minItems"].as_u64().and_then(|least| usize::try_from(least).ok()).unwrap_or(0) {
            self.report(span, key, "found an empty list, expected at least one item");
        }
        for (index, item) in items.iter().enumerate() {
            self.value(item, &schema["items"], &format!("{key}[{index}]"));
        }
    }

    fn table(&mut self, table: &DeTable<'_>, span: &Range<usize>, schema: &'a Value, key: &str) {
        let mut shape = Shape::default();
        shape.add(schema);
        let Ok(variant) = self.variant(table, span, schema, key) else { return };
        if let Some(variant) = variant {
            shape.add(variant);
            shape.add(self.resolved(variant));
        }
        for (name, value) in table {
            let name_span = name.span();
            let name: &str = name.get_ref();
            let dotted = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
            if let Some(schema) = shape.properties.get(name).copied().or(shape.others) {
                self.value(value, schema, &dotted);
            } else {
                self.report(&name_span, &dotted, format!("unknown key{}", shape.hint(name)));
            }
        }
        for required in shape.required {
            if !table.contains_key(required) {
                let dotted = if key.is_empty() { required.to_owned() } else { format!("{key}.{required}") };
                self.report(span, &dotted, "this key is missing here");
            }
        }
    }

    /// The variant that a tag chooses, if the schema has variants.
    fn variant(
        &mut self,
        table: &DeTable<'_>,
        span: &Range<usize>,
        schema: &'a Value,
        key: &str,
    ) -> Result<Option<&'a Value>, Undecided> {
        let Some(variants) = schema["oneOf"].as_array() else { return Ok(None) };
        let tagged: Vec<_> = variants.iter().filter_map(|variant| Some((tag(variant)?, variant))).collect();
        let Some(&((name, _), _)) = tagged.first() else { return Ok(None) };
        let words: Vec<_> = tagged.iter().map(|((_, word), _)| *word).collect();
        let dotted = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
        match table.get(name) {
            None => self.report(span, &dotted, format!("this key is missing here, expected {}", one_of(&words))),
            Some(value) => match value.get_ref() {
                DeValue::String(text) => {
                    self.word(text, &words, &value.span(), &dotted);
                    let chosen = tagged.iter().find(|((_, word), _)| word == text);
                    return chosen.map(|(_, variant)| Some(*variant)).ok_or(Undecided);
                }
                other => {
                    let what = format!("found {}, expected {}", found(other), one_of(&words));
                    self.report(&value.span(), &dotted, what);
                }
            },
        }
        Err(Undecided)
    }

    /// Of several forms the one that a value has: a list or a table, and of several tables the first that needs a key which
    /// stands there, or else the last.
    fn form(&self, value: &DeValue<'_>, schema: &'a Value) -> &'a Value {
        let forms = schema["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
        let of_kind = |wanted: &'static str| forms.iter().filter(move |form| kind(self.resolved(form)) == wanted);
        let form = match value {
            DeValue::Array(_) => of_kind("array").next(),
            DeValue::Table(table) => {
                let needs = |form: &&Value| {
                    let required = self.resolved(form)["required"].as_array().into_iter().flatten();
                    required.filter_map(Value::as_str).any(|key| table.contains_key(key))
                };
                of_kind("object").find(needs).or(of_kind("object").next_back())
            }
            _ => None,
        };
        form.unwrap_or(schema)
    }

    /// Follows `$ref` and the `anyOf` of an `Option`.
    fn resolved(&self, mut schema: &'a Value) -> &'a Value {
        for _ in 0..16 {
            if let Some(path) = schema["$ref"].as_str() {
                schema = self.root.pointer(path.trim_start_matches('#')).unwrap_or(&Value::Null);
            } else if let Some(some) = schema["anyOf"].as_array().and_then(|any| any.iter().find(|s| kind(s) != "null"))
            {
                schema = some;
            } else {
                break;
            }
        }
        schema
    }
}

/// The tag is missing or wrong, which is reported; the rest of the table is beyond judgement.
struct Undecided;

/// The keys of a table.
#[derive(Default)]
struct Shape<'a> {
    properties: BTreeMap<&'a str, &'a Value>,
    required: Vec<&'a str>,
    others: Option<&'a Value>,
}

impl<'a> Shape<'a> {
    fn add(&mut self, schema: &'a Value) {
        self.properties.extend(schema["properties"].as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), v)));
        self.required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
        self.others = self.others.or_else(|| Some(&schema["additionalProperties"]).filter(|others| others.is_object()));
    }

    fn hint(&self, name: &str) -> String {
        let keys = || self.properties.keys().copied();
        match did_you_mean(name, keys()) {
            hint if hint.is_empty() => format!("; expected one of {}", keys().collect::<Vec<_>>().join(", ")),
            hint => hint,
        }
    }
}

/// The tag of a variant: key and word.
fn tag(variant: &Value) -> Option<(&str, &str)> {
    variant["properties"].as_object()?.iter().find_map(|(key, schema)| Some((key.as_str(), schema["const"].as_str()?)))
}

/// The words that a schema allows, if it is an enum of words.
fn words(schema: &Value) -> Vec<&str> {
    let alternatives = schema["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
    std::iter::once(schema)
        .chain(alternatives)
        .flat_map(|schema| schema["enum"].as_array().into_iter().flatten().chain([&schema["const"]]))
        .filter_map(Value::as_str)
        .collect()
}

/// The type that a schema wants. An enum of words has none of its own and is looked at before.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null"),
        _ if schema["oneOf"].is_array() => "object",
        _ => "anything",
    }
}

/// `as_i64` fails for bounds that schemars writes as floating point.
#[expect(clippy::cast_possible_truncation, reason = "bounds are small whole numbers")]
fn number_of(value: &Value) -> Option<i64> {
    value.as_f64().map(|number| number as i64)
}

fn expected(kind: &str, schema: &Value) -> String {
    match kind {
        "string" => match schema["examples"][0].as_str() {
            Some(example) => format!("a text such as {example:?}"),
            None => "a text in quotes".to_owned(),
        },
        "integer" => match (number_of(&schema["minimum"]), number_of(&schema["maximum"])) {
            (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
            (Some(least), None) => format!("a whole number of at least {least}"),
            _ => "a whole number".to_owned(),
        },
        "boolean" => "true or false".to_owned(),
        "array" => "a list in [brackets]".to_owned(),
        "object" => "a table".to_owned(),
        other => other.to_owned(),
    }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [one] => format!("{one:?}"),
        _ => format!("one of {}", words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")),
    }
}

fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(time) => format!("the time {time}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// A text in quotes, shortened: it may be anything, and it goes into a message.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}
