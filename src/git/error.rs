//! Why the references of a repository are not known.

use std::time::Duration;

use super::{answer::AnswerError, ls_refs::MAX_PREFIXES, repository_url::RepositoryUrl};
use crate::http::HttpError;

/// Why the references of a repository are not known. None of these says that a tag does not exist.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// 401, which forges answer for private repositories and for missing ones alike.
    #[error("{repository} is private or does not exist: the server answers only with credentials (401)")]
    Hidden {
        /// The repository.
        repository: RepositoryUrl,
    },
    /// 404 or 410.
    #[error("{repository} does not exist: the server answered {status}")]
    Missing {
        /// The repository.
        repository: RepositoryUrl,
        /// The status.
        status: u16,
    },
    /// 403 or 451: a blocked repository, or a client that asks too much.
    #[error("the server refuses to list the references of {repository} ({status})")]
    Refused {
        /// The repository.
        repository: RepositoryUrl,
        /// The status.
        status: u16,
        /// When the server wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// A redirect to another host, or to a page such as a login.
    #[error("{repository} redirects to `{location}`, which is not another repository of the same host")]
    Astray {
        /// The repository.
        repository: RepositoryUrl,
        /// Where the redirect leads, quoted.
        location: String,
    },
    /// One redirect after the other.
    #[error("{repository} redirects more than {limit} times")]
    Restless {
        /// The repository.
        repository: RepositoryUrl,
        /// The most that are followed.
        limit: usize,
    },
    /// A page, such as one for people, in place of Git's answer.
    #[error("{repository} answers with `{content_type}` in place of Git's protocol")]
    Page {
        /// The repository.
        repository: RepositoryUrl,
        /// The type of the answer, quoted.
        content_type: String,
    },
    /// The answer is not a list of references.
    #[error("reading the references of {repository}")]
    Answer {
        /// The repository.
        repository: RepositoryUrl,
        /// What is wrong with it.
        #[source]
        source: AnswerError,
    },
    /// No answer.
    #[error("asking {repository} for its references")]
    Http {
        /// The repository.
        repository: RepositoryUrl,
        /// Why not.
        #[source]
        source: Box<HttpError>,
    },
    /// More prefixes than one request has.
    #[error("{count} prefixes of tags are more than the {MAX_PREFIXES} of one request")]
    TooManyPrefixes {
        /// How many.
        count: usize,
    },
}

impl GitError {
    /// Whether the public cannot read the repository: it is private, was deleted, or never existed.
    pub fn is_hidden(&self) -> bool {
        matches!(self, Self::Hidden { .. } | Self::Missing { .. })
    }

    /// Whether the same question may be answered later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Http { source, .. } => source.is_transient(),
            Self::Refused { retry_after, .. } => retry_after.is_some(),
            _ => false,
        }
    }

    /// How long the server wants to be left alone, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Http { source, .. } => source.retry_after(),
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What an exchange that failed says of the repository.
    pub(super) fn of_exchange(repository: &RepositoryUrl, source: HttpError) -> Self {
        let (repository, retry_after) = (repository.clone(), source.retry_after());
        match source {
            HttpError::Status { status: 401, .. } => Self::Hidden { repository },
            HttpError::Status { status: status @ (404 | 410), .. } => Self::Missing { repository, status },
            HttpError::Status { status: status @ (403 | 451), .. } => Self::Refused { repository, status, retry_after },
            source => Self::Http { repository, source: Box::new(source) },
        }
    }
}
