//! crates.io's API: what it says of each version beyond the index, and the owners.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use super::index::is_version;
use crate::{
    model::{AccountFacts, Auth, AuthMethod, Person},
    registry::field::{self, shown},
};

/// One page of versions, the newest first.
#[derive(Debug)]
pub(super) struct VersionsPage {
    /// The readable ones.
    pub(super) versions: Vec<Described>,
    /// The others, by number if that is readable, and why.
    pub(super) unreadable: Vec<(Option<String>, String)>,
    /// Where the next page begins.
    pub(super) seek: Option<String>,
}

/// What the API says of one version.
#[derive(Debug, Deserialize)]
pub(super) struct Described {
    /// The version.
    #[serde(rename = "num")]
    pub(super) version: String,
    /// When it was published.
    #[serde(deserialize_with = "time")]
    pub(super) created_at: DateTime<Utc>,
    /// The SHA-256 of the crate file, if the API says.
    #[serde(default)]
    pub(super) checksum: Option<String>,
    /// The repository in its manifest.
    #[serde(default)]
    pub(super) repository: Option<String>,
    #[serde(default)]
    published_by: Option<User>,
    #[serde(default)]
    trustpub_data: Option<TrustedPublisher>,
    #[serde(default)]
    audit_actions: Vec<AuditAction>,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    login: String,
    #[serde(default)]
    created_at: Option<String>,
}

/// GitHub: `{provider, repository, run_id, sha}`; GitLab: `{provider, project_path, job_id, sha}`.
#[derive(Debug, Deserialize)]
struct TrustedPublisher {
    provider: String,
    #[serde(default, alias = "project_path")]
    repository: Option<String>,
    #[serde(default, alias = "job_id")]
    run_id: Option<String>,
    #[serde(default)]
    sha: Option<String>,
}

#[derive(Debug, Deserialize)]
struct AuditAction {
    action: String,
    #[serde(default)]
    user: Option<User>,
}

impl VersionsPage {
    /// Reads a page.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let wire: Wire<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let seek = wire.meta.next_page.as_deref().and_then(seek);
        let mut page = Self { versions: Vec::new(), unreadable: Vec::new(), seek };
        for raw in wire.versions {
            match Described::read(raw) {
                Ok(described) => page.versions.push(described),
                Err(why) => page.unreadable.push((number(raw), why)),
            }
        }
        Ok(page)
    }
}

impl Described {
    fn read(raw: &RawValue) -> Result<Self, String> {
        let described: Self = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
        if is_version(&described.version) { Ok(described) } else { Err("its number is no semantic version".to_owned()) }
    }

    /// How it was published. A trusted publisher has no account; an account publishes with a token; of the oldest
    /// versions neither is known.
    pub(super) fn auth(&self) -> Auth {
        match &self.trustpub_data {
            Some(publisher) => Auth {
                method: AuthMethod::TrustedPublisher,
                provider: Some(publisher.provider.clone()),
                repository: publisher.repository.clone(),
                run_id: publisher.run_id.clone(),
                ..Auth::default()
            },
            None if self.account().is_some() => Auth { method: AuthMethod::Token, ..Auth::default() },
            None => Auth::default(),
        }
    }

    /// The account that published.
    pub(super) fn publisher(&self) -> Option<Person> {
        self.account().map(|user| Person { name: user.login.clone(), email: None })
    }

    /// What the registry says of that account.
    pub(super) fn account_facts(&self) -> Option<AccountFacts> {
        let created_at = self.account()?.created_at.as_deref().and_then(field::time)?;
        Some(AccountFacts { created_at: Some(created_at), maintainer_since: None })
    }

    /// The commit that the trusted publisher named.
    pub(super) fn commit(&self) -> Option<String> {
        self.trustpub_data.as_ref().and_then(|publisher| publisher.sha.clone())
    }

    fn account(&self) -> Option<&User> {
        let audited = || self.audit_actions.iter().find(|audited| audited.action == "publish")?.user.as_ref();
        self.published_by.as_ref().or_else(audited)
    }
}

/// Whether only trusted publishers may publish a crate, if its object says.
pub(super) fn read_trusted_only(body: &[u8]) -> Result<Option<bool>, String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "crate")]
        object: Object,
    }
    #[derive(Deserialize)]
    struct Object {
        trustpub_only: Option<bool>,
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(answer.object.trustpub_only)
}

/// The owners of a crate, users and teams, sorted.
///
/// # Errors
/// Why the document is none of owners.
pub(super) fn read_owners(body: &[u8]) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Owners {
        users: Vec<User>,
    }
    let owners: Owners = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(owners.users.into_iter().map(|user| user.login).collect::<BTreeSet<_>>().into_iter().collect())
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    versions: Vec<&'a RawValue>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    /// A query, `?per_page=100&sort=date&seek=…`.
    #[serde(default)]
    next_page: Option<String>,
}

/// Of the query for the next page only the position is taken; the rest of the request stays ours.
fn seek(next_page: &str) -> Option<String> {
    let query = next_page.trim_start_matches('?');
    let seek = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "seek")?.1;
    (!seek.is_empty() && seek.len() <= 1000).then(|| seek.into_owned())
}

fn number(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Numbered {
        num: String,
    }
    serde_json::from_str::<Numbered>(raw.get()).ok().map(|numbered| numbered.num).filter(|num| is_version(num))
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    field::time(&text).ok_or_else(|| D::Error::custom(format_args!("{:?} is no time", shown(&text))))
}
