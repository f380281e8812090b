//! The sections of a digest before formatting.

use serde::Serialize;

use crate::{
    deliver::shown::{EVIDENCE, LINE, NAME},
    model::{Digest, DigestItem, DigestSection},
    text::plain,
};

/// One section of a digest.
#[derive(Debug, Serialize)]
pub(in crate::deliver) struct DigestView {
    /// `NEW: 3`.
    pub title: String,
    /// One line for each item, or that there is none.
    pub lines: Vec<String>,
}

impl DigestView {
    /// The sections, and the head of the history, which nobody can change afterwards once it is in a mailbox.
    pub(super) fn all(digest: &Digest) -> Vec<Self> {
        let history = digest.history.iter().map(|head| {
            let line = format!("the head is {head}; `provwatch store check --head {head}` compares with it");
            Self { title: "history".to_owned(), lines: vec![plain(&line, LINE)] }
        });
        digest.sections.iter().map(Self::of).chain(history).collect()
    }

    fn of(section: &DigestSection) -> Self {
        let line = |item: &DigestItem| {
            let severity = item.severity.map(|severity| format!("{severity} ")).unwrap_or_default();
            let alert = item.alert.map(|id| format!(" (alert {id})")).unwrap_or_default();
            plain(&format!("{severity}{}{alert}", plain(&item.text, EVIDENCE)), LINE)
        };
        let mut lines: Vec<String> = section.items.iter().take(Digest::LISTED).map(line).collect();
        let more = section.count.saturating_sub(lines.len() as u64);
        lines.extend((more > 0).then(|| format!("and {more} more")));
        if lines.is_empty() {
            lines.push("nothing".to_owned());
        }
        Self { title: format!("{}: {}", plain(section.title(), NAME), section.count), lines }
    }
}
