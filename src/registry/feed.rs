//! The interface of change feeds: pages of announced changes.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::error::RegistryError;
use crate::{
    http::Client,
    model::{Ecosystem, Package},
};

/// A feed of changes with a cursor.
pub trait Feed: Send + Sync + std::fmt::Debug {
    /// The name under which its cursor is stored and shown: `npm-changes`, `pypi-changelog`, `crates-updates`.
    fn name(&self) -> &'static str;

    /// The ecosystem whose packages it names.
    fn ecosystem(&self) -> Ecosystem;

    /// Whether packages are published there all the time, so that a feed without events hides them.
    fn is_busy(&self) -> bool {
        false
    }

    /// The mark of the document that an event announces: a revision, a serial, a version. `None`: any document will do.
    fn awaited(&self, event: &Event) -> Option<String> {
        match &event.change {
            FeedChange::Document { revision } => revision.clone(),
            _ => None,
        }
    }

    /// Reads the page after `cursor`; without one, finds the current position of the feed and returns no events.
    fn poll<'a>(
        &'a self,
        http: &'a Client,
        cursor: Option<&'a Cursor>,
    ) -> BoxFuture<'a, Result<FeedPage, RegistryError>>;
}

/// A place in a feed; its content is the feed's own matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// One page of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// The changes, in feed order.
    pub events: Vec<Event>,
    /// The position of the feed after this page.
    pub cursor: Cursor,
    /// Whether the next page can be read at once.
    pub more: bool,
    /// The feed lost its place: changes in between must be found by comparing documents.
    pub gap: Option<Gap>,
    /// The reason why an empty page cannot be complete, one sentence for people: the feed reports a later position. For
    /// a moment this is normal.
    pub withheld: Option<String>,
}

/// A feed lost its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The event, one sentence for people: "the sequence went back from 90 to 12".
    pub why: String,
}

/// One change that a feed announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The package.
    pub package: Package,
    /// The change.
    pub change: FeedChange,
    /// The feed's own unique key for the event (sequence and revision, serial, version): replaying a page adds nothing.
    pub key: String,
    /// Its time, if the feed gives one.
    pub at: Option<DateTime<Utc>>,
}

/// The kind of change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FeedChange {
    /// The package's document changed; npm gives its revision.
    Document {
        /// The document's revision to wait for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        revision: Option<String>,
    },
    /// A version was released; if the registry has files, it may have none yet.
    Release {
        /// The version.
        version: String,
    },
    /// A version got a file.
    File {
        /// The version.
        version: String,
    },
    /// The package was removed.
    Removed,
    /// A change of publishing rights, or of a release's state: role added, yank, quarantine.
    Governance {
        /// The version it concerns, if one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        version: Option<String>,
        /// The registry's own words: "add Owner mallory".
        action: String,
    },
}
