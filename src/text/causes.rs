//! Formats errors with their causes.

use std::{error::Error, iter};

/// An error and its causes on one line. A cause that only repeats the one above it is left out.
pub fn with_causes(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    let mut parts: Vec<String> = iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect();
    // Some errors quote their cause already.
    parts.dedup_by(|cause, error| error.ends_with(cause.as_str()));
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    fn layers(texts: &[&'static str]) -> Option<Box<Layer>> {
        let (first, below) = texts.split_first()?;
        Some(Box::new(Layer(first, layers(below))))
    }

    #[test]
    fn causes_follow_their_error_and_repetitions_are_left_out() {
        for (texts, line) in [
            (&["asking npm"][..], "asking npm"),
            (&["asking npm", "no answer", "timed out"], "asking npm: no answer: timed out"),
            (&["asking npm", "timed out", "timed out"], "asking npm: timed out"),
        ] {
            assert_eq!(with_causes(&layers(texts).unwrap()), line);
        }
    }
}
