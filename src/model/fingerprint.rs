//! Whether files are still what they were.

use std::{collections::BTreeMap, fmt::Write as _};

use sha2::{Digest, Sha256};

use super::{Digests, Ecosystem, File};

/// A fingerprint of a release's files and their digests, whatever their order: it changes when a file is added or
/// replaced.
pub fn files_fingerprint(files: &[File]) -> String {
    let mut lines: Vec<_> = files.iter().map(|file| (&file.name, &file.digests.sha256, &file.digests.sha512)).collect();
    lines.sort();
    let mut hash = Sha256::new();
    for (name, sha256, sha512) in lines {
        // Lengths keep a name with a line break from looking like two files.
        let mut line = format!("{}:{name}", name.len());
        for digest in [sha256, sha512] {
            let _ = write!(line, " {}", digest.as_deref().unwrap_or("-"));
        }
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hex::encode(hash.finalize())
}

/// The files that had another content before, by name, with the digests of then. Only digests that are known of both count.
pub fn replaced_files(ecosystem: Ecosystem, before: &[File], now: &[File]) -> BTreeMap<String, Digests> {
    // Elsewhere a release is a single file, and mirrors call it as they like.
    let by_name = ecosystem == Ecosystem::Pypi;
    let former = |file: &File| before.iter().find(|known| !by_name || known.name == file.name);
    let pairs = now.iter().filter_map(|file| Some((file, former(file)?)));
    let changed = pairs.filter(|(file, former)| former.digests.contradiction(&file.digests).is_some());
    changed.map(|(file, former)| (file.name.clone(), former.digests.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, sha256: Option<&str>, sha512: Option<&str>) -> File {
        let digests = Digests { sha256: sha256.map(str::to_owned), sha512: sha512.map(str::to_owned) };
        File { name: name.to_owned(), digests, uploaded_at: None, yanked: false, attestation: None }
    }

    #[test]
    fn a_file_is_replaced_where_a_digest_that_both_have_differs() {
        let before = [file("a", Some("1"), None), file("b", Some("2"), Some("x"))];
        for (ecosystem, now, replaced) in [
            (Ecosystem::Pypi, file("a", Some("1"), Some("y")), 0),
            (Ecosystem::Pypi, file("a", Some("9"), None), 1),
            (Ecosystem::Pypi, file("a", None, Some("9")), 0),
            (Ecosystem::Pypi, file("a", None, None), 0),
            (Ecosystem::Pypi, file("b", Some("2"), Some("z")), 1),
            (Ecosystem::Pypi, file("c", Some("9"), None), 0),
            (Ecosystem::Npm, file("c", Some("9"), None), 1),
            (Ecosystem::Cargo, file("c", Some("1"), None), 0),
        ] {
            assert_eq!(replaced_files(ecosystem, &before, std::slice::from_ref(&now)).len(), replaced, "{now:?}");
        }
    }
}
