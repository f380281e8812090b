//! Accounts of registries, and e-mail addresses.

use super::{
    meant::quoted,
    what::{Account, Term},
};

/// `npm/ada`, or `ada` at any registry.
pub(super) fn account(text: &str) -> Result<Account, String> {
    let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
    let (ecosystem, name) = match text.split_once('/') {
        Some((registry, name)) => match registry.parse() {
            Ok(ecosystem) => (Some(ecosystem), name),
            Err(unknown) => return Err(format!("{unknown}; expected npm/ada, or ada at any registry")),
        },
        None => (None, text),
    };
    let name = name.strip_prefix('@').unwrap_or(name);
    if is_name(name) {
        Ok(Account { ecosystem, name: name.to_owned() })
    } else {
        Err("not the name of an account; expected npm/ada, or ada at any registry".to_owned())
    }
}

/// An e-mail address.
pub(super) fn email(text: &str) -> Result<Term, String> {
    let expected = || format!("{} is not an e-mail address; expected ada@example.org", quoted(text));
    let (name, domain) = text.rsplit_once('@').ok_or_else(expected)?;
    if domain == "redacted.invalid" && name.len() == 12 {
        return Err("a pseudonym of --redact stands in one output only; look for the address".to_owned());
    }
    if name.is_empty() || name.contains(char::is_whitespace) || !is_domain(domain) {
        return Err(expected());
    }
    Ok(Term::Email(text.to_owned()))
}

/// The domain of addresses, with or without `@`.
pub(super) fn domain(text: &str) -> Result<Term, String> {
    let domain = text.strip_prefix('@').unwrap_or(text).to_lowercase();
    if is_domain(&domain) {
        return Ok(Term::Domain(domain));
    }
    Err(format!("{} is not a domain; expected @example.org", quoted(text)))
}

/// Whether a text has the form of a domain. The last part of a version is a number.
pub(super) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let labels: Vec<&str> = text.split('.').collect();
    labels.len() > 1
        && labels.iter().all(|label| is_label(label))
        && labels.last().is_some_and(|last| last.chars().next().is_some_and(char::is_alphabetic))
        && labels.first().is_some_and(|first| !first.chars().all(|c| c.is_ascii_digit()))
}
