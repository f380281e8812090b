//! A file of which only the digest is known: looked up among the stored releases.

use super::{
    Verify,
    report::{Compared, Judged, Report, Source, Verdict},
};
use crate::{
    attest::FileDigests,
    cli::{context::Context, exit::Failure},
    model::{Alert, AlertStatus, File},
    store::{Outcome, ReleaseRow, Store, Trace},
};

/// Most releases that have one and the same file.
const MOST: usize = 20;

pub(super) fn report(asked: &Verify, context: &Context, file: FileDigests) -> Result<Report, Failure> {
    let store = context.store_to_look()?;
    let mut releases = Vec::new();
    for row in having(&store, &file)? {
        releases.push(judged(asked, &store, &file, row)?);
    }
    let (mut verdict, mut reasons) = (Verdict::Verified, Vec::new());
    for release in &releases {
        let (found, why) = release.verdict(asked.fail_on.fail_on);
        verdict = verdict.max(found);
        reasons.extend(why.into_iter().map(|why| format!("{}: {why}", release.purl)));
    }
    if releases.is_empty() {
        verdict = Verdict::Unknown;
        reasons.push("no stored release has this file".to_owned());
    }
    Ok(Report {
        target: asked.target.clone(),
        verdict,
        reasons,
        artifact: Some(file),
        attestations: Vec::new(),
        releases,
    })
}

fn having(store: &Store, file: &FileDigests) -> Result<Vec<ReleaseRow>, Failure> {
    let mut rows: Vec<ReleaseRow> = Vec::new();
    for digest in file.values() {
        for row in store.traced(Trace::Digest(digest), MOST)? {
            if !rows.iter().any(|known| known.purl == row.purl) {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

fn judged(asked: &Verify, store: &Store, file: &FileDigests, row: ReleaseRow) -> Result<Judged, Failure> {
    let (_, id) = Alert::identify_release(&row.purl);
    let alert = store.alert(&id)?.filter(|alert| alert.status != AlertStatus::Resolved);
    let mut judged = Judged::of(row.purl, Source::Store, row.observation, row.unchecked);
    let files = judged.observation.iter().flat_map(|observation| &observation.files);
    let is_it = |known: &&File| {
        let same = |its: &Option<String>, name: &str| its.is_some() && its.as_ref() == file.get(name);
        same(&known.digests.sha256, "sha256") || same(&known.digests.sha512, "sha512")
    };
    judged.file = files.into_iter().find(is_it).map(|file| file.name.clone());
    judged.compared = match row.outcome {
        _ if row.teaches => Compared::Learned,
        Outcome::Clean | Outcome::Alerted | Outcome::Held => Compared::Compared,
        Outcome::Learned | Outcome::Unchecked | Outcome::Unreadable => Compared::NoBaseline,
    };
    if let Some(alert) = alert {
        (judged.severity, judged.title) = (Some(alert.severity), Some(alert.title));
        (judged.signals, judged.alert) = (alert.signals, Some(alert.id));
    }
    Ok(judged.on(&asked.conditions))
}
