//! Compares the members of a wheel with the list that the wheel has of them, with digests (`RECORD`).

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    anomaly::AnomalyKind,
    archive::{Contents, Kind},
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

/// Notes the members that the list does not have, or has with another digest. Installers do not look at that.
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
        contents.unread_count += 1;
        contents.unread.push((RECORD.to_owned(), "it is too long to be compared with the files".to_owned()));
        return;
    }
    let text = String::from_utf8_lossy(&list.bytes).into_owned();
    let listed: BTreeMap<String, &str> = text.lines().filter_map(line).collect();
    for member in contents.members.iter().filter(|member| member.kind == Kind::File) {
        if of_list(&member.path).is_some_and(|rest| UNLISTED.contains(&rest)) {
            continue;
        }
        let found = member.sha256.map(|sha256| format!("sha256={}", BASE64_URL_SAFE_NO_PAD.encode(sha256)));
        let detail = match listed.get(&*member.path) {
            None => "the wheel's list of its files (RECORD) does not have it",
            Some(stated)
                if stated.starts_with("sha256=")
                    && found.is_some_and(|found| found != stated.trim_end_matches('=')) =>
            {
                "the wheel's list of its files (RECORD) has another digest of it"
            }
            Some(_) => continue,
        };
        contents.anomalies.add(AnomalyKind::Disagreement, Some(&member.path), detail);
    }
}

/// The path and the digest of a line, `path,sha256=…,size`. A path with a comma is in quotes.
fn line(line: &str) -> Option<(String, &str)> {
    let (rest, _) = line.trim_end().rsplit_once(',')?;
    let (path, digest) = rest.rsplit_once(',')?;
    let path = match path.strip_prefix('"').and_then(|path| path.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => path.to_owned(),
    };
    Some((path.trim_start_matches("./").to_owned(), digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_path_and_a_digest() {
        for (text, path, digest) in [
            ("a/b.py,sha256=x,12", "a/b.py", "sha256=x"),
            ("./a.py,,", "a.py", ""),
            ("\"a,\"\"b\"\".py\",sha256=x,1\r", "a,\"b\".py", "sha256=x"),
        ] {
            assert_eq!(line(text), Some((path.to_owned(), digest)), "{text}");
        }
        assert_eq!(line("a"), None);
    }
}
