//! What the issues of every forge have in common.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use crate::deliver::SinkError;

/// The answer of a forge.
pub(crate) type Answered<'a, T> = BoxFuture<'a, Result<T, SinkError>>;

/// The issues of one repository.
pub(crate) trait Tracker: Send + Sync + Debug {
    /// The kind, as the configuration names it: `github`.
    fn kind(&self) -> &'static str;

    /// The repository: `owner/name`.
    fn place(&self) -> &str;

    /// One issue; `None`: it does not exist here, or not any more.
    fn issue(&self, number: u64) -> Answered<'_, Option<Issue>>;

    /// A page, from 1, of the issues that provwatch's own account opened and that changed since then.
    fn issues(&self, since: DateTime<Utc>, page: u32) -> Answered<'_, Page<Issue>>;

    /// Makes an issue.
    fn create<'a>(&'a self, title: &'a str, body: &'a str) -> Answered<'a, Issue>;

    /// A page, from 1, of the comments of provwatch's own account on an issue, those since then at least.
    fn comments(&self, number: u64, since: DateTime<Utc>, page: u32) -> Answered<'_, Page<String>>;

    /// Comments on an issue.
    fn comment<'a>(&'a self, number: u64, body: &'a str) -> Answered<'a, ()>;

    /// Closes or opens an issue.
    fn set(&self, number: u64, state: State) -> Answered<'_, ()>;
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    pub is_last: bool,
}

/// Most items of a page.
pub(super) const PAGE: usize = 100;

/// Most characters of a title: GitHub takes 256, GitLab 255.
pub(super) const TITLE: usize = 250;

/// One issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    pub number: u64,
    pub body: String,
    pub is_closed: bool,
    /// When it was closed, if the forge says so.
    pub closed_at: Option<DateTime<Utc>>,
}

/// The state of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// Closed, because the work is done.
    Done,
    /// Closed, because it was not worth any work.
    NotPlanned,
}
