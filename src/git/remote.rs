//! Asks the hosts of repositories for references: one stateless POST for each question, with limits of their own.
//!
//! The exchange is that of gitprotocol-http, "Smart Service git-upload-pack", with `Git-Protocol: version=2`. It has
//! neither credentials nor a conditional form, and no API counts it.

use std::time::Duration;

use super::{
    answer::AnswerError,
    error::GitError,
    ls_refs::{MAX_PREFIXES, ObjectFormat, Wanted},
    references::References,
    repository_url::RepositoryUrl,
};
use crate::{
    http::{Allowance, Client, Fetched, HostLimits, Request},
    text::quoted,
};

/// How much one host is asked, where the operator has set no limits for it: one question a second, after a rest twenty at
/// once. What others ask of the host does not count.
pub const LIMITS: HostLimits = HostLimits { requests: 60, per: Duration::from_mins(1), burst: 20, concurrency: 2 };

/// Most bytes of an answer. A line of a tag object has about 110, so that 200,000 of them fit.
pub const MAX_ANSWER: u64 = 24 * 1024 * 1024;
/// Redirects that one question follows. A renamed repository needs one.
const MAX_MOVES: usize = 2;
/// Attempts of one question.
const ATTEMPTS: u32 = 2;
/// What provwatch calls itself towards servers.
const AGENT: &str = concat!("provwatch/", env!("CARGO_PKG_VERSION"));

const REQUEST_TYPE: &str = "application/x-git-upload-pack-request";
const RESULT_TYPE: &str = "application/x-git-upload-pack-result";
/// Most characters of what is quoted of an answer.
const QUOTED: usize = 120;

/// Lists references of repositories over HTTPS. Cheap to make: limits are shared by all that come from the same client.
#[derive(Clone, Debug)]
pub struct GitRemote {
    http: Client,
}

/// What came of one exchange.
enum Told {
    /// A list.
    References(References),
    /// The repository is elsewhere.
    Moved(RepositoryUrl),
}

impl GitRemote {
    /// Asks through this client.
    pub fn new(http: &Client) -> Self {
        Self { http: http.limited(LIMITS) }
    }

    /// This one for one question that may take so long.
    #[must_use]
    pub(crate) fn within(&self, allowance: Allowance) -> Self {
        Self { http: self.http.within(allowance) }
    }

    /// The tags whose names begin with one of these, at most [`MAX_PREFIXES`], and the default branch. To see whether a
    /// version has a tag, ask for its possible names, and look them up in the answer.
    ///
    /// # Errors
    /// The references are not known; see [`GitError`].
    pub async fn tags_with_prefix(
        &self,
        repository: &RepositoryUrl,
        prefixes: &[String],
    ) -> Result<References, GitError> {
        if prefixes.len() > MAX_PREFIXES {
            return Err(GitError::TooManyPrefixes { count: prefixes.len() });
        }
        self.ask(repository, &Wanted::tags(prefixes.iter().map(String::as_str)).with_head()).await
    }

    /// All tags and branches, and the default branch. Large repositories answer with megabytes: ask
    /// [`ListingSchedule`](super::ListingSchedule) first.
    ///
    /// # Errors
    /// The references are not known; see [`GitError`].
    pub async fn list(&self, repository: &RepositoryUrl) -> Result<References, GitError> {
        self.ask(repository, &Wanted::everything()).await
    }

    async fn ask(&self, repository: &RepositoryUrl, wanted: &Wanted) -> Result<References, GitError> {
        if wanted.len() == 0 {
            return Ok(References::none(self.http.now()));
        }
        let mut place = repository.clone();
        for _ in 0..=MAX_MOVES {
            match self.told(&place, wanted).await? {
                Told::Moved(to) => place = to,
                Told::References(found) => {
                    let moved_to = (place != *repository).then_some(place);
                    return Ok(References { moved_to, ..found });
                }
            }
        }
        Err(GitError::Restless { repository: repository.clone(), limit: MAX_MOVES })
    }

    /// Asks one address. Servers of Git answer nothing to a request for another hash than that of the repository, so that an
    /// empty answer is worth a second question.
    async fn told(&self, place: &RepositoryUrl, wanted: &Wanted) -> Result<Told, GitError> {
        match self.exchange(place, wanted, ObjectFormat::Sha1).await {
            Err(GitError::Answer { source: AnswerError::Empty, .. }) => {
                self.exchange(place, wanted, ObjectFormat::Sha256).await
            }
            told => told,
        }
    }

    async fn exchange(&self, place: &RepositoryUrl, wanted: &Wanted, format: ObjectFormat) -> Result<Told, GitError> {
        let request = Request::post(place.service(), REQUEST_TYPE, wanted.request(AGENT, format))
            .accept(RESULT_TYPE)
            .header("git-protocol", "version=2")
            .max_body(MAX_ANSWER)
            .max_attempts(ATTEMPTS)
            .takes_redirects();
        let response = match self.http.fetch(request).await {
            Ok(Fetched::Fresh(response)) => response,
            // Never to a request without a condition.
            Ok(Fetched::NotModified) => return Err(page(place, "304")),
            Err(error) => return Err(GitError::of_exchange(place, error)),
        };
        if response.status >= 300 {
            let location = response.header("location").unwrap_or_default();
            let to = place.moved_to(location).ok_or_else(|| astray(place, location));
            return to.map(Told::Moved);
        }
        let content_type = response.header("content-type").unwrap_or_default();
        if content_type.split(';').next().map(str::trim) != Some(RESULT_TYPE) {
            return Err(page(place, content_type));
        }
        let found = References::read(&response.body, wanted, self.http.now());
        found.map(Told::References).map_err(|source| GitError::Answer { repository: place.clone(), source })
    }
}

fn astray(place: &RepositoryUrl, location: &str) -> GitError {
    GitError::Astray { repository: place.clone(), location: quoted(location, QUOTED) }
}

fn page(place: &RepositoryUrl, content_type: &str) -> GitError {
    GitError::Page { repository: place.clone(), content_type: quoted(content_type, QUOTED) }
}

#[cfg(test)]
mod tests;
