//! Fingerprints of files, to notice changes.

use std::{collections::BTreeMap, fmt::Write as _};

use sha2::{Digest, Sha256};

use super::{Digests, Ecosystem, File, Observation};

/// Most files that the registry no longer lists and whose digests are kept: an attacker who uploads and removes files
/// without end does not displace the earlier ones.
const MOST_FORMER: usize = 4096;

/// A fingerprint of a release's files and their digests, whatever their order: it changes when a file is added or
/// replaced.
pub fn files_fingerprint(files: &[File]) -> String {
    let mut lines: Vec<_> = files.iter().map(|file| (&file.name, &file.digests)).collect();
    lines.sort_by_key(|(name, digests)| (*name, &digests.sha256, &digests.sha512, &digests.sha1));
    let mut hash = Sha256::new();
    for (name, digests) in lines {
        // Lengths keep a name with a line break from looking like two files.
        let mut line = format!("{}:{name}", name.len());
        for digest in [&digests.sha256, &digests.sha512] {
            let _ = write!(line, " {}", digest.as_deref().unwrap_or("-"));
        }
        if let Some(sha1) = &digests.sha1 {
            let _ = write!(line, " {sha1}");
        }
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hex::encode(hash.finalize())
}

/// The files that had another content before, by name, with the digests of then. Only digests that both looks have are
/// compared, whenever they were seen: a file that was gone for a while, or a digest that is left out, is not a change.
pub fn replaced_files(ecosystem: Ecosystem, before: &Observation, now: &[File]) -> BTreeMap<String, Digests> {
    let pairs = now.iter().filter_map(|file| Some((file, known(ecosystem, before, &file.name)?)));
    let changed = pairs.filter(|(file, known)| known.contradiction(&file.digests).is_some());
    changed.map(|(file, known)| (file.name.clone(), known)).collect()
}

/// Every digest that was seen but is not listed now, by file.
pub fn former_digests(ecosystem: Ecosystem, before: &Observation, now: &[File]) -> BTreeMap<String, Digests> {
    let former = before.facts.former_digests.iter().flatten().map(|(name, _)| name);
    let names = former.chain(before.files.iter().map(|file| &file.name));
    let mut kept = BTreeMap::new();
    for name in names {
        let Some(known) = known(ecosystem, before, name) else { continue };
        let stated = now.iter().find(|file| !ecosystem.row().files.many || file.name == *name);
        let left = stated.map_or_else(|| known.clone(), |file| known.clone().besides(&file.digests));
        if left.is_known() && (kept.len() < MOST_FORMER) {
            kept.insert(stated.map_or(name, |file| &file.name).clone(), left);
        }
    }
    kept
}

/// All digests of a file that earlier looks saw.
fn known(ecosystem: Ecosystem, before: &Observation, name: &str) -> Option<Digests> {
    let is_it = |other: &str| !ecosystem.row().files.many || other == name;
    let stated = before.files.iter().find(|file| is_it(&file.name)).map(|file| file.digests.clone());
    let mut former = before.facts.former_digests.iter().flatten();
    let former = former.find(|(other, _)| is_it(other)).map(|(_, digests)| digests.clone());
    match (stated, former) {
        (Some(stated), Some(former)) => Some(stated.or(former)),
        (stated, former) => stated.or(former),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests([sha256, sha512, sha1]: [&str; 3]) -> Digests {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Digests { sha256: some(sha256), sha512: some(sha512), sha1: some(sha1) }
    }

    fn file(name: &str, of: [&str; 3]) -> File {
        File { name: name.to_owned(), digests: digests(of), uploaded_at: None, yanked: false, attestation: None }
    }

    fn seen(files: Vec<File>, former: &[(&str, [&str; 3])]) -> Observation {
        let mut seen: Observation = serde_json::from_str(
            r#"{"purl":"pkg:pypi/a@1","published_at":"2026-06-01T00:00:00Z","auth":{"method":"unknown"},"attestation":{"status":"absent"}}"#,
        )
        .unwrap();
        let former: BTreeMap<_, _> = former.iter().map(|(name, of)| ((*name).to_owned(), digests(*of))).collect();
        seen.facts.former_digests = Some(former).filter(|former| !former.is_empty());
        Observation { files, ..seen }
    }

    #[test]
    fn a_file_is_replaced_where_a_digest_that_both_have_differs() {
        let before = seen(vec![file("a", ["1", "", "s"]), file("b", ["2", "x", ""])], &[("c", ["3", "", ""])]);
        for (ecosystem, now, replaced) in [
            (Ecosystem::PYPI, file("a", ["1", "y", ""]), 0),
            (Ecosystem::PYPI, file("a", ["9", "", ""]), 1),
            (Ecosystem::PYPI, file("a", ["", "9", ""]), 0),
            (Ecosystem::PYPI, file("a", ["", "", ""]), 0),
            (Ecosystem::PYPI, file("b", ["2", "z", ""]), 1),
            (Ecosystem::PYPI, file("d", ["9", "", ""]), 0),
            // It was missing for a while.
            (Ecosystem::PYPI, file("c", ["9", "", ""]), 1),
            (Ecosystem::PYPI, file("c", ["3", "", ""]), 0),
            (Ecosystem::NPM, file("c", ["9", "", ""]), 1),
            (Ecosystem::CARGO, file("c", ["1", "", ""]), 0),
            // The strong digest is left out and the weak one differs.
            (Ecosystem::NPM, file("a", ["", "", "t"]), 1),
            (Ecosystem::NPM, file("a", ["", "", "s"]), 0),
        ] {
            assert_eq!(replaced_files(ecosystem, &before, std::slice::from_ref(&now)).len(), replaced, "{now:?}");
        }
    }

    #[test]
    fn what_is_not_stated_any_more_is_kept() {
        let before = seen(vec![file("a", ["1", "", "s"]), file("b", ["2", "x", ""])], &[("c", ["3", "", ""])]);
        let now = [file("a", ["1", "", ""])];
        let kept = former_digests(Ecosystem::PYPI, &before, &now);
        let expected = [("a", ["", "", "s"]), ("b", ["2", "x", ""]), ("c", ["3", "", ""])];
        assert_eq!(kept, expected.into_iter().map(|(name, of)| (name.to_owned(), digests(of))).collect());
        let single = seen(vec![file("a.tgz", ["", "x", "s"])], &[]);
        let now = [file("b.tgz", ["", "", "s"])];
        let kept = former_digests(Ecosystem::NPM, &single, &now);
        assert_eq!(kept, [("b.tgz".to_owned(), digests(["", "x", ""]))].into());
        let again = seen(now.to_vec(), &[("b.tgz", ["", "x", ""])]);
        assert_eq!(replaced_files(Ecosystem::NPM, &again, &[file("b.tgz", ["", "y", ""])]).len(), 1);
        assert!(former_digests(Ecosystem::NPM, &again, &[file("b.tgz", ["", "x", "s"])]).is_empty());
    }

    #[test]
    fn a_fingerprint_is_of_all_digests() {
        let fingerprint = |of| files_fingerprint(&[file("a", of)]);
        let all = [["1", "", ""], ["1", "2", ""], ["1", "2", "3"], ["1", "2", "4"], ["", "", "3"]].map(fingerprint);
        assert!(all.iter().all(|one| all.iter().filter(|other| *other == one).count() == 1));
    }
}
