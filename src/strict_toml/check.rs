//! Checks a TOML document against a schema.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    did_you_mean,
    walk::{Schema, Word},
};

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

/// Everything in a document that does not fit the schema.
pub(super) fn compare(document: &Spanned<DeTable<'_>>, schema: Schema<'_>, formats: &[Format]) -> Vec<Found> {
    let mut walk = Walk { formats, found: Vec::new() };
    walk.table(document.get_ref(), &document.span(), schema, "");
    walk.found
}

struct Walk<'a> {
    formats: &'a [Format],
    found: Vec<Found>,
}

impl Walk<'_> {
    fn report(&mut self, span: &Range<usize>, key: &str, what: impl Into<String>) {
        self.found.push(Found { span: span.clone(), key: key.to_owned(), what: what.into() });
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: Schema<'_>, key: &str) {
        let schema = form(value.get_ref(), schema).resolved();
        let span = value.span();
        let words = schema.words();
        match (value.get_ref(), schema.kind()) {
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

    fn word(&mut self, text: &str, words: &[Word<'_>], span: &Range<usize>, key: &str) {
        if words.iter().all(|known| known.word != text) {
            let hint = did_you_mean(text, words.iter().map(|known| known.word));
            self.report(span, key, format!("found {}, expected {}{hint}", quoted(text), one_of(words)));
        }
    }

    fn text(&mut self, text: &str, schema: Schema<'_>, span: &Range<usize>, key: &str) {
        let format = schema.format().unwrap_or_default();
        let Some(format) = self.formats.iter().find(|known| known.name == format) else { return };
        if let Err(why) = (format.check)(text) {
            self.report(span, key, format!("found {}, {why}", quoted(text)));
        }
    }

    fn integer(&mut self, number: Option<i64>, schema: Schema<'_>, span: &Range<usize>, key: &str) {
        let (least, most) = (schema.minimum().unwrap_or(i64::MIN), schema.maximum().unwrap_or(i64::MAX));
        if number.is_none_or(|number| number < least || number > most) {
            let found = number.map_or_else(|| "a number of more than 64 bits".to_owned(), |number| number.to_string());
            self.report(span, key, format!("found {found}, expected {}", expected("integer", schema)));
        }
    }

    fn array(&mut self, items: &[Spanned<DeValue<'_>>], schema: Schema<'_>, span: &Range<usize>, key: &str) {
        if items.len() < schema.min_items() {
            self.report(span, key, "found an empty list, expected at least one item");
        }
        for (index, item) in items.iter().enumerate() {
            self.value(item, schema.items(), &format!("{key}[{index}]"));
        }
    }

    fn table(&mut self, table: &DeTable<'_>, span: &Range<usize>, schema: Schema<'_>, key: &str) {
        let mut shape = Shape::default();
        shape.add(schema);
        let Ok(variant) = self.variant(table, span, schema, key) else { return };
        if let Some(variant) = variant {
            shape.add(variant);
            shape.add(variant.resolved());
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
    fn variant<'s>(
        &mut self,
        table: &DeTable<'_>,
        span: &Range<usize>,
        schema: Schema<'s>,
        key: &str,
    ) -> Result<Option<Schema<'s>>, Undecided> {
        let variants: Vec<_> = schema.variants().collect();
        let Some(first) = variants.first() else { return Ok(None) };
        let words: Vec<_> = variants.iter().map(|one| Word { word: one.word, meaning: None }).collect();
        let dotted = if key.is_empty() { first.key.to_owned() } else { format!("{key}.{}", first.key) };
        match table.get(first.key) {
            None => self.report(span, &dotted, format!("this key is missing here, expected {}", one_of(&words))),
            Some(value) => match value.get_ref() {
                DeValue::String(text) => {
                    self.word(text, &words, &value.span(), &dotted);
                    let chosen = variants.iter().find(|one| one.word == text);
                    return chosen.map(|one| Some(one.schema)).ok_or(Undecided);
                }
                other => {
                    let what = format!("found {}, expected {}", found(other), one_of(&words));
                    self.report(&value.span(), &dotted, what);
                }
            },
        }
        Err(Undecided)
    }
}

/// Of several forms the one that a value has: a list or a table, and of several tables the first that needs a key which
/// stands there, or else the last.
fn form<'s>(value: &DeValue<'_>, schema: Schema<'s>) -> Schema<'s> {
    let of_kind = |wanted: &'static str| schema.forms().filter(move |form| form.resolved().kind() == wanted);
    let form = match value {
        DeValue::Array(_) => of_kind("array").next(),
        DeValue::Table(table) => {
            let needs = |form: &Schema<'_>| form.resolved().required().any(|key| table.contains_key(key));
            of_kind("object").find(needs).or(of_kind("object").next_back())
        }
        _ => None,
    };
    form.unwrap_or(schema)
}

/// The tag is missing or wrong, which is reported; the rest of the table is beyond judgement.
struct Undecided;

/// The keys of a table.
#[derive(Default)]
struct Shape<'a> {
    properties: BTreeMap<&'a str, Schema<'a>>,
    required: Vec<&'a str>,
    others: Option<Schema<'a>>,
}

impl<'a> Shape<'a> {
    fn add(&mut self, schema: Schema<'a>) {
        self.properties.extend(schema.properties());
        self.required.extend(schema.required());
        self.others = self.others.or_else(|| schema.others());
    }

    fn hint(&self, name: &str) -> String {
        let keys = || self.properties.keys().copied();
        match did_you_mean(name, keys()) {
            hint if hint.is_empty() => format!("; expected one of {}", keys().collect::<Vec<_>>().join(", ")),
            hint => hint,
        }
    }
}

fn expected(kind: &str, schema: Schema<'_>) -> String {
    match kind {
        "string" => match schema.example() {
            Some(example) => format!("a text such as {example:?}"),
            None => "a text in quotes".to_owned(),
        },
        "integer" => match (schema.minimum(), schema.maximum()) {
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

fn one_of(words: &[Word<'_>]) -> String {
    let words: Vec<_> = words.iter().map(|known| format!("{:?}", known.word)).collect();
    match &words[..] {
        [one] => one.clone(),
        _ => format!("one of {}", words.join(", ")),
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
