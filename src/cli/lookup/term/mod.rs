//! What an argument of `lookup` names: recognized by its form, or by a kind before it, `owner:acme`.

mod account;
mod any_digest;
mod by_form;
mod by_kind;
mod meant;
mod place;
#[cfg(test)]
mod tests;
mod url;
mod what;

pub(super) use any_digest::{Algorithm, AnyDigest};
pub(super) use meant::package_meant;
pub(super) use what::{Account, Name, Term, WorkflowName};

use crate::text::plain;

/// Longest text, in bytes.
const LONGEST: usize = 2_000;

/// What a text names.
///
/// # Errors
/// It has no form that is known, or several: the error has what was probably meant.
pub(super) fn term(text: &str) -> Result<Term, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("nothing to look for; expected {}", meant::FORMS));
    }
    if text.len() > LONGEST {
        return Err(format!("{} bytes are too long; expected at most {LONGEST}", text.len()));
    }
    let read = match by_kind::term(text) {
        Some(read) => read,
        None => by_form::term(text),
    };
    // It may have been pasted from what an attacker wrote.
    read.map_err(|why| plain(&why, LONGEST))
}
