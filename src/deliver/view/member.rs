//! One release of a campaign before formatting.

use serde::Serialize;

use super::{
    colour::colour,
    links::{LinkView, links},
};
use crate::{
    deliver::shown::{EVIDENCE, LINE, NAME},
    model::{AlertId, Member, ReleaseId, Severity},
    text::{moment, plain, shell_word},
};

/// Most names of new dependencies or scripts of one member.
const MAX_ADDED: usize = 8;

/// One release of a campaign.
#[derive(Debug, Serialize)]
pub(in crate::deliver) struct MemberView {
    pub purl: String,
    /// The id of its own alert.
    pub alert: Option<AlertId>,
    /// Its severity, in capitals.
    pub severity: Option<String>,
    pub colour: &'static str,
    pub reason: String,
    pub expected: String,
    pub seen: String,
    pub account: Option<String>,
    pub published: Option<String>,
    pub scripts: String,
    pub dependencies: String,
    pub links: Vec<LinkView>,
    /// Whether it is new while an earlier message named others.
    pub is_new: bool,
    /// Whether it is shown with more than a line.
    pub in_full: bool,
}

impl MemberView {
    pub(super) fn named(release: &ReleaseId) -> Self {
        Self {
            purl: plain(&release.to_string(), LINE),
            alert: None,
            severity: None,
            colour: colour(Severity::Info),
            reason: String::new(),
            expected: String::new(),
            seen: String::new(),
            account: None,
            published: None,
            scripts: String::new(),
            dependencies: String::new(),
            links: Vec::new(),
            is_new: false,
            in_full: false,
        }
    }

    pub(super) fn of(member: &Member, is_first: bool, has_room: bool) -> Self {
        Self {
            alert: Some(member.alert),
            severity: Some(member.severity.as_str().to_uppercase()),
            colour: colour(member.severity),
            reason: plain(&member.reason, LINE),
            expected: plain(&member.expected, EVIDENCE),
            seen: plain(&member.seen, EVIDENCE),
            account: member.publisher.as_ref().map(|name| plain(name, NAME)),
            published: member.published_at.map(moment),
            scripts: names(&member.new_scripts, member),
            dependencies: names(&member.new_dependencies, member),
            links: links(&member.links),
            is_new: member.new && !is_first,
            in_full: member.new || has_room,
            ..Self::named(&member.purl)
        }
    }

    /// All of it on one line.
    pub fn line(&self) -> String {
        let mark = if self.is_new { "NEW " } else { "" };
        let severity = self.severity.as_ref().map(|severity| format!("{severity} ")).unwrap_or_default();
        let alert = self.alert.as_ref().map(|id| format!(" (alert {id})")).unwrap_or_default();
        let reason = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        format!("{mark}{severity}{}{alert}{reason}", self.purl)
    }
}

/// Names that a publisher chose, as many as fit.
fn names(names: &[String], member: &Member) -> String {
    let mut shown: Vec<String> = names.iter().take(MAX_ADDED).map(|name| plain(name, NAME)).collect();
    if let Some(more @ 1..) = names.len().checked_sub(MAX_ADDED) {
        shown
            .push(format!("and {more} more (provwatch lookup {})", shell_word(&plain(&member.purl.to_string(), LINE))));
    }
    shown.join(", ")
}
