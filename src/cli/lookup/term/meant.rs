//! What a text that is not recognized was probably meant to be.

use crate::{cli::target, text::plain};

/// Most characters of a text in an error.
const SHOWN: usize = 80;

/// What can be looked for.
pub(super) const FORMS: &str = "a purl, digest, repository, run, commit, log entry, address, account or another of \
                                the forms that `provwatch lookup --help` lists";

/// A text in an error.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text, SHOWN))
}

/// The error for a text that has no known form, with what was probably meant.
pub(super) fn unknown(text: &str) -> String {
    let mut meant = target::meant(text);
    if let Some(name) = text.strip_prefix('@').filter(|name| is_word(name)) {
        meant = vec![format!("owner:{name}"), format!("publisher:{name}"), format!("'pkg:npm/@{name}/NAME'")];
    } else if super::any_digest::bytes(text).is_some_and(|bytes| bytes.len() == 64 || bytes.len() == 32)
        && text.ends_with('=')
    {
        let name = if text.len() > 60 { "sha512" } else { "sha256" };
        meant = vec![format!("{name}-{text}")];
    } else if is_word(text) && !text.contains('@') {
        meant.extend([format!("owner:{text}"), format!("publisher:{text}")]);
    }
    let meant: Vec<String> = meant.into_iter().map(|one| plain(&one, SHOWN)).collect();
    match &meant[..] {
        [] => format!("{} is not recognized; expected {FORMS}", quoted(text)),
        meant => format!("{} is not recognized; did you mean {}?", quoted(text), meant.join(" or ")),
    }
}

/// The packages that a text may name, for an id that no alert has.
pub(in crate::cli::lookup) fn package_meant(text: &str) -> String {
    let meant = target::meant(text);
    if meant.is_empty() { String::new() } else { format!("; did you mean {}?", meant.join(" or ")) }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
