//! Renders the members of a campaign as Slack blocks, split over as many messages as needed.

use serde_json::Value;

use super::blocks::{MAX_TEXT, context, links, paragraph, section};
use crate::deliver::view::{MemberView, View};

/// Most blocks of one message. Slack allows 50.
const MAX_BLOCKS: usize = 40;
/// Most characters of one message, well below where Slack cuts.
const MAX_CHARS: usize = 12_000;
/// Most messages with full members; in later ones each has a line.
const IN_FULL: usize = 8;
/// Most messages in all.
const MAX_PARTS: usize = 20;

/// The blocks of each message that names members.
pub(super) fn parts(view: &View) -> Vec<Vec<Value>> {
    let mut parts = Parts::default();
    let mut lines = String::new();
    let mut shown = 0;
    for member in &view.members {
        if parts.done.len() >= MAX_PARTS - 1 {
            break;
        }
        shown += 1;
        if view.shows_in_full(member) && parts.done.len() < IN_FULL && lines.is_empty() {
            parts.keep_together(full(member));
            continue;
        }
        let line = member.line();
        if chars(&lines) + chars(&line) + 1 > MAX_TEXT - ROOM {
            parts.keep_together(vec![paragraph(&std::mem::take(&mut lines))]);
        }
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(&line);
    }
    if !lines.is_empty() {
        parts.keep_together(vec![paragraph(&lines)]);
    }
    let more = view.more_members + view.members.len() - shown;
    if more > 0 {
        parts.keep_together(vec![context(&format!("and {more} more; all of them: {}", view.show))]);
    }
    parts.end()
}

/// Room for the escapes in a block of lines; a block that grows beyond the limit would be cut.
const ROOM: usize = 1_000;

fn chars(text: &str) -> usize {
    // Slack counts the escaped text, `&amp;` as five.
    text.chars().map(|c| if matches!(c, '&' | '<' | '>') { 5 } else { 1 }).sum()
}

/// One member with its evidence. Its texts are plain, only the links are Slack's markup.
fn full(member: &MemberView) -> Vec<Value> {
    let mut lines = vec![member.line()];
    let account = member.account.as_ref().map(|name| format!("account {name}"));
    let published = member.published.as_ref().map(|at| format!("published {at}"));
    lines.extend(account.into_iter().chain(published).reduce(|one, other| format!("{one}, {other}")));
    for (label, value) in [
        ("new scripts", &member.scripts),
        ("new dependencies", &member.dependencies),
        ("expected", &member.expected),
        ("seen", &member.seen),
    ] {
        lines.extend((!value.is_empty()).then(|| format!("{label}: {value}")));
    }
    let mut blocks = vec![paragraph(&lines.join("\n"))];
    blocks.extend((!member.links.is_empty()).then(|| section(&links(&member.links))));
    blocks
}

/// Messages that are filled one after the other.
#[derive(Default)]
struct Parts {
    done: Vec<Vec<Value>>,
    open: Vec<Value>,
    chars: usize,
}

impl Parts {
    /// Adds blocks that belong into one message.
    fn keep_together(&mut self, blocks: Vec<Value>) {
        let length: usize = blocks.iter().map(|block| block.to_string().chars().count()).sum();
        if self.open.len() + blocks.len() > MAX_BLOCKS || self.chars + length > MAX_CHARS {
            self.close();
        }
        self.chars += length;
        self.open.extend(blocks);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
        self.chars = 0;
    }

    fn end(mut self) -> Vec<Vec<Value>> {
        self.close();
        self.done
    }
}
