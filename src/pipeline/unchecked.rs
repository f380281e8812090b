//! Releases that cannot be checked for long: that is said aloud, because whoever could make a release uncheckable
//! would otherwise pass in silence.

use super::{Pipeline, PipelineError, left_out::is_left_out, operation::Trouble, subject::Subject};
use crate::{
    detect::{combine, unreadable},
    model::{Alert, AlertKind, Confidence, Links, ReleaseId, Severity},
    text::quoted,
};

/// After so many looks in vain, about half an hour, it is no outage of a moment any more.
const LOOKS: u32 = 2;

/// Most characters of a version that an alert shows.
const NAME: usize = 100;

/// Most reasons that an alert lists.
const REASONS: usize = 3;

/// A release could not be checked for long.
pub(super) fn trouble(release: &ReleaseId, why: &[String]) -> Trouble {
    Trouble {
        subject: format!("unchecked {release}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{}@{} cannot be checked", release.package().name(), release.version()),
        argument: format!(
            "{release} is neither clean nor known to be bad, and looking again did not help: {}. Do not install it before \
             you have looked at it; `provwatch timeline {}` shows when it is looked at again.",
            shortened(why),
            release.package()
        ),
    }
}

/// A release of many files may have as many reasons.
fn shortened(why: &[String]) -> String {
    let first = why.iter().take(REASONS).map(String::as_str).collect::<Vec<_>>().join("; ");
    match why.len().saturating_sub(REASONS) {
        0 => first,
        more => format!("{first}; and {more} more reasons"),
    }
}

impl Pipeline {
    /// Raises an alert about a release that was looked at in vain for long, or takes it back. Before the release is
    /// recorded: a crash in between repeats both.
    pub(super) fn note_unchecked(
        &self,
        subject: &Subject<'_>,
        release: &ReleaseId,
        why: &[String],
    ) -> Result<(), PipelineError> {
        let looks = subject.attempts(release);
        let is_last = self.settings.next_look(looks, subject.now).is_none();
        if why.is_empty() {
            let was_unchecked = |stored: &crate::store::VersionState| !stored.unchecked.is_empty();
            let resolves = subject.stored.get(release.version()).is_some_and(was_unchecked);
            return if resolves { self.resolve_unchecked(subject, release) } else { Ok(()) };
        }
        if looks < LOOKS && !is_last {
            return Ok(());
        }
        if why.iter().all(|why| is_left_out(why))
            && let Some(trouble) = self.registry_that_leaves_out(subject)?
        {
            return Ok(self.troubles.record(&trouble, subject.now)?);
        }
        Ok(self.troubles.record_of(Some(subject.package), &trouble(release, why), subject.now)?)
    }

    /// The alert about a new release that cannot be read, unless it was readable once: then nothing new was published.
    pub(super) fn unreadable_alert(
        &self,
        subject: &Subject<'_>,
        release: &ReleaseId,
        why: &str,
    ) -> Result<Option<Alert>, PipelineError> {
        if self.store.release(release)?.is_some_and(|row| row.observation.is_some()) {
            return Ok(None);
        }
        let signal = unreadable(why);
        let Some(verdict) = combine(std::slice::from_ref(&signal)) else { return Ok(None) };
        let package = subject.package;
        // What no purl can name is told by its package, and by the name that the registry has for it.
        let is_name = !release.version().contains(char::is_whitespace);
        let named = is_name && release.to_string().parse().is_ok_and(|read: ReleaseId| read == *release);
        let version = quoted(release.version(), NAME);
        let shown = if named { version.clone() } else { format!("{version:?}") };
        let title = format!("{} {shown}: {}", package.name(), verdict.title);
        let subject_of_alert = if named { release.to_string() } else { format!("{package} {:?}", release.version()) };
        let about = format!("{} It is about {package}, version {version:?}.", verdict.argument);
        let links = Links { registry: named.then(|| subject.registry.page(release).to_string()), ..Links::default() };
        Ok(Some(Alert {
            purl: named.then(|| release.clone()),
            package: (!named).then(|| package.clone()),
            argument: if named { verdict.argument } else { about },
            signals: vec![signal],
            last_good: self.last_good(release, subject.now)?,
            links,
            ..Alert::about(
                AlertKind::Release,
                &subject_of_alert,
                verdict.severity,
                verdict.confidence,
                title,
                subject.now,
            )
        }))
    }

    fn resolve_unchecked(&self, subject: &Subject<'_>, release: &ReleaseId) -> Result<(), PipelineError> {
        self.resolve_left_out(subject)?;
        Ok(self.troubles.resolve(&trouble(release, &[]), "it was checked", subject.now)?)
    }

    /// Whether a release that cannot be read was never read and there before the package was watched. Old documents hold
    /// many of those, and what cannot be read now was not published now.
    pub(super) fn is_old_oddity(&self, subject: &Subject<'_>, release: &ReleaseId) -> Result<bool, PipelineError> {
        let Some(row) = &subject.row else { return Ok(true) };
        let Some(backfilled_at) = row.backfilled_at else { return Ok(row.may_be_history(release.version())) };
        let stored = self.store.release(release)?;
        Ok(stored.is_some_and(|row| row.observation.is_none() && row.observed_at <= backfilled_at))
    }
}
