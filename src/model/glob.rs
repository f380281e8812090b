//! Glob patterns for values in policies.

/// Whether a value matches a glob, in which each star matches any characters, even none, except `/`: a star in an
/// owner's name does not match another owner's repository.
///
/// The usual greedy walk: on a mismatch the last star takes one more byte.
pub fn fits(glob: &str, value: &str) -> bool {
    let (glob, value) = (glob.as_bytes(), value.as_bytes());
    let (mut g, mut v) = (0, 0);
    let mut star = None;
    while v < value.len() {
        if glob.get(g) == Some(&b'*') {
            star = Some((g, v));
            g += 1;
        } else if glob.get(g) == Some(&value[v]) {
            (g, v) = (g + 1, v + 1);
        } else if let Some((at, taken)) = star.filter(|&(_, taken)| value[taken] != b'/') {
            star = Some((at, taken + 1));
            (g, v) = (at + 1, taken + 1);
        } else {
            return false;
        }
    }
    glob[g..].iter().all(|&byte| byte == b'*')
}

/// The same where each star matches any characters, slashes too: a search finds rather too much.
pub fn fits_across(glob: &str, value: &str) -> bool {
    // A character that neither has.
    let plain = |text: &str| text.replace('/', "\0");
    fits(&plain(glob), &plain(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_stand_for_anything_but_slashes() {
        for (glob, value) in [
            ("a", "a"),
            ("*", ""),
            ("a*", "abc"),
            ("*c", "abc"),
            ("a*c", "ac"),
            ("*b*", "abc"),
            ("a*b*c", "a1b2c"),
            ("github.com/acme/*", "github.com/acme/widget"),
            ("*/*/*", "github.com/acme/widget"),
        ] {
            assert!(fits(glob, value), "{glob} {value}");
        }
        for (glob, value) in [
            ("a", "ab"),
            ("a", ""),
            ("*b", "abc"),
            ("a*c", "ab"),
            ("ab*b", "ab"),
            ("", "a"),
            ("github.com/acme*", "github.com/acme-evil/widget"),
            ("github.com/*", "github.com/acme/widget"),
        ] {
            assert!(!fits(glob, value), "{glob} {value}");
        }
    }

    #[test]
    fn stars_of_a_search_stand_for_slashes_too() {
        for (glob, value, is_fitting) in [
            ("https://github.com/acme/*", "https://github.com/acme/widget/.github/workflows/release.yml", true),
            ("*/release.yml@refs/tags/*", "https://github.com/a/b/.github/workflows/release.yml@refs/tags/v1", true),
            ("*/release.yml", "https://github.com/a/b/.github/workflows/other.yml", false),
            ("*", "", true),
        ] {
            assert_eq!(fits_across(glob, value), is_fitting, "{glob} {value}");
        }
    }

    proptest! {
        #[test]
        fn a_glob_fits_what_its_stars_are_replaced_with(glob in "[ab/*]{1,8}", filling in "[ab]{0,3}") {
            prop_assert!(fits(&glob, &glob.replace('*', &filling)));
        }
    }
}
