//! Validates JSON against the schemas of `schema/`, where a key that a schema does not name is an error.

use std::{collections::BTreeMap, sync::OnceLock};

use jsonschema::Validator;
use provwatch::cli;
use serde_json::{Map, Value, json};

/// The schemas by their form, `lookup/1`.
fn validators() -> &'static BTreeMap<String, Validator> {
    static ALL: OnceLock<BTreeMap<String, Validator>> = OnceLock::new();
    ALL.get_or_init(|| {
        let compiled = cli::forms().into_iter().map(|form| {
            let name = format!("{}/{}", form.name, form.number);
            let strict = closed(&form.schema);
            let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&strict);
            (name.clone(), validator.unwrap_or_else(|error| panic!("{name}: {error}")))
        });
        compiled.collect()
    })
}

/// The schema in which no object has keys that are not named.
fn closed(schema: &Value) -> Value {
    let mut closed = schema.clone();
    close(&mut closed);
    closed
}

/// A schema for a value of its own: an object's keys, an array's items. What is said of one and the same value in several
/// places is put together before unknown keys are looked for.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        object.entry("unevaluatedProperties").or_insert(json!(false));
        within(object);
    }
}

/// The schemas inside of one: of parts of the value, and of the value itself.
fn within(schema: &mut Map<String, Value>) {
    for key in ["properties", "patternProperties"] {
        schema.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten().for_each(|(_, part)| close(part));
    }
    for key in ["items", "additionalProperties"] {
        schema.get_mut(key).into_iter().for_each(close);
    }
    schema.get_mut("prefixItems").and_then(Value::as_array_mut).into_iter().flatten().for_each(close);
    for key in ["allOf", "anyOf", "oneOf"] {
        let same = schema.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
        same.filter_map(Value::as_object_mut).for_each(within);
    }
    let defined = schema.get_mut("$defs").and_then(Value::as_object_mut).into_iter().flatten();
    defined.filter_map(|(_, same)| same.as_object_mut()).for_each(within);
}

/// What is wrong with a value of a form; nothing, if it holds.
pub fn problems(form: &str, value: &Value) -> Vec<String> {
    let Some(validator) = validators().get(form) else { return vec![format!("there is no form {form:?}")] };
    validator
        .iter_errors(value)
        .map(|error| format!("{form} at {:?}: {error}", error.instance_path().to_string()))
        .collect()
}

/// A line that a command printed: it says of which form it is, and is of that form.
#[track_caller]
pub fn hold(line: &Value) {
    let form = line["form"].as_str().unwrap_or_else(|| panic!("it does not say its form: {line}"));
    let problems = problems(form, line);
    assert!(problems.is_empty(), "{}\n{line}", problems.join("\n"));
}
