//! Recognises mirrors of one log among several `[[logs.instance]]`, and their contradictions.

use std::fs;

use super::{
    LogInstance,
    finding::{Finding, error},
};

/// The contradictions between the configured logs.
pub(super) fn findings(instances: &[LogInstance]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, this) in instances.iter().enumerate() {
        let key = |field: &str| format!("logs.instance[{number}].{field}");
        let before = &instances[..number];
        if before.iter().any(|other| other.name == this.name) {
            findings.push(error(key("name"), format!("{:?} is the name of another log too", this.name)));
        }
        if let Some((field, what)) = before.iter().find_map(|other| clash(this, other)) {
            findings.push(error(key(field), what));
        }
    }
    findings
}

/// The reason why two logs of one origin are not mirrors of one log.
fn clash(this: &LogInstance, other: &LogInstance) -> Option<(&'static str, String)> {
    if this.origin() != other.origin() {
        return None;
    }
    let (origin, name) = (this.origin(), &other.name);
    let mirrors = format!("{origin:?} is the origin of {name:?} too, and mirrors of one log");
    if this.kind != other.kind {
        return Some(("kind", format!("{mirrors} are of one kind")));
    }
    if this.url == other.url {
        return Some(("url", format!("{mirrors} have URLs of their own")));
    }
    (key(this) != key(other)).then(|| ("public_key", format!("{mirrors} have one key")))
}

/// The key as it is written, without its line breaks. Another check reports an unreadable file.
fn key(instance: &LogInstance) -> Option<String> {
    let text = fs::read_to_string(&instance.public_key).ok()?;
    Some(text.split_whitespace().collect())
}
