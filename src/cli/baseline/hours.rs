//! Describes the usual publish hours of a package in words.

use std::collections::VecDeque;

/// Fewest releases that show a habit.
const FEWEST: usize = 5;
/// The share of releases that the usual hours hold, in percent.
const SHARE: usize = 80;
/// Wider spans are not a habit.
const WIDEST: usize = 14;

/// The shortest span of hours of the UTC day with four fifths of the releases: `13:00–18:00 UTC (41 of 48)`.
pub(super) fn usual(minutes: &VecDeque<u16>) -> Option<String> {
    if minutes.len() < FEWEST {
        return None;
    }
    let mut hours = [0_usize; 24];
    for minute in minutes {
        hours[usize::from(*minute) / 60 % 24] += 1;
    }
    let within = |start: usize, length: usize| (start..start + length).map(|hour| hours[hour % 24]).sum::<usize>();
    let mut spans = (1..=WIDEST).flat_map(|length| (0..24).map(move |start| (start, length)));
    let enough = |&(start, length): &(usize, usize)| within(start, length) * 100 >= minutes.len() * SHARE;
    let Some((start, length)) = spans.find(enough) else { return Some("any hour of the day".to_owned()) };
    let (end, count) = ((start + length) % 24, within(start, length));
    Some(format!("{start:02}:00–{end:02}:00 UTC ({count} of {})", minutes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_span_with_most_releases_is_named() {
        let at = |hours: &[u16]| usual(&hours.iter().map(|hour| hour * 60 + 30).collect());
        assert_eq!(at(&[9, 10, 10, 11, 11]).as_deref(), Some("10:00–12:00 UTC (4 of 5)"));
        assert_eq!(at(&[23, 23, 0, 0, 12]).as_deref(), Some("23:00–01:00 UTC (4 of 5)"));
        assert_eq!(at(&[9, 10]), None, "too few");
        let all: Vec<_> = (0..24).collect();
        assert_eq!(at(&all).as_deref(), Some("any hour of the day"));
        assert!(usual(&VecDeque::from([u16::MAX; 5])).is_some());
    }
}
