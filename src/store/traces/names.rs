//! The names that repositories and owners had: what certificates state of an id that survives renames.

use rusqlite::named_params;

use crate::{
    model::{Observation, WorkflowIdentity, repository_name},
    store::{Store, StoreError, columns::limit, error::QueryFailure, reading::Reading},
};

/// What certificates name by a URL and by an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedThing {
    /// A repository.
    Repository,
    /// An owner of repositories.
    Owner,
}

/// A name of a repository or an owner, with its id at an OIDC issuer, as a certificate states them together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KnownName {
    /// The URL, lower-case.
    pub url: String,
    /// The OIDC issuer, a URL.
    pub issuer: String,
    /// The id.
    pub id: String,
}

/// The kinds of values in the table: those that begin with the URL, and those that begin with the id.
impl NamedThing {
    const fn by_url(self) -> &'static str {
        match self {
            Self::Repository => "repository_by_url",
            Self::Owner => "owner_by_url",
        }
    }

    const fn by_id(self) -> &'static str {
        match self {
            Self::Repository => "repository_by_id",
            Self::Owner => "owner_by_id",
        }
    }
}

impl Store {
    /// The ids that certificates state for a URL.
    ///
    /// # Errors
    /// As every read.
    pub fn ids_of(&self, what: NamedThing, url: &str, at_most: usize) -> Result<Vec<KnownName>, StoreError> {
        self.read("looking up the ids of a name", |db| {
            let parts = beginning_with(db, what.by_url(), &repository_name(url), at_most)?;
            Ok(parts.into_iter().map(|[url, issuer, id]| KnownName { url, issuer, id }).collect())
        })
    }

    /// The names that certificates state for an id, at any issuer.
    ///
    /// # Errors
    /// As every read.
    pub fn names_of(&self, what: NamedThing, id: &str, at_most: usize) -> Result<Vec<KnownName>, StoreError> {
        self.read("looking up the names of an id", |db| {
            let parts = beginning_with(db, what.by_id(), id, at_most)?;
            Ok(parts.into_iter().map(|[id, issuer, url]| KnownName { url, issuer, id }).collect())
        })
    }
}

/// The values of a kind that begin with a part, in their three parts.
fn beginning_with(db: &Reading<'_>, kind: &str, first: &str, at_most: usize) -> Result<Vec<[String; 3]>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT value FROM trace_values WHERE kind = :kind AND value >= :from AND value < :past
         ORDER BY value LIMIT :at_most",
    )?;
    // `!` is the character after the blank.
    let (from, past) = (format!("{first} "), format!("{first}!"));
    let values = named_params! { ":kind": kind, ":from": from, ":past": past, ":at_most": limit(at_most) };
    let rows = query.query_map(values, |row| row.get::<_, String>(0))?;
    let mut found = Vec::new();
    for value in rows {
        let value = value?;
        let parts: Vec<String> = value.split(' ').map(str::to_owned).collect();
        found.extend(<[String; 3]>::try_from(parts).ok());
    }
    Ok(found)
}

/// What the certificates of a release add to the table: kinds and values.
pub(super) fn names(observation: &Observation) -> Vec<(&'static str, String)> {
    observation.identities().into_iter().flat_map(of_identity).collect()
}

fn of_identity(identity: &WorkflowIdentity) -> Vec<(&'static str, String)> {
    let claims = &identity.claims;
    let named = [
        (NamedThing::Repository, &claims.source_repository_uri, &claims.source_repository_identifier),
        (NamedThing::Owner, &claims.source_repository_owner_uri, &claims.source_repository_owner_identifier),
    ];
    let mut values = Vec::new();
    for (what, url, id) in named {
        let (Some(url), Some(id)) = (url, id) else { continue };
        let (url, issuer) = (repository_name(url), &identity.issuer);
        // A blank would be read as the end of a part.
        if ![&*url, issuer, id].iter().any(|part| part.is_empty() || part.contains(char::is_whitespace)) {
            values.push((what.by_url(), format!("{url} {issuer} {id}")));
            values.push((what.by_id(), format!("{id} {issuer} {url}")));
        }
    }
    values
}
