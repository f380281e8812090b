//! The files of releases, for a look inside on request: the places from which a registry serves them, and the download.

use bytes::Bytes;
use url::Url;

use super::{
    AttestationSource, RegistryError,
    document::document_error,
    exchange::{found, fresh},
    field::shown,
};
use crate::{
    http::{Client, Request},
    model::{Ecosystem, File, Manifest, RegistryId},
};

/// The files of one release, as its registry lists them now.
#[derive(Clone, Debug, PartialEq)]
pub enum Listing {
    /// The files.
    Files(Vec<Archive>),
    /// The registry lists none, for this reason.
    Missing(String),
}

/// A file of a release, as its registry lists it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// Its name and digests.
    pub file: File,
    /// Its URL; or else why provwatch does not fetch it from where the registry says.
    pub place: Result<Url, String>,
    /// The attestation document about it, if the registry names one.
    pub evidence: Option<AttestationSource>,
    /// What the registry's document says of its content.
    pub manifest: Option<Manifest>,
}

/// A host of the registry's files: the public one, which documents name, and the configured one, which is asked.
#[derive(Clone, Debug)]
pub(super) struct FileHost {
    public: Url,
    used: Url,
}

impl FileHost {
    /// The host of the table with this id.
    pub(super) fn of(id: RegistryId, at: &dyn Fn(RegistryId) -> Url) -> Self {
        let used = at(id);
        Self { public: Url::parse(&id.base_url()).unwrap_or_else(|_| used.clone()), used }
    }

    /// The URL that is asked for one on this host; `None`: it is on another one.
    fn asked(&self, url: &Url) -> Option<Url> {
        if url.origin() == self.used.origin() {
            return Some(url.clone());
        }
        if url.origin() != self.public.origin() {
            return None;
        }
        let mut asked = self.used.clone();
        asked.set_path(&format!("{}{}", self.used.path().trim_end_matches('/'), url.path()));
        asked.set_query(url.query());
        Some(asked)
    }
}

/// The URL of a file that a document, read from `page`, names as `text`. It is on the host of the page, on one of
/// `hosts`, or on one that the operator allows redirects to.
///
/// # Errors
/// It is elsewhere, or cannot be read; the reason is for people.
pub(super) fn place(text: &str, page: &Url, hosts: &[FileHost], http: &Client) -> Result<Url, String> {
    let url = page.join(text).map_err(|error| format!("its URL {:?} cannot be read: {error}", shown(text)))?;
    let url = bare(url)?;
    if url.origin() == page.origin() {
        return Ok(url);
    }
    if let Some(url) = hosts.iter().find_map(|host| host.asked(&url)) {
        return Ok(url);
    }
    if http.may_lead(page, &url) {
        return Ok(url);
    }
    Err(format!(
        "the registry's document says that it is at {}: that is not a host of the registry, and `[http] allow_redirects` \
         does not name it",
        shown(url.as_str())
    ))
}

/// The URL without a fragment, which has a digest at some indexes.
///
/// # Errors
/// It has a user name or a password.
pub(super) fn bare(mut url: Url) -> Result<Url, String> {
    url.set_fragment(None);
    if url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    Err("its URL has a user name or password".to_owned())
}

/// Downloads a file of at most `most` bytes, as it is stored. `None`: the registry does not have it.
pub(super) async fn download(
    ecosystem: Ecosystem,
    http: &Client,
    archive: &Archive,
    most: u64,
) -> Result<Option<Bytes>, RegistryError> {
    let what = format!("the file {}", shown(&archive.file.name));
    let url = archive.place.clone().map_err(|why| document_error(ecosystem, &what, why))?;
    let request = Request::get(url).max_body(most).verbatim();
    let Some(fetched) = found(ecosystem, http, request).await? else { return Ok(None) };
    fresh(ecosystem, &what, fetched).map(|response| Some(response.body))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::ManualClock,
        http::{HostPattern, Policy, ScriptedTransport},
    };

    fn client(allowed: &[&str]) -> Client {
        let redirect_hosts: Vec<HostPattern> = allowed.iter().map(|host| host.parse().unwrap()).collect();
        let policy = Policy { redirect_hosts, ..Policy::default() };
        let clock = Arc::new(ManualClock::at_text("2026-04-01T00:00:00Z"));
        Client::with_policy(Arc::new(ScriptedTransport::new()), clock, policy)
    }

    #[test]
    fn a_document_leads_to_hosts_of_its_registry_only() {
        let page: Url = "https://mirror.example/simple/a/".parse().unwrap();
        let public = RegistryId::PYPI_FILES.base_url();
        let on = |used: &str| vec![FileHost::of(RegistryId::PYPI_FILES, &|_| used.parse().unwrap())];
        let (unchanged, moved) = (on(&public), on("https://files.acme.example/pypi/"));
        let of_public = format!("{public}packages/a.whl#sha256=00");
        for (text, hosts, expected) in [
            ("../../packages/a.whl#sha256=00", &unchanged, Ok("https://mirror.example/packages/a.whl".to_owned())),
            ("https://mirror.example/a.whl?x=1", &unchanged, Ok("https://mirror.example/a.whl?x=1".to_owned())),
            (&of_public, &unchanged, Ok(format!("{public}packages/a.whl"))),
            (&of_public, &moved, Ok("https://files.acme.example/pypi/packages/a.whl".to_owned())),
            ("https://files.acme.example/a", &moved, Ok("https://files.acme.example/a".to_owned())),
            ("https://cdn.example/a.whl", &unchanged, Ok("https://cdn.example/a.whl".to_owned())),
            ("https://evil.example/a.whl", &unchanged, Err("not a host of the registry")),
            ("http://mirror.example/a.whl", &unchanged, Err("at http://mirror.example/a.whl: that is not")),
            ("https://me:secret@mirror.example/a.whl", &unchanged, Err("user name or password")),
            ("https://[", &unchanged, Err("cannot be read")),
            ("file:///etc/passwd", &unchanged, Err("not a host of the registry")),
        ] {
            match (place(text, &page, hosts, &client(&["cdn.example"])), expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url.as_str(), expected, "{text}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{text}: {why}"),
                (outcome, _) => panic!("{text}: {outcome:?}"),
            }
        }
    }
}
