//! Chooses the releases of a history whose evidence is fetched.

use std::collections::HashMap;

use crate::model::ReleaseLine;

/// Of how many of the last lines evidence is fetched.
const LINES: usize = 4;

/// Of how many releases of each of these lines.
const OF_LINE: usize = 15;

/// Which releases of a history, given by their lines in publish order, have their evidence fetched: the newest of all, and the newest of each of
/// the last lines. Otherwise sixty nightly builds would hide the evidence of a line that is released twice a year.
pub fn sampled(history: &[ReleaseLine], newest: usize) -> Vec<bool> {
    let mut sampled = vec![false; history.len()];
    let mut lines: HashMap<&ReleaseLine, usize> = HashMap::new();
    for (age, index) in (0..history.len()).rev().enumerate() {
        let line = &history[index];
        if !lines.contains_key(line) && lines.len() >= LINES {
            sampled[index] = age < newest;
            continue;
        }
        let seen = lines.entry(line).or_default();
        *seen += 1;
        sampled[index] = age < newest || *seen <= OF_LINE.min(newest);
    }
    sampled
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The versions that are sampled.
    fn versions(history: &[String], newest: usize) -> Vec<String> {
        let line = |version: &String| ReleaseLine::of(&format!("pkg:npm/a@{version}").parse().unwrap());
        let chosen = sampled(&history.iter().map(line).collect::<Vec<_>>(), newest);
        history.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(version, _)| version.clone()).collect()
    }

    #[test]
    fn old_lines_are_not_hidden_by_nightly_builds() {
        let mut history: Vec<String> = (0..20).map(|patch| format!("4.7.{patch}")).collect();
        history.extend((0..60).map(|night| format!("6.0.0-nightly.{night}")));
        let chosen = versions(&history, 50);
        assert_eq!(chosen.iter().filter(|version| version.starts_with("4.")).count(), 15);
        assert_eq!(chosen.len(), 65);
        assert_eq!(chosen[0], "4.7.5", "the newest of the line");
        assert_eq!(versions(&history, 0), [""; 0], "switched off");
    }

    #[test]
    fn only_the_last_lines_are_looked_at_besides() {
        let history: Vec<String> =
            (1..9).flat_map(|major| (0..3).map(move |minor| format!("{major}.{minor}.0"))).collect();
        let chosen = versions(&history, 2);
        assert_eq!(chosen, ["5.1.0", "5.2.0", "6.1.0", "6.2.0", "7.1.0", "7.2.0", "8.1.0", "8.2.0"]);
    }
}
