//! Shows what an edit changes in a text, line by line.

use std::fmt::Write;

/// Lines around a change that are shown with it.
const CONTEXT: usize = 3;

/// Most lines of both texts together that one change passes over in search of a line that both have.
const AHEAD: usize = 4096;

/// A line on the way from one text to the other.
#[derive(Clone, Copy)]
enum Step<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

impl Step<'_> {
    fn is_same(self) -> bool {
        matches!(self, Self::Same(_))
    }

    /// How many lines it takes of each text.
    fn takes(self) -> (usize, usize) {
        match self {
            Self::Same(_) => (1, 1),
            Self::Gone(_) => (1, 0),
            Self::New(_) => (0, 1),
        }
    }
}

/// The difference of two texts in the unified format, as `patch` takes it; empty where there is none.
pub fn line_diff(name: &str, before: &str, after: &str) -> String {
    let steps = steps(&before.lines().collect::<Vec<_>>(), &after.lines().collect::<Vec<_>>());
    let hunks = hunks(&steps);
    let mut out = String::new();
    if !hunks.is_empty() {
        let _ = write!(out, "--- {name}\n+++ {name}\n");
    }
    let (mut at, mut old, mut new) = (0, 1, 1);
    for hunk in hunks {
        advance(&steps[at..hunk.start], &mut old, &mut new);
        let (mut old_end, mut new_end) = (old, new);
        advance(&steps[hunk.clone()], &mut old_end, &mut new_end);
        let _ = writeln!(out, "@@ -{} +{} @@", place(old, old_end), place(new, new_end));
        for step in &steps[hunk.clone()] {
            let _ = match step {
                Step::Same(line) => writeln!(out, " {line}"),
                Step::Gone(line) => writeln!(out, "-{line}"),
                Step::New(line) => writeln!(out, "+{line}"),
            };
        }
        (at, old, new) = (hunk.end, old_end, new_end);
    }
    out
}

/// A range of lines. One without lines is named by the line before it.
fn place(start: usize, end: usize) -> String {
    let count = end - start;
    format!("{},{count}", if count == 0 { start - 1 } else { start })
}

fn advance(steps: &[Step<'_>], old: &mut usize, new: &mut usize) {
    for (gone, added) in steps.iter().map(|step| step.takes()) {
        *old += gone;
        *new += added;
    }
}

/// The ranges of steps that are shown: changes with the lines around them.
fn hunks(steps: &[Step<'_>]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in steps.iter().enumerate().filter(|(_, step)| !step.is_same()) {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(steps.len()));
        match hunks.last_mut().filter(|last| last.end >= start) {
            Some(last) => last.end = end,
            None => hunks.push(start..end),
        }
    }
    hunks
}

fn steps<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Step<'a>> {
    let (mut steps, mut i, mut j) = (Vec::new(), 0, 0);
    while i < old.len() || j < new.len() {
        let (gone, added) = until_common(&old[i..], &new[j..]);
        steps.extend(old[i..i + gone].iter().map(|line| Step::Gone(line)));
        steps.extend(new[j..j + added].iter().map(|line| Step::New(line)));
        (i, j) = (i + gone, j + added);
        if i < old.len() && j < new.len() {
            steps.push(Step::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        }
    }
    steps
}

/// How many lines of each text come before the next line that both have: the nearest one, since an edit changes little.
fn until_common(old: &[&str], new: &[&str]) -> (usize, usize) {
    for both in 0..=AHEAD.min(old.len() + new.len()) {
        for gone in both.saturating_sub(new.len())..=both.min(old.len()) {
            if old.get(gone).is_some_and(|line| new.get(both - gone) == Some(line)) {
                return (gone, both - gone);
            }
        }
    }
    (old.len(), new.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn changes_are_shown_with_the_lines_around_them() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(line_diff("f", before, before), "");
        let after = "1\n2\n3\n4\nnew\n5\n6\n7\n8\n";
        let shown = "--- f\n+++ f\n@@ -2,8 +2,8 @@\n 2\n 3\n 4\n+new\n 5\n 6\n 7\n 8\n-9\n";
        assert_eq!(line_diff("f", before, after), shown);
        assert_eq!(line_diff("f", "", "a\n"), "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n");
        let far = format!("0\n{before}");
        assert_eq!(line_diff("f", before, &far), "--- f\n+++ f\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n");
    }

    proptest! {
        #[test]
        fn every_line_is_kept_gone_or_new(old in "([ab]?\n){0,12}", new in "([ab]?\n){0,12}") {
            let steps = steps(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
            let of = |pick: fn(Step<'_>) -> bool| {
                steps.iter().filter(|step| pick(**step)).map(|step| match step {
                    Step::Same(line) | Step::Gone(line) | Step::New(line) => format!("{line}\n"),
                }).collect::<String>()
            };
            prop_assert_eq!(of(|step| !matches!(step, Step::New(_))), old.as_str());
            prop_assert_eq!(of(|step| !matches!(step, Step::Gone(_))), new.as_str());
        }
    }
}
