//! A file of which only the digest is known: looked up among the stored releases.

use super::{
    Verify,
    report::{Compared, Judged, Report, Source, Verdict},
};
use crate::{
    attest::FileDigests,
    cli::{context::Context, exit::Failure},
    model::Digests,
    pipeline,
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
    let alert = pipeline::accusation(store, &row.purl)?;
    let mut judged = Judged::of(row.purl, Source::Store, row.observation, row.unchecked);
    let asked_about = digests(file);
    let mut files = judged.observation.iter().flat_map(|observation| &observation.files);
    judged.file = files.find(|known| known.digests.agree(&asked_about)).map(|file| file.name.clone());
    // A release is found by what its files were, too, and nothing was verified of those.
    judged.had_it_once = judged.file.is_none() && judged.observation.is_some();
    judged.compared = match row.outcome {
        _ if row.teaches => Compared::Learned,
        Outcome::Clean | Outcome::Alerted | Outcome::Held => Compared::Compared,
        Outcome::Learned | Outcome::Unchecked | Outcome::Unreadable => Compared::NoBaseline,
    };
    judged.accuse(alert);
    Ok(judged.on(&asked.conditions))
}

/// Of the digests of a file, those that stored releases have.
fn digests(file: &FileDigests) -> Digests {
    Digests { sha256: file.get("sha256").cloned(), sha512: file.get("sha512").cloned(), ..Digests::default() }
}
