use crate::model::{Baseline, LineBaseline, ReleaseLine};

/// What a release is compared with.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The line the portrait is of.
    pub line: &'a ReleaseLine,
    /// The portrait.
    pub portrait: &'a LineBaseline,
    /// Whether it is that of another line, because the release's own has none yet. A new major version or a new
    /// pre-release track differs honestly, so what is only a habit weighs less then.
    pub inherited: bool,
}

impl<'a> View<'a> {
    /// The portrait of the release's own line; else that of the line released last, pre-releases preferring
    /// pre-releases and stable releases preferring stable ones; else nothing.
    pub fn of(baseline: &'a Baseline, line: &ReleaseLine) -> Option<Self> {
        match baseline.lines.get_key_value(line) {
            Some((line, portrait)) if portrait.releases > 0 => Some(Self { line, portrait, inherited: false }),
            _ => Self::inherited(baseline, line),
        }
    }

    fn inherited(baseline: &'a Baseline, wanted: &ReleaseLine) -> Option<Self> {
        let (line, portrait) = baseline
            .lines
            .iter()
            .filter(|(_, portrait)| portrait.releases > 0)
            .max_by_key(|(line, portrait)| (line.is_prerelease() == wanted.is_prerelease(), portrait.last_at))?;
        Some(Self { line, portrait, inherited: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(lines: &[(&str, &str)]) -> Baseline {
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        for (line, last) in lines {
            let portrait =
                LineBaseline { releases: 1, last_at: Some(last.parse().unwrap()), ..LineBaseline::default() };
            baseline.lines.insert(ReleaseLine::named(*line), portrait);
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
        for (line, with, inherited) in
            [("1", "1", false), ("3", "2", true), ("4-pre", "3-pre", true), ("0.9", "2", true)]
        {
            let view = View::of(&all, &ReleaseLine::named(line)).unwrap();
            assert_eq!((view.line.as_str(), view.inherited), (with, inherited), "{line}");
        }
        let only_pre = baseline(&[("1-pre", "2026-01-01T00:00:00Z")]);
        assert_eq!(View::of(&only_pre, &ReleaseLine::named("1")).unwrap().line.as_str(), "1-pre");
        assert!(View::of(&baseline(&[]), &ReleaseLine::named("1")).is_none());
    }
}
