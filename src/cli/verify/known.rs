//! Looks up a file by its digest among the stored releases.

use super::{
    asked::Verify,
    report::{Compared, Judged, Report, Source, Verdict},
};
use crate::{
    attest::FileDigests,
    cli::{context::Context, exit::CliError},
    model::{Digests, File},
    packages,
    store::{Outcome, ReleaseRow, Store, Trace},
};

/// Most releases that have one and the same file.
const MOST: usize = 20;

pub(super) fn report(asked: &Verify, context: &Context, file: FileDigests) -> Result<Report, CliError> {
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

fn having(store: &Store, file: &FileDigests) -> Result<Vec<ReleaseRow>, CliError> {
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

fn judged(asked: &Verify, store: &Store, file: &FileDigests, row: ReleaseRow) -> Result<Judged, CliError> {
    let alert = packages::accusation(store, &row.purl)?;
    let mut judged = Judged::of(row.purl, Source::Store, row.observation, row.unchecked);
    judged.file = judged.observation.as_ref().and_then(|observation| same(&observation.files, file));
    // A release is also found by its former files, and nothing was verified of those.
    judged.had_it_once = judged.file.is_none() && judged.observation.is_some();
    judged.compared = match row.outcome {
        _ if row.in_baseline => Compared::Learned,
        Outcome::Clean | Outcome::Alerted | Outcome::Held => Compared::Compared,
        Outcome::Learned | Outcome::Unchecked | Outcome::Unreadable => Compared::NoBaseline,
    };
    judged.report(alert);
    Ok(judged.on(&asked.conditions))
}

/// The name of the file that has these digests: at least one is equal, and none that both have differs.
fn same(files: &[File], file: &FileDigests) -> Option<String> {
    let (sha256, sha512) = (file.get("sha256").cloned(), file.get("sha512").cloned());
    let digests = Digests { sha256, sha512, ..Digests::default() };
    files.iter().find(|known| known.digests.agree(&digests)).map(|known| known.name.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_the_same_where_no_digest_that_both_know_contradicts() {
        let (one, two) = ("ab".repeat(32), "cd".repeat(64));
        let known: File =
            serde_json::from_value(json!({"name": "a.tgz", "digests": {"sha256": one, "sha512": two}})).unwrap();
        let with = |all: &[(&str, &str)]| {
            let all = all.iter().map(|(name, hex)| ((*name).to_owned(), (*hex).to_owned()));
            same(std::slice::from_ref(&known), &all.collect())
        };
        let other = "ef".repeat(64);
        for is_it in [&[("sha256", &*one)][..], &[("sha512", &two)], &[("sha256", &one), ("sha512", &two)]] {
            assert_eq!(with(is_it).as_deref(), Some("a.tgz"), "{is_it:?}");
        }
        for is_another in
            [&[][..], &[("sha512", &*other)], &[("sha256", &one), ("sha512", &other)], &[("sha384", &one)]]
        {
            assert_eq!(with(is_another), None, "{is_another:?}");
        }
    }
}
