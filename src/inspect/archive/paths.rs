//! Compares the paths of an archive's members with each other: those that are one file, and files that are folders.

use super::{
    contents::Contents,
    member::{Kind, Member},
};
use crate::inspect::anomaly::{Anomalies, AnomalyKind};

/// Notes what is odd about the paths together. The members are sorted by path.
pub(super) fn compare(contents: &mut Contents) {
    let Contents { members, anomalies, .. } = contents;
    duplicates(members, anomalies);
    case_collisions(members, anomalies);
    below_files(members, anomalies);
}

/// Folders may be named several times.
fn duplicates(members: &[Member], anomalies: &mut Anomalies) {
    for pair in members.windows(2) {
        let [one, other] = pair else { continue };
        if one.path == other.path && (one.kind, other.kind) != (Kind::Folder, Kind::Folder) {
            let same = if one.sha256.is_some() && one.sha256 == other.sha256 { "the same" } else { "different" };
            let detail = format!("the archive has it twice, with {same} content");
            anomalies.add(AnomalyKind::DuplicatePath, Some(&one.path), detail);
        }
    }
}

fn case_collisions(members: &[Member], anomalies: &mut Anomalies) {
    let has_capitals = |member: &Member| member.path.chars().any(char::is_uppercase);
    if !members.iter().any(has_capitals) {
        return;
    }
    let mut lower: Vec<(String, &str)> =
        members.iter().map(|member| (member.path.to_lowercase(), &*member.path)).collect();
    lower.sort_unstable();
    for pair in lower.windows(2) {
        let [(one_lower, one), (other_lower, other)] = pair else { continue };
        if one_lower == other_lower && one != other {
            anomalies.add(AnomalyKind::CaseCollision, Some(one), format!("only capitals tell it from {other:?}"));
        }
    }
}

/// Members below something that is not a folder.
fn below_files(members: &[Member], anomalies: &mut Anomalies) {
    let mut below = String::new();
    for member in members.iter().filter(|member| member.kind != Kind::Folder) {
        below.clear();
        below.push_str(&member.path);
        below.push('/');
        let at = members.partition_point(|other| *other.path < *below);
        let Some(inner) = members.get(at).filter(|other| other.path.starts_with(&below)) else { continue };
        let (kind, detail) = match member.kind {
            Kind::Symlink | Kind::HardLink => {
                let target = member.target.as_deref().unwrap_or_default();
                (AnomalyKind::ThroughLink, format!("it is below a link to {target:?}"))
            }
            _ => (AnomalyKind::FileAsFolder, format!("it is below {:?}, which is not a folder", &*member.path)),
        };
        anomalies.add(kind, Some(&inner.path), detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::nature::Nature;

    fn member(path: &str, kind: Kind) -> Member {
        let target = (kind == Kind::Symlink).then(|| "elsewhere".into());
        Member {
            path: path.into(),
            kind,
            size: 0,
            mode: None,
            sha256: None,
            nature: Nature::Empty,
            longest_line: 0,
            target,
        }
    }

    #[test]
    fn paths_that_are_one_file_or_a_folder_are_noted() {
        use AnomalyKind::{CaseCollision, DuplicatePath, FileAsFolder, ThroughLink};
        use Kind::{File, Folder, Symlink};
        for (members, expected) in [
            (&[("a", File), ("a-b", File), ("b/a", File)][..], &[][..]),
            (&[("a", File), ("a", File)], &[(DuplicatePath, "a")]),
            (&[("a", Folder), ("a", Folder), ("a/b", File)], &[]),
            (&[("a", File), ("a", Folder)], &[(DuplicatePath, "a")]),
            (&[("A", File), ("a", File)], &[(CaseCollision, "A")]),
            (&[("Ä/x", File), ("ä/x", File)], &[(CaseCollision, "Ä/x")]),
            (&[("a", File), ("a-b", File), ("a/b", File)], &[(FileAsFolder, "a/b")]),
            (&[("a", Symlink), ("a/b", File)], &[(ThroughLink, "a/b")]),
        ] {
            let members = members.iter().map(|(path, kind)| member(path, *kind)).collect();
            let mut contents = Contents { members, ..Contents::default() };
            compare(&mut contents);
            let found: Vec<_> = contents.anomalies.kept().iter().collect();
            let found: Vec<_> = found.iter().map(|one| (one.kind, one.path.as_deref().unwrap())).collect();
            assert_eq!(found, expected);
        }
    }
}
