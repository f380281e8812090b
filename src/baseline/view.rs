//! Selects the profile of a release line that a new release is compared with.

use crate::model::{Baseline, LineBaseline, ReleaseLine, traits::EvidenceRanks};

/// The profile for the comparison of a release.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The line of the profile.
    pub line: &'a ReleaseLine,
    /// The profile.
    pub profile: &'a LineBaseline,
    /// Whether it is that of another line, because the release's own has none yet. A new major version or a new
    /// pre-release track differs honestly, so mere habits weigh less then.
    pub inherited: bool,
    /// Whether no stable line is newer than the release's, and it is stable, or the package has only pre-releases: the
    /// current state of the project, and not a back-port.
    pub is_newest: bool,
}

impl<'a> View<'a> {
    /// The profile of the release's own line; else, for a line newer than all others, that of the newest, unless it has
    /// less evidence than the line released last; else that of the line released last, pre-releases preferring
    /// pre-releases and stable releases stable ones; else none.
    pub fn of(baseline: &'a Baseline, wanted: &ReleaseLine) -> Option<Self> {
        let is_newest = is_newest(baseline, wanted);
        match baseline.lines.get_key_value(wanted) {
            Some((line, profile)) if profile.releases > 0 => Some(Self { line, profile, inherited: false, is_newest }),
            _ => Self::inherited(baseline, wanted, is_newest),
        }
    }

    fn inherited(baseline: &'a Baseline, wanted: &ReleaseLine, is_newest: bool) -> Option<Self> {
        let known = || baseline.lines.iter().filter(|(_, profile)| profile.releases > 0);
        let last = known().max_by_key(|(line, it)| (line.is_prerelease() == wanted.is_prerelease(), it.last_at))?;
        let peers = known().filter(|(line, _)| is_newest && line.is_prerelease() == wanted.is_prerelease());
        let highest = peers.max_by_key(|(line, _)| line.number());
        // A mistakenly high number, or a back-port as the last release, has less evidence than the continuing line.
        let adopted =
            |(_, profile): (&ReleaseLine, &LineBaseline)| profile.tally(EvidenceRanks).values().next_back().copied();
        let (line, profile) = highest.filter(|highest| adopted(*highest) >= adopted(last)).unwrap_or(last);
        Some(Self { line, profile, inherited: true, is_newest })
    }
}

fn is_newest(baseline: &Baseline, wanted: &ReleaseLine) -> bool {
    let mut peers = baseline.lines.keys().filter(|line| line.is_prerelease() == wanted.is_prerelease());
    // If a package has only pre-releases, they are its releases.
    (!wanted.is_prerelease() || baseline.lines.keys().all(ReleaseLine::is_prerelease))
        && peers.all(|line| line.number() <= wanted.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(lines: &[(&str, &str)]) -> Baseline {
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        for (line, last) in lines {
            let mut profile = LineBaseline::default();
            (profile.releases, profile.last_at) = (1, Some(last.parse().unwrap()));
            baseline.lines.insert(ReleaseLine::named(*line), profile);
        }
        baseline
    }

    #[test]
    fn what_a_release_is_compared_with() {
        let all = baseline(&[
            ("1", "2025-01-01T00:00:00Z"),
            ("2", "2026-01-01T00:00:00Z"),
            ("3-pre", "2026-02-01T00:00:00Z"),
        ]);
        for (line, with, inherited, is_newest) in [
            ("1", "1", false, false),
            ("2", "2", false, true),
            ("3", "2", true, true),
            ("4-pre", "3-pre", true, false),
            ("0.9", "2", true, false),
        ] {
            let view = View::of(&all, &ReleaseLine::named(line)).unwrap();
            assert_eq!((view.line.as_str(), view.inherited, view.is_newest), (with, inherited, is_newest), "{line}");
        }
        let ported_back = baseline(&[("1", "2026-02-01T00:00:00Z"), ("2", "2026-01-01T00:00:00Z")]);
        let view = |line| View::of(&ported_back, &ReleaseLine::named(line)).unwrap().line.as_str();
        assert_eq!((view("3"), view("0.9")), ("2", "1"), "a new line follows the newest, whichever was released last");
        let only_pre = baseline(&[("1-pre", "2026-01-01T00:00:00Z")]);
        assert_eq!(View::of(&only_pre, &ReleaseLine::named("1")).unwrap().line.as_str(), "1-pre");
        assert!(View::of(&only_pre, &ReleaseLine::named("2-pre")).unwrap().is_newest);
        assert!(View::of(&baseline(&[]), &ReleaseLine::named("1")).is_none());
    }
}
