//! Reads the crates.io API: details of each version, and the owners.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::index::is_version;
use crate::{
    model::{AccountFacts, Auth, AuthMethod, Person, Unread},
    registry::{
        document::{MAX_PART, MAX_TEXT},
        field::{self, shown},
    },
    strict_json::Fields,
};

/// One page of versions, the newest first.
#[derive(Debug)]
pub(super) struct VersionsPage {
    /// The readable ones.
    pub(super) versions: Vec<Described>,
    /// The reason for each of the others, whose version is unrecognisable.
    pub(super) unreadable: Vec<String>,
    /// The position of the next page.
    pub(super) seek: Option<String>,
}

/// The API's facts about one version. Each field is read on its own.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// The version.
    pub(super) version: String,
    /// Its publish time.
    pub(super) created_at: Option<DateTime<Utc>>,
    /// The SHA-256 of the crate file, if the API has it.
    pub(super) checksum: Option<String>,
    /// The repository in its manifest.
    pub(super) repository: Option<String>,
    /// The unreadable parts of its object.
    pub(super) unread: Unread,
    account: Option<User>,
    trusted: Option<TrustedPublisher>,
}

#[derive(Clone, Debug)]
struct User {
    login: String,
    created_at: Option<DateTime<Utc>>,
}

/// GitHub: `{provider, repository, run_id, sha}`; GitLab: `{provider, project_path, job_id, sha}`.
#[derive(Debug)]
struct TrustedPublisher {
    provider: String,
    repository: Option<String>,
    run_id: Option<String>,
    sha: Option<String>,
}

impl VersionsPage {
    /// Reads a page.
    ///
    /// # Errors
    /// The reason why it is not a page.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let listed: Vec<&RawValue> = fields.get("versions", usize::MAX)?.ok_or("versions is missing")?;
        let meta = fields.object("meta").ok().flatten().unwrap_or_default();
        let next: Option<String> = meta.get("next_page", MAX_TEXT).ok().flatten();
        let mut page = Self { versions: Vec::new(), unreadable: Vec::new(), seek: next.as_deref().and_then(seek) };
        for raw in listed {
            match Described::read(raw) {
                Ok(described) => page.versions.push(described),
                Err(why) => page.unreadable.push(why),
            }
        }
        Ok(page)
    }
}

impl Described {
    fn read(raw: &RawValue) -> Result<Self, String> {
        let fields = Fields::read(raw)?;
        let version: String = fields.get("num", MAX_TEXT)?.ok_or("num is missing")?;
        if !is_version(&version) {
            return Err("its number is not a semantic version".to_owned());
        }
        let mut unread = Unread::default();
        let account = account(&fields, &mut unread);
        let trusted = unread.noted(Unread::AUTH, trusted(&fields)).flatten();
        if trusted.as_ref().is_some_and(|publisher| publisher.repository.is_none()) {
            unread.because(Unread::REGISTRATION, "its trustpub_data names no repository");
        }
        Ok(Self {
            version,
            created_at: unread.noted(Unread::TIME, created_at(&fields)).flatten(),
            checksum: unread.noted(Unread::FILES, fields.get("checksum", MAX_TEXT)).flatten(),
            repository: unread.noted(Unread::REPOSITORY, fields.get("repository", MAX_TEXT)).flatten(),
            account,
            trusted,
            unread,
        })
    }

    /// The publishing method. A trusted publisher has no account; an account publishes with a token; of the oldest
    /// versions neither is known.
    pub(super) fn auth(&self) -> Auth {
        match &self.trusted {
            Some(publisher) => Auth {
                method: AuthMethod::TrustedPublisher,
                provider: Some(publisher.provider.clone()),
                repository: publisher.repository.clone(),
                run_id: publisher.run_id.clone(),
                ..Auth::default()
            },
            None if self.account.is_some() => Auth { method: AuthMethod::Token, ..Auth::default() },
            None => Auth::default(),
        }
    }

    /// The account that published.
    pub(super) fn publisher(&self) -> Option<Person> {
        self.account.as_ref().map(|user| Person { name: user.login.clone(), email: None })
    }

    /// The registry's facts about that account.
    pub(super) fn account_facts(&self) -> Option<AccountFacts> {
        let created_at = self.account.as_ref()?.created_at?;
        Some(AccountFacts { created_at: Some(created_at), maintainer_since: None })
    }

    /// The commit that the trusted publisher named.
    pub(super) fn commit(&self) -> Option<String> {
        self.trusted.as_ref().and_then(|publisher| publisher.sha.clone())
    }
}

/// The account that published, from the version's own field, or from the audit trail.
fn account(fields: &Fields<'_>, unread: &mut Unread) -> Option<User> {
    let user = unread.noted(Unread::PUBLISHER, fields.object("published_by")).flatten();
    match user {
        Some(user) => {
            unread.noted(Unread::PUBLISHER, User::read(&user).map_err(|why| format!("its published_by: {why}")))
        }
        None => audited(fields),
    }
}

fn audited(fields: &Fields<'_>) -> Option<User> {
    let actions: Vec<&RawValue> = fields.get("audit_actions", MAX_PART).ok()??;
    actions.into_iter().filter_map(|raw| Fields::read(raw).ok()).find_map(|action| {
        let is_publishing = action.get::<String>("action", MAX_TEXT).ok()?? == "publish";
        User::read(&action.object("user").ok()??).ok().filter(|_| is_publishing)
    })
}

impl User {
    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        let login = fields.get("login", MAX_TEXT)?.ok_or("login is missing")?;
        let created_at =
            fields.get::<String>("created_at", MAX_TEXT).ok().flatten().and_then(|text| field::time(&text));
        Ok(Self { login, created_at })
    }
}

fn trusted(fields: &Fields<'_>) -> Result<Option<TrustedPublisher>, String> {
    let of = |why| format!("its trustpub_data: {why}");
    let Some(data) = fields.object("trustpub_data")? else { return Ok(None) };
    let text = |name| data.get::<String>(name, MAX_TEXT).map_err(of);
    let either = |one, other| Ok::<_, String>(text(one)?.or(text(other)?));
    let provider = text("provider")?.ok_or("its trustpub_data: provider is missing")?;
    let (repository, run_id) = (either("repository", "project_path")?, either("run_id", "job_id")?);
    Ok(Some(TrustedPublisher { provider, repository, run_id, sha: text("sha")? }))
}

fn created_at(fields: &Fields<'_>) -> Result<Option<DateTime<Utc>>, String> {
    let Some(text) = fields.get::<String>("created_at", MAX_TEXT)? else { return Ok(None) };
    field::time(&text).map(Some).ok_or_else(|| format!("its created_at: {:?} is not a time", shown(&text)))
}

/// Whether only trusted publishers may publish a crate, if its object has this field.
///
/// # Errors
/// The reason why it cannot be read.
pub(super) fn read_trusted_only(body: &[u8]) -> Result<Option<bool>, String> {
    let answer: Fields<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    answer.object("crate")?.ok_or("crate is missing")?.get("trustpub_only", MAX_TEXT)
}

/// The spelling of a crate's name, if the answer about it has it.
pub(super) fn read_name(body: &[u8]) -> Option<String> {
    let answer: Fields<'_> = serde_json::from_slice(body).ok()?;
    answer.object("crate").ok()??.get("name", MAX_TEXT).ok()?
}

/// The owners of a crate, users and teams, sorted.
///
/// # Errors
/// The reason why it is not a document of owners.
pub(super) fn read_owners(body: &[u8]) -> Result<Vec<String>, String> {
    let answer: Fields<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let users: Vec<&RawValue> = answer.get("users", MAX_PART)?.ok_or("users are missing")?;
    let login = |raw| User::read(&Fields::read(raw)?).map(|user| user.login);
    let logins: BTreeSet<String> = users.into_iter().map(login).collect::<Result<_, _>>()?;
    Ok(logins.into_iter().collect())
}

/// Only the position is taken from the query for the next page; the rest of the request stays provwatch's own.
fn seek(next_page: &str) -> Option<String> {
    let query = next_page.trim_start_matches('?');
    let seek = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "seek")?.1;
    (!seek.is_empty() && seek.len() <= 1000).then(|| seek.into_owned())
}
