//! Splits SQL statements into words for the rules of the portable subset.

use std::{iter::Peekable, str::Chars};

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A keyword, a function or a column: the words next to them distinguish them.
    Name(String),
    /// `?1`, `:name`, or `?` alone.
    Parameter(String),
    Number,
    /// `'pending'`.
    Text,
    /// A part that `format!` or the store inserts: `{row}`.
    Blank,
    Sign(char),
}

impl Word {
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Name(name) if name.eq_ignore_ascii_case(keyword))
    }
}

/// Comments and white space are left out.
pub(super) fn words(statement: &str) -> Vec<Word> {
    let mut chars = statement.chars().peekable();
    let mut words = Vec::new();
    while let Some(first) = chars.next() {
        match first {
            '-' if chars.next_if_eq(&'-').is_some() => skip_past(&mut chars, '\n'),
            '\'' => words.push(skipped(&mut chars, '\'', Word::Text)),
            '{' => words.push(skipped(&mut chars, '}', Word::Blank)),
            '?' => words.push(Word::Parameter(format!("?{}", rest_of_name(&mut chars)))),
            ':' if chars.peek().is_some_and(|next| next.is_alphabetic()) => {
                words.push(Word::Parameter(format!(":{}", rest_of_name(&mut chars))));
            }
            '0'..='9' => {
                rest_of_name(&mut chars);
                words.push(Word::Number);
            }
            first if first.is_alphabetic() || first == '_' => {
                words.push(Word::Name(format!("{first}{}", rest_of_name(&mut chars))));
            }
            first if first.is_whitespace() => {}
            sign => words.push(Word::Sign(sign)),
        }
    }
    words
}

fn rest_of_name(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut name = String::new();
    while let Some(next) = chars.next_if(|next| next.is_alphanumeric() || *next == '_') {
        name.push(next);
    }
    name
}

fn skip_past(chars: &mut Peekable<Chars<'_>>, end: char) {
    chars.find(|next| *next == end);
}

fn skipped(chars: &mut Peekable<Chars<'_>>, end: char, word: Word) -> Word {
    skip_past(chars, end);
    word
}
