//! Terms without a kind, recognized by their form.

use super::{
    account, any_digest, by_kind,
    meant::{quoted, unknown},
    place, url,
    what::Term,
};
use crate::{cli::target, model::Ecosystem};

/// The term of a text without a kind before it.
pub(super) fn term(text: &str) -> Result<Term, String> {
    if text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("pkg:")) {
        return target::target(&format!("pkg:{}", &text[4..])).map(Term::Purl);
    }
    if let Some(digest) = any_digest::named(text) {
        return digest.map(Term::File);
    }
    if text.contains('*') {
        return Ok(by_kind::identity(text));
    }
    if text.contains("://") || text.starts_with("git@") || ["github:", "gitlab:"].iter().any(|it| text.starts_with(it))
    {
        return url::term(text);
    }
    if text.starts_with("refs/") {
        return Ok(Term::Ref(text.to_owned()));
    }
    if let Some(entry) = place::entry(text) {
        return Ok(entry);
    }
    if text.contains('@') {
        return at_sign(text);
    }
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return hexadecimal(text);
    }
    if text.contains('/') { path(text) } else { Err(unknown(text)) }
}

/// An address, a domain, or a package as its package manager writes it.
fn at_sign(text: &str) -> Result<Term, String> {
    match text.strip_prefix('@') {
        Some(domain) if account::is_domain(domain) => account::domain(domain),
        Some(_) => Err(unknown(text)),
        None => {
            let is_address = !text.contains('/') && text.rsplit_once('@').is_some_and(|(_, it)| account::is_domain(it));
            if is_address { account::email(text) } else { Err(unknown(text)) }
        }
    }
}

/// Digits whose number tells what they may be.
fn hexadecimal(text: &str) -> Result<Term, String> {
    let digits = text.to_ascii_lowercase();
    match digits.len() {
        40 | 64 => Ok(Term::Hex(digits)),
        128 => any_digest::any(&digits).map(Term::File),
        32 => Err("an MD5? registries state none; give the SHA-256 or SHA-512".to_owned()),
        96 => Err("a SHA-384? registries state none; give the SHA-256 or SHA-512".to_owned()),
        _ if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            let all = ["repository", "owner", "alert"].map(|kind| format!("{kind}:{digits}"));
            Err(format!("a number of what? did you mean {}?", all.join(" or ")))
        }
        4..64 => target::alert(&digits).map(Term::Alert),
        _ => Err(unknown(text)),
    }
}

/// Names with slashes: of a repository, or of a workflow file in any.
fn path(text: &str) -> Result<Term, String> {
    let (first, _) = text.split_once('/').unwrap_or((text, ""));
    if first.parse::<Ecosystem>().is_ok() {
        return Err(unknown(text));
    }
    if [".yml", ".yaml"].iter().any(|end| text.ends_with(end)) {
        return by_kind::workflow(text);
    }
    if first.contains('.') && text.matches('/').count() == 1 {
        return Err(format!("{} may be an owner; did you mean owner:{text}?", quoted(text)));
    }
    url::repository(text).map(Term::Repository).map_err(|_| unknown(text))
}
