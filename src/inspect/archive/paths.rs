//! Compares the paths of an archive's members with each other: paths of one file, and files that are folders.

use super::{
    contents::Contents,
    folded::folded,
    member::{Kind, Member},
};
use crate::inspect::anomaly::{Anomalies, AnomalyKind};

/// A path as the most forgiving system sees it, and the place of its member.
type Folded = (String, usize);

/// Notes what is odd about the paths together. The members are sorted by path.
pub(super) fn compare(contents: &mut Contents) {
    let Contents { members, anomalies, .. } = contents;
    duplicates(members, anomalies);
    let mut folded: Vec<Folded> = members.iter().enumerate().map(|(at, member)| (folded(&member.path), at)).collect();
    folded.sort_unstable();
    collisions(members, &folded, anomalies);
    below_files(members, &folded, anomalies);
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

fn collisions(members: &[Member], folded: &[Folded], anomalies: &mut Anomalies) {
    for pair in folded.windows(2) {
        let [(one_folded, one), (other_folded, other)] = pair else { continue };
        let (one, other) = (&*members[*one].path, &*members[*other].path);
        if one_folded == other_folded && one != other {
            let detail = format!("on some systems it is one file with {other:?}");
            anomalies.add(AnomalyKind::PathCollision, Some(one), detail);
        }
    }
}

/// Members below something that is not a folder, or is none on some systems.
fn below_files(members: &[Member], folded: &[Folded], anomalies: &mut Anomalies) {
    let mut below = String::new();
    for (path, at) in folded.iter().filter(|(_, at)| members[*at].kind != Kind::Folder) {
        below.clear();
        below.push_str(path);
        below.push('/');
        let inner = folded.partition_point(|(other, _)| *other < below);
        let Some((_, inner)) = folded.get(inner).filter(|(other, _)| other.starts_with(&below)) else { continue };
        let member = &members[*at];
        let (kind, detail) = match member.kind {
            Kind::Symlink | Kind::HardLink => {
                let target = member.target.as_deref().unwrap_or_default();
                (AnomalyKind::ThroughLink, format!("it is below a link to {target:?}"))
            }
            _ => (AnomalyKind::FileAsFolder, format!("it is below {:?}, which is not a folder", &*member.path)),
        };
        anomalies.add(kind, Some(&members[*inner].path), detail);
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
        use AnomalyKind::{DuplicatePath, FileAsFolder, PathCollision, ThroughLink};
        use Kind::{File, Folder, Symlink};
        for (members, expected) in [
            (&[("a", File), ("a-b", File), ("b/a", File)][..], &[][..]),
            (&[("a", File), ("a", File)], &[(DuplicatePath, "a")]),
            (&[("a", Folder), ("a", Folder), ("a/b", File)], &[]),
            (&[("a", File), ("a", Folder)], &[(DuplicatePath, "a")]),
            (&[("A", File), ("a", File)], &[(PathCollision, "A")]),
            (&[("Ä/x", File), ("ä/x", File)], &[(PathCollision, "Ä/x")]),
            (&[("a\u{308}", File), ("ä", File)], &[(PathCollision, "a\u{308}")]),
            (&[("lib", Folder), ("lib.", File)], &[(PathCollision, "lib")]),
            (&[("a", File), ("a-b", File), ("a/b", File)], &[(FileAsFolder, "a/b")]),
            (&[("a", Symlink), ("a/b", File)], &[(ThroughLink, "a/b")]),
            (&[("A/b", File), ("a", Symlink)], &[(ThroughLink, "A/b")]),
            (&[("straße", Symlink), ("STRASSE/b", File)], &[(ThroughLink, "STRASSE/b")]),
        ] {
            let mut members: Vec<_> = members.iter().map(|(path, kind)| member(path, *kind)).collect();
            members.sort_by(|one, other| one.path.cmp(&other.path));
            let mut contents = Contents { members, ..Contents::default() };
            compare(&mut contents);
            let found: Vec<_> = contents.anomalies.kept().iter().collect();
            let found: Vec<_> = found.iter().map(|one| (one.kind, one.path.as_deref().unwrap())).collect();
            assert_eq!(found, expected);
        }
    }
}
