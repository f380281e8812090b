//! Parses the packages and releases, as purls, and the alerts, by id, that commands take as arguments.

use crate::{
    detect,
    model::{AlertPrefix, Ecosystem, InvalidAlertPrefix, Package, ReleaseId},
    strict_toml::did_you_mean,
    watchlist::Pattern,
};

/// A package, or one release of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub package: Package,
    /// The version, if one was given.
    pub version: Option<String>,
}

/// A purl with or without a version.
///
/// # Errors
/// The error, with the purls that may have been meant.
pub fn target(text: &str) -> Result<Target, String> {
    let text = encoded(text);
    if let Ok(release) = text.parse::<ReleaseId>() {
        return Ok(Target { package: release.package().clone(), version: Some(release.version().to_owned()) });
    }
    text.parse().map(|package| Target { package, version: None }).map_err(|error| explained(&text, &error))
}

/// The package of a purl; a version is ignored, because users copy purls from alerts.
///
/// # Errors
/// As [`target`].
pub fn package(text: &str) -> Result<Package, String> {
    target(text).map(|target| target.package)
}

/// A purl with a version.
///
/// # Errors
/// As [`target`], or that the version is missing.
pub fn release(text: &str) -> Result<ReleaseId, String> {
    let Target { package, version } = target(text)?;
    let missing =
        || format!("which release? expected a version: {package}@1.2.3; `provwatch timeline {package}` lists them");
    version.map(|version| package.at(version)).ok_or_else(missing)
}

/// An alert, by its id or the digits that it begins with.
///
/// # Errors
/// The error, and where the ids are shown.
pub fn alert(text: &str) -> Result<AlertPrefix, String> {
    text.parse().map_err(|error: InvalidAlertPrefix| format!("{error}; `provwatch alerts list` shows the ids"))
}

/// An entry of a watchlist.
///
/// # Errors
/// As [`target`].
pub fn pattern(text: &str) -> Result<Pattern, String> {
    let text = encoded(text);
    text.parse().map_err(|error: String| explained(&text, &error))
}

/// Scopes are often written without the purl's escape; `@scope/name` would be read as a version.
fn encoded(text: &str) -> String {
    let scoped = Ecosystem::all().filter(|ecosystem| ecosystem.row().names.scoped && !text.contains('*'));
    let mut encoded = scoped.filter_map(|ecosystem| {
        let rest = text.strip_prefix(&format!("pkg:{ecosystem}/@"))?;
        Some(format!("pkg:{ecosystem}/%40{rest}"))
    });
    encoded.next().unwrap_or_else(|| text.to_owned())
}

fn explained(text: &str, error: &impl ToString) -> String {
    let meant = meant(text);
    if text.starts_with("pkg:") || meant.is_empty() {
        return error.to_string();
    }
    format!("expected a package URL; did you mean {}?", meant.join(" or "))
}

/// The possible meanings of a name without `pkg:`: `npm/axios` is one package, `axios` one in each registry.
pub fn meant(text: &str) -> Vec<String> {
    let (kind, rest) = text.split_once(['/', ':']).unwrap_or_default();
    let (ecosystems, text) = match kind.parse::<Ecosystem>() {
        Ok(ecosystem) => (vec![ecosystem], rest),
        Err(_) => (Ecosystem::all().collect(), text),
    };
    let (name, version) = match text.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => (name, Some(version)),
        _ => (text, None),
    };
    let named = ecosystems.into_iter().filter_map(|ecosystem| Package::new(ecosystem, name).ok());
    named
        .map(|package| version.map_or_else(|| package.to_string(), |version| package.at(version).to_string()))
        .collect()
}

/// A package without a version, where a version would be ignored silently.
///
/// # Errors
/// As [`target`], or that there is a version.
pub fn all_of_package(text: &str) -> Result<Package, String> {
    let Target { package, version } = target(text)?;
    match version {
        None => Ok(package),
        Some(_) => Err(format!("it holds for every version; expected {package}")),
    }
}

/// The id of a detector.
///
/// # Errors
/// No detector has it.
pub fn detector(text: &str) -> Result<String, String> {
    let known = detect::about(text).map(|about| about.id.to_owned());
    known.ok_or_else(|| {
        let meant = did_you_mean(text, detect::abouts().map(|about| about.id));
        format!("unknown detector{meant}; `provwatch detectors list` shows them")
    })
}

/// The number of a silence or an announcement.
///
/// # Errors
/// It is not a number.
pub fn number(text: &str) -> Result<i64, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("expected a number from the first column or line of `list`")
}

/// A number of results: one or more, since zero would look like no result.
pub fn count(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|count| *count > 0).ok_or("expected a whole number from 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_are_taken_as_people_write_them() {
        for (text, name, version) in [
            ("pkg:npm/axios", "axios", None),
            ("pkg:npm/axios@1.14.1", "axios", Some("1.14.1")),
            ("pkg:npm/%40angular/core@20.0.0", "@angular/core", Some("20.0.0")),
            ("pkg:npm/@angular/core", "@angular/core", None),
            ("pkg:npm/@angular/core@20.0.0", "@angular/core", Some("20.0.0")),
            ("pkg:pypi/Foo.Bar@1.0", "foo-bar", Some("1.0")),
        ] {
            let target = target(text).unwrap();
            assert_eq!((target.package.name(), target.version.as_deref()), (name, version), "{text}");
        }
    }

    #[test]
    fn a_bare_name_is_answered_with_what_was_meant() {
        for (text, said) in [
            ("axios", "did you mean pkg:npm/axios or pkg:pypi/axios or pkg:cargo/axios?"),
            ("axios@1.0.0", "did you mean pkg:npm/axios@1.0.0 or"),
            ("@angular/core", "did you mean pkg:npm/%40angular/core?"),
            ("npm/axios@1.0.0", "did you mean pkg:npm/axios@1.0.0?"),
            ("pypi:requests", "did you mean pkg:pypi/requests?"),
            ("pkg:gem/rails", "it knows npm, pypi and cargo"),
            ("pkg:npm/", "expected for example pkg:npm/"),
            ("", "not a usable package URL"),
            ("two words", "not a usable package URL"),
        ] {
            let error = target(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_release_needs_a_version() {
        assert!(release("pkg:npm/axios").unwrap_err().contains("pkg:npm/axios@1.2.3"));
        assert_eq!(package("pkg:npm/axios@1.0.0").unwrap().name(), "axios");
    }

    #[test]
    fn mistakes_are_told_with_what_was_meant() {
        assert_eq!(detector("odd-hours").as_deref(), Ok("odd-hours"));
        assert!(detector("odd-hour").unwrap_err().contains("did you mean \"odd-hours\"?"));
        assert!(all_of_package("pkg:npm/a@1.0.0").unwrap_err().contains("expected pkg:npm/a"));
        assert_eq!(all_of_package("pkg:npm/a").unwrap().name(), "a");
        assert_eq!(number("3"), Ok(3));
        for text in ["", "abc", "0", "-1", "1.5", "99999999999999999999"] {
            assert!(number(text).unwrap_err().contains("expected a number"), "{text}");
        }
    }

    #[test]
    fn patterns_may_have_stars_and_scopes() {
        for text in ["pkg:npm/@angular/*", "pkg:npm/@angular/core", "pkg:pypi/django-*"] {
            assert!(pattern(text).is_ok(), "{text}");
        }
        assert!(pattern("axios").unwrap_err().contains("did you mean"));
    }
}
