//! Terms with their kind before them: `owner:acme`.

use super::{
    account, any_digest,
    meant::quoted,
    place, url,
    what::{Term, WorkflowName},
};
use crate::{
    cli::target,
    model::{Ecosystem, run_and_attempt},
    strict_toml::did_you_mean,
};

/// Reads what stands behind a kind.
type Read = fn(&str) -> Result<Term, String>;

/// Every kind that may stand before a text.
pub(super) const KINDS: &[(&str, Read)] = &[
    ("alert", |text| target::alert(text).map(Term::Alert)),
    ("branch", |text| Ok(Term::Ref(format!("refs/heads/{text}")))),
    ("commit", url::commit),
    ("digest", |text| any_digest::any(text).map(Term::File)),
    ("domain", account::domain),
    ("email", account::email),
    ("identity", |text| Ok(identity(text))),
    ("issuer", issuer),
    ("key", key),
    ("leaf", leaf),
    ("log", place::named),
    ("maintainer", |text| account::account(text).map(Term::Maintainer)),
    ("owner", |text| url::owner(text).map(Term::Owner)),
    ("publisher", |text| account::account(text).map(Term::Publisher)),
    ("purl", |text| target::target(text).map(Term::Purl)),
    ("ref", whole_ref),
    ("repository", |text| url::repository(text).map(Term::Repository)),
    ("run", run),
    ("signed", |text| any_digest::sha256(text).map(Term::Signed)),
    ("tag", |text| Ok(Term::Ref(format!("refs/tags/{text}")))),
    ("workflow", workflow),
];

/// The term, if a kind stands before it.
pub(super) fn term(text: &str) -> Option<Result<Term, String>> {
    let (kind, rest) = text.split_once(':')?;
    let known = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind));
    if let Some((name, read)) = known {
        let rest = rest.trim();
        return Some(if rest.is_empty() { Err(format!("nothing stands behind {name}:")) } else { read(rest) });
    }
    // A misspelt kind. What else has a colon has a dot before it, or is one of these.
    let others = ["pkg", "github", "gitlab", "http", "https", "git", "ssh", "spiffe", "git+https", "git+ssh"];
    let is_word = kind.len() > 1 && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_other = others.contains(&kind) || kind.parse::<Ecosystem>().is_ok() || rest.starts_with("//");
    (is_word && !is_other && any_digest::named(text).is_none()).then(|| {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let guess = did_you_mean(kind, names.iter().copied());
        Err(format!("{} is not a kind{guess}; known kinds: {}", quoted(kind), names.join(", ")))
    })
}

/// The name of a certificate, or a pattern of such names.
pub(super) fn identity(text: &str) -> Term {
    if text.contains('*') { Term::Pattern(text.to_owned()) } else { Term::Identity(text.to_owned()) }
}

fn issuer(text: &str) -> Result<Term, String> {
    if text.contains(char::is_whitespace) {
        return Err(format!("{} is not an issuer; expected a URL", quoted(text)));
    }
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    Ok(Term::Issuer(url))
}

fn key(text: &str) -> Result<Term, String> {
    if text.starts_with("SHA256:") {
        return Err("a registry signs all releases with its key, so releases are not found by it; expected the \
             SHA-256 of a certificate's public key"
            .to_owned());
    }
    any_digest::sha256(text).map(Term::Key)
}

fn leaf(text: &str) -> Result<Term, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let leaf = any_digest::bytes(digits).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    leaf.map(Term::Leaf).ok_or_else(|| "not a leaf hash; expected 64 hexadecimal digits, or base64".to_owned())
}

/// A short name may be a branch or a tag, which different people may push.
fn whole_ref(text: &str) -> Result<Term, String> {
    if text.starts_with("refs/") {
        return Ok(Term::Ref(text.to_owned()));
    }
    Err(format!("which ref? did you mean ref:refs/heads/{text} or ref:refs/tags/{text}?"))
}

/// A run by its URL, or `owner/name/NUMBER` at github.com.
fn run(text: &str) -> Result<Term, String> {
    if text.contains("://") {
        return url::run(text);
    }
    let (path, attempt) = run_and_attempt(text);
    let attempt = attempt.map(|attempt| format!("/attempts/{attempt}")).unwrap_or_default();
    match path.split('/').collect::<Vec<_>>()[..] {
        [owner, name, number] => url::run(&format!("https://github.com/{owner}/{name}/actions/runs/{number}{attempt}")),
        _ => Err("which run? expected its URL, or owner/name/NUMBER at github.com".to_owned()),
    }
}

/// A workflow file by its URL, `owner/name/.github/workflows/release.yml`, or a path in any repository.
pub(super) fn workflow(text: &str) -> Result<Term, String> {
    let text = text.trim_start_matches("./");
    if text.contains(char::is_whitespace) {
        return Err(format!("{} is not a workflow file; expected release.yml, or a URL", quoted(text)));
    }
    let (text, _) = text.split_once("@refs/").unwrap_or((text, ""));
    let url = if text.contains("://") { Some(text.to_owned()) } else { of_repository(text) };
    Ok(Term::Workflow(match url {
        Some(url) => WorkflowName::Url(url::workflow_url(&url).unwrap_or(url)),
        None => WorkflowName::Path(text.trim_start_matches('/').to_owned()),
    }))
}

/// The URL of a file that is named with its repository.
fn of_repository(text: &str) -> Option<String> {
    let (repository, _) = text.split_once("/.github/workflows/")?;
    match repository.matches('/').count() {
        1 => Some(format!("https://github.com/{text}")),
        2.. => Some(format!("https://{text}")),
        _ => None,
    }
}
