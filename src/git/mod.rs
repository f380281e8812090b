//! Git's wire protocol, version 2, over HTTPS: lists the references of a repository, and does nothing else of Git.
//!
//! Of the protocol there is one command, `ls-refs`, in one stateless POST: which tags and branches a repository has, and
//! which commits they name. No API answers that without a token and a narrow limit. The specifications are Git's own
//! manual pages [gitprotocol-v2](https://git-scm.com/docs/gitprotocol-v2),
//! [gitprotocol-http](https://git-scm.com/docs/gitprotocol-http) and
//! [gitprotocol-common](https://git-scm.com/docs/gitprotocol-common).
//!
//! [`GitRemote`] asks, [`ListingSchedule`] says when a full listing is due, and the caller keeps [`References`] if it wants
//! to. A name can be registered anew: the references say nothing about a package unless the caller knows that the name
//! still belongs to the repository it means. A [`GitError`] never means that a tag does not exist.

mod answer;
mod error;
mod ls_refs;
mod object_id;
mod pkt_line;
mod reference_list;
mod references;
mod remote;
mod repository_url;
mod schedule;

pub use answer::AnswerError;
pub use error::GitError;
pub use ls_refs::{MAX_PREFIXES, Wanted};
pub use object_id::ObjectId;
pub use pkt_line::PacketError;
pub use reference_list::{MAX_REFERENCES, ReferenceList};
pub use references::{Head, References};
pub use remote::{GitRemote, LIMITS, MAX_ANSWER};
pub use repository_url::{NotARepository, RepositoryUrl};
pub(crate) use schedule::is_recent;
pub use schedule::{ListingSchedule, NotDue};
