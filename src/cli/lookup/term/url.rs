//! URLs of repositories, owners, runs, commits, workflow files and issuers.

use super::{
    meant::quoted,
    what::{Name, Term, WorkflowName},
};
use crate::model::{Ecosystem, SubjectNames, named_repository, run_url};

/// The issuers that vouch for persons.
const OF_PERSONS: [&str; 3] =
    ["https://github.com/login/oauth", "https://accounts.google.com", "https://login.microsoftonline.com"];

/// What a URL names.
///
/// # Errors
/// It names nothing that releases are found by.
pub(super) fn term(text: &str) -> Result<Term, String> {
    if SubjectNames::read(text).is_some() || text.contains("@refs/") || text.contains("/pipeline-definitions/") {
        return Ok(Term::Identity(text.to_owned()));
    }
    let url = text.split(['?', '#']).next().unwrap_or(text).trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else { return repository(url).map(Term::Repository) };
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "http" => of_web(url, rest),
        "ssh" | "git" | "git+https" | "git+http" | "git+ssh" => repository(url).map(Term::Repository),
        // Such as spiffe://.
        _ => Ok(Term::Identity(text.to_owned())),
    }
}

fn of_web(url: &str, rest: &str) -> Result<Term, String> {
    if url.contains("/actions/runs/") || url.contains("/-/jobs/") {
        return run(url);
    }
    if url.contains("/-/pipelines/") {
        return Err("GitLab's certificates name the job and not the pipeline; expected …/-/jobs/NUMBER".to_owned());
    }
    if is_issuer(url) {
        return Ok(Term::Issuer(url.to_owned()));
    }
    if let Some(file) = workflow_url(url) {
        return Ok(Term::Workflow(WorkflowName::Url(file)));
    }
    if let Some((_, commit)) = url.rsplit_once("/commit/").or_else(|| url.rsplit_once("/commits/")) {
        return self::commit(commit);
    }
    let path: Vec<&str> = rest.split('/').collect();
    match &path[..] {
        [_] => Ok(Term::Issuer(url.to_owned())),
        [_, _] => owner(url).map(Term::Owner),
        [_, _, _] | [_, _, _, "tree" | "blob" | "-", ..] => repository(url).map(Term::Repository),
        [host, owner, name, "releases", "tag", tag @ ..] => {
            let tag = tag.join("/");
            Err(format!("a release on a forge; did you mean repository:{host}/{owner}/{name} tag:{tag}?"))
        }
        ["github.com", owner, name, ..] => {
            Err(format!("{} is a page of a repository; did you mean repository:{owner}/{name}?", quoted(url)))
        }
        // GitLab has groups within groups.
        _ => repository(url).map(Term::Repository),
    }
}

fn is_issuer(url: &str) -> bool {
    let known = Ecosystem::all().flat_map(|ecosystem| ecosystem.row().evidence.issuers.iter().copied());
    let mut known = known.chain(OF_PERSONS).filter(|issuer| issuer.matches('/').count() > 2);
    known.any(|issuer| url == issuer.trim_end_matches('/') || (issuer.ends_with('/') && url.starts_with(issuer)))
}

/// The URL of a workflow file, also of its page on the forge, without the ref.
pub(super) fn workflow_url(url: &str) -> Option<String> {
    let is_file = |path: &str| path.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "yml" | "yaml"));
    if let Some((repository, file)) = url.split_once("/actions/workflows/") {
        return is_file(file).then(|| format!("{repository}/.github/workflows/{file}"));
    }
    if !is_file(url) {
        return None;
    }
    let Some((repository, rest)) = url.split_once("/blob/") else { return Some(url.to_owned()) };
    // `/blob/main/.github/workflows/release.yml`, and GitLab's `/-/blob/main/.gitlab-ci.yml`.
    let (repository, slash) = repository.strip_suffix("/-").map_or((repository, "/"), |it| (it, "//"));
    let at = rest.find("/.")?;
    Some(format!("{repository}{slash}{}", &rest[at + 1..]))
}

/// A run, by its URL.
pub(super) fn run(text: &str) -> Result<Term, String> {
    let text = text.split(['?', '#']).next().unwrap_or(text);
    // The page of a job of the run.
    let url = text.split("/job/").next().unwrap_or(text);
    run_url(url).map(Term::Run).map_err(|error| error.to_string())
}

/// A repository, by a URL of any kind, `owner/name` at github.com, or its number.
pub(super) fn repository(text: &str) -> Result<Name, String> {
    if is_number(text) {
        return Ok(Name::Id(text.to_owned()));
    }
    let is_plain = !text.contains(':') && text.matches('/').count() > 1;
    let named = named_repository(&if is_plain { format!("https://{text}") } else { text.to_owned() });
    let is_part = |part: &str| !part.is_empty() && !part.starts_with("..") && !part.contains(char::is_whitespace);
    let named = named.filter(|named| named.split('/').all(is_part) && named.split('/').next().is_some_and(is_host));
    named
        .map(|named| Name::Url(format!("https://{named}")))
        .ok_or_else(|| format!("{} is not a repository; expected owner/name, a URL, or its number", quoted(text)))
}

/// An owner, by a URL, a name at github.com, or their number.
pub(super) fn owner(text: &str) -> Result<Name, String> {
    if is_number(text) {
        return Ok(Name::Id(text.to_owned()));
    }
    let plain = text.split_once("://").map_or(text, |(_, rest)| rest);
    let plain = plain.strip_prefix('@').unwrap_or(plain).trim_matches('/');
    let is_name = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace) && !part.contains(['@', ':']);
    let parts: Vec<&str> = plain.split('/').collect();
    let url = match &parts[..] {
        [name] if is_name(name) && !name.contains('.') => format!("https://github.com/{name}"),
        [host, rest @ ..] if !rest.is_empty() && host.contains('.') && parts.iter().all(|part| is_name(part)) => {
            format!("https://{plain}")
        }
        _ => return Err(format!("{} is not an owner; expected acme, a URL, or their number", quoted(text))),
    };
    Ok(Name::Url(url))
}

/// A commit, whole.
pub(super) fn commit(text: &str) -> Result<Term, String> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.len() {
        40 | 64 if is_hex => Ok(Term::Commit(text.to_ascii_lowercase())),
        4..40 if is_hex => Err("the first digits of a commit are not enough; give all 40".to_owned()),
        _ => Err(format!("{} is not a commit; expected 40 or 64 hexadecimal digits", quoted(text))),
    }
}

fn is_host(text: &str) -> bool {
    text.contains('.') && text.starts_with(char::is_alphanumeric)
}

fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
