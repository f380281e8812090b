//! Issues of a forge: one for each alert, with a comment on what becomes of it, closed when the alert is resolved.

mod comment;
mod document;
mod flow;
#[cfg(test)]
mod forge;
mod github;
mod gitlab;
mod markdown;
mod marker;
mod pack;
mod requests;
mod tracker;

pub(crate) use flow::IssueSink;
#[cfg(test)]
pub(crate) use forge::{Dialect, Forge, TOKEN as FORGE_TOKEN};
pub(crate) use github::{GitHub, GitHubSettings};
pub(crate) use gitlab::{GitLab, GitLabSettings};
