//! Folds a path to the form in which forgiving file systems compare it, so that paths of one file are found.

use icu_normalizer::DecomposingNormalizerBorrowed;

/// The path as those systems see it that see the least: without capitals and composed letters, as macOS, and without dots
/// and blanks at the end of a part, as Windows.
pub(super) fn folded(path: &str) -> String {
    // By way of capitals, which "ß" and "ss" have in common.
    let letters = || path.to_lowercase().to_uppercase().to_lowercase();
    let small = if path.is_ascii() { path.to_ascii_lowercase() } else { letters() };
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&small);
    let mut parts = decomposed.split('/').map(|part| part.trim_end_matches(['.', ' ']));
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "/" + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_one_file_fold_to_one() {
        for (one, other) in [
            ("README", "readme"),
            ("Größe/ÄÖ", "GRO\u{308}SSE/a\u{308}o\u{308}"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("a./b ", "a/b"),
            ("\u{212a}", "k"),
            ("\u{1e9e}", "ss"),
        ] {
            assert_eq!(folded(one), folded(other));
        }
        for path in ["lib/a.js", ".gitignore", "a/../b", "größe"] {
            assert_eq!(folded(path).split('/').count(), path.split('/').count(), "{path}");
        }
        for (one, other) in [("a.b", "ab"), ("a", "ä"), ("a b", "ab")] {
            assert_ne!(folded(one), folded(other));
        }
    }
}
