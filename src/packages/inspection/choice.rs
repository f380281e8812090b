//! Chooses the files of a release to look into, and for each the file of the other release to compare it with.

use std::cmp::Reverse;

use super::report::{InspectionRequest, LeftOut};
use crate::{
    inspect::Format,
    model::{ArchiveFormat, Row},
    registry::Archive,
    text::{counted, listed},
};

/// The chosen files, and the others.
pub(super) struct Choice<'a> {
    pub(super) chosen: Vec<&'a Archive>,
    pub(super) left_out: Vec<LeftOut>,
    /// The names that were asked for and that no file has; sentences.
    pub(super) unknown: Vec<String>,
}

/// Chooses among the files of a release of this registry.
pub(super) fn choose<'a>(row: &Row, files: &'a [Archive], asked: &InspectionRequest) -> Choice<'a> {
    if asked.files.is_empty() { by_rank(row, files, asked.at_most) } else { by_name(files, &asked.files) }
}

fn by_name<'a>(files: &'a [Archive], names: &[String]) -> Choice<'a> {
    let (chosen, rest): (Vec<_>, Vec<_>) = files.iter().partition(|archive| names.contains(&archive.file.name));
    let unknown = names.iter().filter(|name| files.iter().all(|archive| archive.file.name != **name));
    let all = || listed(files.iter().map(|archive| archive.file.name.clone()), 10);
    let unknown = unknown.map(|name| format!("the release has no file {name}; its files are {}", all())).collect();
    // A request for some files is not one for the others.
    let left_out = rest.into_iter().map(|archive| left_out(archive, "it was not asked for")).collect();
    Choice { chosen, left_out, unknown }
}

/// Sources first, then what is installed everywhere, then what is built for one kind of machine.
fn by_rank<'a>(row: &Row, files: &'a [Archive], at_most: usize) -> Choice<'a> {
    let format = |archive: &Archive| Format::of(row.files.archives, &archive.file.name);
    let (mut readable, others): (Vec<_>, Vec<_>) = files.iter().partition(|archive| format(archive).is_some());
    readable.sort_by_key(|archive| {
        let is_wheel = format(archive).is_some_and(|format| format.id == ArchiveFormat::Wheel);
        let is_pure = archive.file.name.ends_with("-none-any.whl");
        (is_wheel, is_wheel && !is_pure, archive.file.name.clone())
    });
    let rest = readable.split_off(at_most.min(readable.len()));
    let many = format!("{} of it come before; --file names it, --limit allows more", counted(at_most, "file"));
    let rest = rest.into_iter().map(|archive| left_out(archive, &many));
    let others = others.into_iter().map(|archive| left_out(archive, "provwatch does not read this kind of file"));
    Choice { chosen: readable, left_out: rest.chain(others).collect(), unknown: Vec::new() }
}

fn left_out(archive: &Archive, why: &str) -> LeftOut {
    LeftOut { name: archive.file.name.clone(), why: why.to_owned() }
}

/// The file of another release that is most like a file: of the same format, and with the same tags if it has any.
pub(super) fn counterpart<'a>(row: &Row, name: &str, files: &'a [Archive]) -> Option<&'a Archive> {
    if !row.files.many {
        return files.first();
    }
    let format = |name: &str| Format::of(row.files.archives, name).map(|format| format.id);
    let wanted = format(name)?;
    let alike = files.iter().filter(|archive| format(&archive.file.name) == Some(wanted));
    // The first of those that are equally like it.
    alike.min_by_key(|archive| (Reverse(common_tags(name, &archive.file.name)), &archive.file.name))
}

/// How many of the three tags of two wheels are the same: Python, ABI, platform.
fn common_tags(one: &str, other: &str) -> usize {
    let tags = |name: &str| -> Vec<String> {
        let stem = name.strip_suffix(".whl").unwrap_or_default();
        stem.rsplit('-').take(3).map(str::to_owned).collect()
    };
    tags(one).iter().zip(&tags(other)).filter(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digests, Ecosystem, File};

    fn files(names: &[&str]) -> Vec<Archive> {
        let file = |name: &&str| Archive {
            file: File {
                name: (*name).to_owned(),
                digests: Digests::default(),
                uploaded_at: None,
                yanked: false,
                attestation: None,
            },
            place: Err("not fetched".to_owned()),
            evidence: None,
            manifest: None,
        };
        names.iter().map(file).collect()
    }

    fn request(names: &[&str], at_most: usize) -> InspectionRequest {
        InspectionRequest {
            release: "pkg:pypi/a@2.0".parse().unwrap(),
            against: None,
            files: names.iter().map(|name| (*name).to_owned()).collect(),
            at_most,
            largest: 1,
            shown: Vec::new(),
        }
    }

    const FILES: [&str; 6] = [
        "a-2.0-cp312-cp312-win_amd64.whl",
        "a-2.0.exe",
        "a-2.0-py3-none-any.whl",
        "a-2.0.tar.gz",
        "a-2.0-cp311-cp311-win_amd64.whl",
        "a-2.0-cp310-cp310-win_amd64.whl",
    ];

    #[test]
    fn sources_come_first_and_the_rest_is_told() {
        let files = files(&FILES);
        let row = Ecosystem::PYPI.row();
        let chosen = |request: &InspectionRequest| {
            let choice = choose(row, &files, request);
            let names: Vec<String> = choice.chosen.iter().map(|archive| archive.file.name.clone()).collect();
            (names, choice.left_out.len(), choice.unknown)
        };
        let (names, left_out, _) = chosen(&request(&[], 3));
        assert_eq!(names, ["a-2.0.tar.gz", "a-2.0-py3-none-any.whl", "a-2.0-cp310-cp310-win_amd64.whl"]);
        assert_eq!(left_out, 3);
        let (names, _, unknown) = chosen(&request(&["a-2.0.exe", "b.whl"], 1));
        assert_eq!(names, ["a-2.0.exe"]);
        assert!(unknown[0].contains("no file b.whl") && unknown[0].contains("a-2.0.tar.gz"), "{unknown:?}");
    }

    #[test]
    fn a_file_is_compared_with_the_one_that_is_most_like_it() {
        let before = files(&[
            "a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
            "a-1.0-cp312-cp312-win_amd64.whl",
            "a-1.0-py2.py3-none-any.whl",
            "a-1.0.tar.gz",
        ]);
        let of = |name: &str| counterpart(Ecosystem::PYPI.row(), name, &before).map(|it| it.file.name.clone());
        for (name, expected) in [
            ("a-2.0.tar.gz", Some("a-1.0.tar.gz")),
            ("a-2.0-py3-none-any.whl", Some("a-1.0-py2.py3-none-any.whl")),
            ("a-2.0-cp312-cp312-manylinux_2_28_x86_64.whl", Some("a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl")),
            ("a-2.0-cp313-cp313-win_amd64.whl", Some("a-1.0-cp312-cp312-win_amd64.whl")),
            ("a-2.0.zip", None),
            ("a-2.0.exe", None),
        ] {
            assert_eq!(of(name).as_deref(), expected, "{name}");
        }
        let single = files(&["whatever.tgz"]);
        assert!(counterpart(Ecosystem::NPM.row(), "a-2.0.0.tgz", &single).is_some());
    }
}
