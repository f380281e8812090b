//! The texts and the keys of JSON documents.

use serde_json::Value;

/// Every text of a document, each with its key; those of a list have the key of the list.
pub(super) fn texts(document: &Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    walk(document, "", &mut |key, value| found.extend(value.as_str().map(|text| (key, text))));
    found
}

/// Every object of a document.
pub(super) fn objects(document: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    walk(document, "", &mut |_, value| found.extend(value.is_object().then_some(value)));
    found
}

/// Asserts that the objects of a document have no other keys than these: a text could have added some.
#[track_caller]
pub(super) fn has_only(document: &Value, keys: &[&str]) {
    let all = objects(document).into_iter().filter_map(Value::as_object).flat_map(|object| object.keys());
    let other: Vec<&String> = all.filter(|key| !keys.contains(&key.as_str())).collect();
    assert!(other.is_empty(), "{other:?} in {document}");
}

fn walk<'a>(value: &'a Value, key: &'a str, see: &mut impl FnMut(&'a str, &'a Value)) {
    see(key, value);
    match value {
        Value::Object(object) => object.iter().for_each(|(key, below)| walk(below, key, see)),
        Value::Array(all) => all.iter().for_each(|below| walk(below, key, see)),
        _ => {}
    }
}
