//! What a package did before it was watched.

use super::{
    Pipeline,
    examine::Subject,
    lesson::{Lesson, advance},
    record::unchecked,
};
use crate::{
    model::{Observation, ReleaseStatus},
    store::{Outcome, Record, StoredBaseline},
};

impl Pipeline {
    /// What a package did before it was watched is its habit, except what was removed or yanked, and what has evidence that
    /// does not hold or could not be had.
    /// The baseline learns all of it in one step that goes with the last record: a package may have thousands of releases.
    pub(super) fn history_records(
        &self,
        subject: &Subject<'_>,
        observed: Vec<(Observation, bool)>,
        baseline: &mut StoredBaseline,
    ) -> Vec<Record> {
        let mut lesson = Lesson::over(baseline);
        let record = |(observation, fetched)| self.history_record(subject, observation, fetched, &mut lesson);
        let mut records: Vec<Record> = observed.into_iter().map(record).collect();
        let change = lesson.change();
        if let Some(last) = records.last_mut() {
            last.baseline = change;
            advance(baseline, last);
        }
        records
    }

    fn history_record(
        &self,
        subject: &Subject<'_>,
        observation: Observation,
        fetched: bool,
        lesson: &mut Lesson<'_>,
    ) -> Record {
        let unread = || observation.unread.reasons().map(str::to_owned).collect();
        let unchecked = if fetched { unchecked(&observation) } else { unread() };
        // Old documents are often odd. What proves such a release is as well known as of any other, and what cannot be
        // read is not learned.
        let is_odd = |why: &String| observation.unread.reasons().any(|reason| reason == why);
        let is_known = unchecked.iter().all(is_odd) && !observation.unread.hides_evidence();
        let invalid = observation.has_invalid();
        let published = observation.status == ReleaseStatus::Published;
        if is_known && !invalid && published && !subject.has_taught(&observation.purl) {
            lesson.learn(&observation, None);
        }
        let outcome = match (is_known, invalid) {
            (false, _) => Outcome::Unchecked,
            (true, true) => Outcome::Held,
            (true, false) => Outcome::Learned,
        };
        let recheck_at = self.again_at(!unchecked.is_empty(), subject.attempts(&observation.purl), subject.now);
        let mut record = Record::observed(observation, outcome, subject.now);
        record.recheck_at = recheck_at;
        record.unchecked = unchecked;
        record
    }
}
