//! Documents for programs: their schemas, that they are one line, and that they say what the alert says.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::{Caught, Delivered, is_plain, is_tainted, json::texts};
use crate::{
    config::Form,
    deliver::{Message, webhook_schema},
    model::Alert,
};

static WEBHOOK: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&webhook_schema()).unwrap());

static FINDING: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../../../../../tests/data/ocsf/detection_finding.schema.json");
    jsonschema::draft202012::new(&serde_json::from_str(schema).unwrap()).unwrap()
});

/// Checks a document of a form.
pub(super) fn check(form: Form, document: &str, message: &Message) {
    // The values are the alert's own; what would show as another character is an escape of JSON.
    is_plain(document, false);
    let value: Value = serde_json::from_str(document).unwrap();
    match form {
        Form::Provwatch => provwatch(&value, message),
        Form::Ocsf => {
            is_valid(&FINDING, &value);
            for (_, text) in texts(&value) {
                is_plain(text, true);
            }
        }
        Form::CloudEvents => {
            has_names(&value, "data datacontenttype id source specversion subject time type");
            texts(&value)
                .iter()
                .filter(|(key, _)| *key == "subject")
                .take(1)
                .for_each(|(_, text)| is_plain(text, false));
            provwatch(&value["data"], message);
        }
    }
}

/// The alert reads back as it was, so that no text became anything else; what is for people is plain.
fn provwatch(value: &Value, message: &Message) {
    is_valid(&WEBHOOK, value);
    has_names(value, "data form id next timestamp type");
    assert_eq!(serde_json::from_value::<Alert>(value["data"].clone()).unwrap(), message.alert);
    for (_, text) in texts(&value["next"]) {
        is_plain(text, false);
    }
}

fn has_names(value: &Value, names: &str) {
    let mut found: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found.join(" "), names);
}

fn is_valid(schema: &Validator, value: &Value) {
    let errors: Vec<_> = schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// A message is one line of a file.
pub(super) fn line(form: Form, delivered: &Delivered<'_>) {
    check(form, one_line(delivered), delivered.message);
}

/// An alert is one line of standard output.
pub(super) fn stdout(delivered: &Delivered<'_>) {
    let line = one_line(delivered);
    is_plain(line, false);
    assert_eq!(serde_json::from_str::<Alert>(line).unwrap(), delivered.message.alert);
}

fn one_line<'a>(delivered: &'a Delivered<'_>) -> &'a str {
    let [Caught::Written(text)] = delivered.caught.as_slice() else { panic!("{:?}", delivered.caught) };
    let line = text.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{text}");
    line
}

/// A program gets the texts of an alert in the document only.
pub(super) fn run(form: Form, delivered: &Delivered<'_>) {
    let [Caught::Run { arguments, environment, input }] = delivered.caught.as_slice() else { panic!() };
    assert_eq!(arguments, "2\n--queue\ntwo words\n");
    assert!(!is_tainted(environment), "{environment}");
    for line in environment.lines() {
        let name = line.strip_prefix("export ").and_then(|line| line.split('=').next()).unwrap_or_default();
        let own = ["PATH", "LANG", "HOME", "PWD", "OLDPWD", "SHLVL", "_"];
        assert!(name.starts_with("PROVWATCH_") || own.contains(&name), "{line}");
    }
    check(form, input, delivered.message);
}
