//! The parts of a message as lines of plain text, and as many of them as a receiver has room for.

use super::{DevelopmentView, MemberView, SignalView, StageView, View};

/// One signal: its detector, the expected and the observed value.
pub(in crate::deliver) fn evidence(signal: &SignalView) -> String {
    format!("{} ({}): expected {}; seen {}", signal.detector, signal.weight(), signal.expectation(), signal.seen)
}

/// All signals that the view shows, and the number of the others.
pub(in crate::deliver) fn all_evidence(view: &View) -> Vec<String> {
    let more = (view.more_signals > 0).then(|| more(view, "signals", view.more_signals));
    view.signals.iter().map(evidence).chain(more).collect()
}

/// What became of the release, the latest first.
pub(in crate::deliver) fn developments(view: &View) -> Vec<String> {
    view.developments.iter().map(DevelopmentView::line).collect()
}

/// The sections of a digest.
pub(in crate::deliver) fn digest(view: &View) -> Vec<String> {
    let mut lines = Vec::new();
    for section in &view.digest {
        lines.push(section.title.clone());
        lines.extend(section.lines.iter().map(|line| format!("- {line}")));
    }
    lines
}

/// The members of a campaign that fit into so many bytes, each on a line, and the number of the others.
pub(in crate::deliver) fn members(view: &View, room: usize) -> Vec<String> {
    let all: Vec<String> = view.members.iter().map(MemberView::line).collect();
    let (mut lines, left) = fitting(all, room);
    let left = left + view.more_members;
    lines.extend((left > 0).then(|| more(view, "releases", left)));
    lines
}

/// What to do, stage by stage.
pub(in crate::deliver) fn what_to_do(view: &View) -> Vec<String> {
    view.stages.iter().enumerate().flat_map(|(place, stage)| of_stage(place + 1, stage)).collect()
}

fn of_stage(number: usize, stage: &StageView) -> Vec<String> {
    let mut lines = vec![format!("{number}. {}", stage.title)];
    lines.extend(stage.advice.iter().cloned());
    lines.extend(stage.commands.iter().map(|step| format!("{}: {}", step.purpose, step.line)));
    lines
}

/// That there is more, and how to see it.
fn more(view: &View, what: &str, left: usize) -> String {
    format!("and {left} more {what}; all of them: {}", view.show)
}

/// The first lines that fit into so many bytes, each with its end, and the number of the others.
pub(in crate::deliver) fn fitting(mut lines: Vec<String>, room: usize) -> (Vec<String>, usize) {
    let mut left = room;
    let fits = |line: &String| {
        let enough = left.checked_sub(line.len() + 1);
        left = enough.unwrap_or_default();
        enough.is_some()
    };
    let count = lines.iter().map(fits).take_while(|fits| *fits).count();
    let others = lines.len() - count;
    lines.truncate(count);
    (lines, others)
}

/// The text in at most so many bytes, with `…` if something was cut.
pub(in crate::deliver) fn cut(text: &str, bytes: usize) -> String {
    const DOTS: &str = "…";
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes.saturating_sub(DOTS.len()));
    format!("{}{DOTS}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::samples;

    fn view(alert: crate::model::Alert) -> View {
        View::of(&samples::message(alert))
    }

    #[test]
    fn a_takeover_in_lines() {
        let view = view(samples::takeover());
        assert_eq!(
            all_evidence(&view)[0],
            "evidence-downgrade (high): expected verified provenance and trusted publishing, since 2025-01-20; seen \
             published with a token, no attestation"
        );
        let lines = what_to_do(&view);
        assert_eq!(lines[0], "1. Contain");
        assert!(lines.iter().any(|line| line.ends_with(": provwatch alerts show 6adc1e73047a")), "{lines:?}");
    }

    #[test]
    fn members_that_do_not_fit_are_counted() {
        for (members_in_all, room, shown) in [(3, 10_000, 3), (60, 1_000, 8), (1_500, 0, 0)] {
            let lines = members(&view(samples::campaign(members_in_all, members_in_all)), room);
            let named = lines.iter().filter(|line| line.contains("pkg:npm/package-")).count();
            assert_eq!(named, shown, "{lines:?}");
            let more = format!("and {} more releases; all of them: provwatch alerts show ", members_in_all - named);
            assert_eq!(lines.last().unwrap().starts_with(&more), named < members_in_all, "{lines:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        for (text, bytes, expected) in
            [("abc", 3, "abc"), ("abcd", 3, "…"), ("äöü", 5, "ä…"), ("äöü", 6, "äöü"), ("abcdef", 5, "ab…")]
        {
            assert_eq!(cut(text, bytes), expected);
        }
    }
}
