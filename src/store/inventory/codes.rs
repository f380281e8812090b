//! The numbers that stand for words in the table of uses: a number keeps its word for ever.

use crate::model::{DependencyScope, Reachability, Vex};

/// The words by their numbers. A new word comes last.
const SCOPES: [DependencyScope; 4] =
    [DependencyScope::Required, DependencyScope::Unknown, DependencyScope::Optional, DependencyScope::Dev];
const STATEMENTS: [Vex; 5] = [Vex::Exploitable, Vex::InTriage, Vex::Resolved, Vex::FalsePositive, Vex::NotAffected];
const REACHED: [Reachability; 2] = [Reachability::Called, Reachability::Found];

pub(super) fn of_scope(scope: DependencyScope) -> i64 {
    number(&SCOPES, &scope)
}

/// A number of a later version, or a damaged one, says nothing.
pub(super) fn scope(number: i64) -> DependencyScope {
    word(&SCOPES, Some(number)).unwrap_or_default()
}

pub(super) fn of_vex(vex: Option<Vex>) -> Option<i64> {
    vex.map(|vex| number(&STATEMENTS, &vex))
}

pub(super) fn vex(number: Option<i64>) -> Option<Vex> {
    word(&STATEMENTS, number)
}

pub(super) fn of_reachability(reachability: Option<Reachability>) -> Option<i64> {
    reachability.map(|reached| number(&REACHED, &reached))
}

pub(super) fn reachability(number: Option<i64>) -> Option<Reachability> {
    word(&REACHED, number)
}

fn number<T: PartialEq>(words: &[T], word: &T) -> i64 {
    words.iter().zip(0..).find_map(|(one, number)| (one == word).then_some(number)).unwrap_or_default()
}

fn word<T: Copy>(words: &[T], number: Option<i64>) -> Option<T> {
    words.get(usize::try_from(number?).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_number() {
        for (number, word) in (0..).zip(SCOPES) {
            assert_eq!((of_scope(word), scope(number)), (number, word));
        }
        assert!(DependencyScope::ALL.iter().all(|word| scope(of_scope(*word)) == *word));
        assert!(Vex::ALL.iter().all(|word| vex(of_vex(Some(*word))) == Some(*word)));
        assert!(Reachability::ALL.iter().all(|word| reachability(of_reachability(Some(*word))) == Some(*word)));
        assert_eq!((scope(99), vex(Some(-1)), reachability(None)), (DependencyScope::Unknown, None, None));
    }
}
