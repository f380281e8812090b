//! What was read of an archive.

use std::collections::BTreeMap;

use super::{content::Kept, member::Member};
use crate::inspect::{anomaly::Anomalies, limits::Stopped};

/// What was read of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Its members, sorted by path; of several with one path the one that comes last in the archive is the last.
    pub members: Vec<Member>,
    /// What is odd about it.
    pub anomalies: Anomalies,
    /// Why the look ended before the archive did.
    pub stopped: Option<Stopped>,
    /// The members whose content could not be read, or whose text was not kept, with the reason; some of them.
    pub unread: Vec<(String, String)>,
    /// The number of these.
    pub unread_count: u64,
    /// The texts that were asked for, by path; a path that comes twice has two.
    pub texts: Vec<(String, Kept)>,
    /// The unpacked bytes that were read.
    pub unpacked: u64,
}

/// Most members that could not be read that are named.
const NAMED: usize = 20;

impl Contents {
    /// The members by path; of several with one path the last, which a reader that unpacks one after the other keeps.
    pub fn by_path(&self) -> BTreeMap<&str, &Member> {
        self.members.iter().map(|member| (&*member.path, member)).collect()
    }

    /// The member at a path.
    pub fn member(&self, path: &str) -> Option<&Member> {
        let end = self.members.partition_point(|member| &*member.path <= path);
        self.members[..end].last().filter(|member| &*member.path == path)
    }

    /// The kept texts at a path.
    pub fn texts_at<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Kept> {
        self.texts.iter().filter(move |(other, _)| other == path).map(|(_, kept)| kept)
    }

    pub(in crate::inspect) fn could_not_read(&mut self, path: &str, why: impl Into<String>) {
        self.unread_count += 1;
        if self.unread.len() < NAMED {
            self.unread.push((path.to_owned(), why.into()));
        }
    }
}
