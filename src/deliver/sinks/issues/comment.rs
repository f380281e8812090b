//! The comment on an issue about what became of its alert, in Markdown.

use super::{
    document::{evidence, members},
    markdown::{link, prose},
};
use crate::deliver::{
    event::Event,
    view::{View, news::news},
};

/// The blocks of the comment that a later message is.
pub(super) fn comment(mut view: View, event: Event) -> Vec<String> {
    let said: Vec<String> = news(&view, event).iter().map(|one| format!("- {}", prose(one))).collect();
    let mut blocks = vec![said.join("\n")];
    if event == Event::Changed {
        blocks.extend(evidence(&view));
        let links: Vec<String> = view.links.iter().map(|one| link(one.label, &one.url)).collect();
        blocks.extend((!links.is_empty()).then(|| format!("**Links:** {}", links.join(" · "))));
    }
    view.members.retain(|member| member.is_new);
    view.more_members = 0;
    blocks.extend(members(&view));
    blocks
}

/// What a comment says besides if a person closed the issue before the alert is resolved.
pub(super) const CLOSED_BY_HAND: &str =
    "This issue is closed, and the alert is not resolved. `provwatch alerts resolve` ends the messages about it.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::{Message, samples},
        model::Alert,
    };

    fn text(alert: Alert) -> String {
        let message = Message { sequence: 1, ..samples::message(alert) };
        comment(View::of(&message), Event::of(&message)).join("\n\n")
    }

    #[test]
    fn a_comment_says_what_happened() {
        let note = Some("acknowledged by ada: asked @team\n/close".to_owned());
        insta::assert_snapshot!(text(Alert { note, ..samples::withdrawn() }));
    }

    #[test]
    fn a_change_shows_the_evidence_again_and_the_new_members_only() {
        let change = text(samples::takeover());
        assert!(change.starts_with("- More is known of this alert.\n") && change.contains("<code>odd-hours</code>"));
        let growth = text(samples::campaign(60, 2));
        assert!(growth.contains("NEW") && growth.contains("package-1@") && !growth.contains("package-2@"), "{growth}");
    }
}
