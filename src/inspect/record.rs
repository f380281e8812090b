//! Compares the members of a wheel with the list that the wheel has of them, with digests (`RECORD`).

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    anomaly::AnomalyKind,
    archive::{Contents, Kind, Member},
};

/// The list, and the signatures of it, which it does not have.
const RECORD: &str = "RECORD";
const UNLISTED: [&str; 3] = [RECORD, "RECORD.jws", "RECORD.p7s"];

fn of_list(path: &str) -> Option<&str> {
    path.split_once('/').filter(|(folder, _)| folder.ends_with(".dist-info")).map(|(_, rest)| rest)
}

/// Whether a file is the list.
pub(super) fn keeps(path: &str) -> bool {
    of_list(path) == Some(RECORD)
}

/// Notes where the list and the members contradict each other. Installers do not look at that.
pub(super) fn check(contents: &mut Contents) {
    let lists: Vec<_> = contents.texts.iter().filter(|(path, _)| keeps(path)).map(|(_, kept)| kept.clone()).collect();
    let [list] = lists.as_slice() else {
        if contents.stopped.is_none() {
            let detail = format!("it has {} lists of its files (RECORD) where one is expected", lists.len());
            contents.anomalies.add(AnomalyKind::Disagreement, None, detail);
        }
        return;
    };
    if !list.is_whole {
        contents.could_not_read(RECORD, "it is too long to be compared with the files");
        return;
    }
    let text = String::from_utf8_lossy(&list.bytes).into_owned();
    let mut listed = Listed::default();
    for line in text.lines().filter_map(Line::read) {
        listed.add(line, contents);
    }
    listed.compare(contents);
}

/// A line, `path,sha256=…,size`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line<'a> {
    path: String,
    digest: &'a str,
    size: &'a str,
}

impl<'a> Line<'a> {
    /// A path with a comma is in quotes.
    fn read(line: &'a str) -> Option<Self> {
        let (rest, size) = line.trim_end().rsplit_once(',')?;
        let (path, digest) = rest.rsplit_once(',')?;
        let path = match path.strip_prefix('"').and_then(|path| path.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => path.to_owned(),
        };
        Some(Self { path: path.trim_start_matches("./").to_owned(), digest, size })
    }

    /// What it says wrongly of a member, or leaves out.
    fn fault(&self, member: &Member) -> Option<&'static str> {
        let (found, size) = (member.sha256?, self.size.parse::<u64>());
        let is_known = ["sha384=", "sha512="].iter().any(|known| self.digest.starts_with(known));
        match self.digest.strip_prefix("sha256=") {
            Some(stated) if stated.trim_end_matches('=') != BASE64_URL_SAFE_NO_PAD.encode(found) => {
                Some("has another digest of it")
            }
            None if !is_known => Some("has no digest of it that proves anything"),
            _ if size.is_ok_and(|size| size != member.size) => Some("has another size of it"),
            _ => None,
        }
    }
}

/// The lines by their paths.
#[derive(Default)]
struct Listed<'a>(BTreeMap<String, Line<'a>>);

impl<'a> Listed<'a> {
    fn add(&mut self, line: Line<'a>, contents: &mut Contents) {
        if self.0.get(&line.path).is_some_and(|former| *former != line) {
            note(contents, &line.path, "has two lines about it, which differ");
        }
        self.0.insert(line.path.clone(), line);
    }

    fn compare(&self, contents: &mut Contents) {
        let mut faults = Vec::new();
        for member in contents.members.iter().filter(|member| member.kind != Kind::Folder) {
            let is_unlisted = of_list(&member.path).is_some_and(|rest| UNLISTED.contains(&rest));
            let fault = match self.0.get(&*member.path) {
                _ if is_unlisted => None,
                None => Some("does not have it"),
                Some(line) => line.fault(member),
            };
            faults.extend(fault.map(|fault| (member.path.to_string(), fault)));
        }
        // Of an archive that was not read to its end, members are missing here.
        let gone = self.0.keys().filter(|path| contents.stopped.is_none() && contents.member(path).is_none());
        faults.extend(gone.map(|path| (path.clone(), "has it, and the wheel does not")));
        for (path, fault) in faults {
            note(contents, &path, fault);
        }
    }
}

fn note(contents: &mut Contents, path: &str, fault: &str) {
    let detail = format!("the wheel's list of its files (RECORD) {fault}");
    contents.anomalies.add(AnomalyKind::Disagreement, Some(path), detail);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_path_a_digest_and_a_size() {
        for (text, path, digest, size) in [
            ("a/b.py,sha256=x,12", "a/b.py", "sha256=x", "12"),
            ("./a.py,,", "a.py", "", ""),
            ("\"a,\"\"b\"\".py\",sha256=x,1\r", "a,\"b\".py", "sha256=x", "1"),
        ] {
            assert_eq!(Line::read(text), Some(Line { path: path.to_owned(), digest, size }), "{text}");
        }
        assert_eq!(Line::read("a"), None);
    }
}
