//! Tests of what two archives' comparison says, and of the findings that follow.

use provwatch::{
    inspect::{Agreement, By, ContentsReport, FileReport, FindingKind, Limits, State, Statement, findings},
    model::{ArchiveFormat, Digests, Manifest, Severity},
};

use super::{format, look};
use crate::lab::archive::{Tar, TarHeader, below, npm_tarball, wheel};

fn contents(id: ArchiveFormat, before: &[u8], now: &[u8]) -> ContentsReport {
    let shown = ["README.md".to_owned()];
    let before = provwatch::inspect::Look::into(before, format(id), &Limits::default(), &shown);
    ContentsReport::look(now, Some(&before), format(id), &Limits::default(), &shown)
}

fn report(contents: ContentsReport) -> FileReport {
    FileReport {
        name: "a.tgz".to_owned(),
        format: None,
        size: 1,
        digests: Digests::default(),
        statements: Vec::new(),
        compared_with: None,
        contents: Some(contents),
    }
}

/// Kind, severity and path of each finding, the worst first.
fn found(contents: ContentsReport) -> Vec<(FindingKind, Severity, String)> {
    let all = findings(&report(contents), None);
    all.into_iter().map(|one| (one.kind, one.severity, one.path.unwrap_or_default())).collect()
}

const MANIFEST: (&str, &str) = ("package.json", "{\"name\":\"a\"}");

#[test]
fn files_are_added_removed_changed_and_moved() {
    let before = npm_tarball(&[MANIFEST, ("a.js", "1"), ("b.js", "2"), ("c.js", "3"), ("empty", "")]);
    let now = npm_tarball(&[MANIFEST, ("a.js", "10"), ("lib/b.js", "2"), ("d.js", "4"), ("empty2", "")]);
    let changes = contents(ArchiveFormat::NpmTarball, &before, &now).changes.unwrap();
    let added: Vec<_> = changes.added.items.iter().map(|file| (&*file.path, file.size)).collect();
    assert_eq!(added, [("d.js", 1), ("empty2", 0)]);
    let removed: Vec<_> = changes.removed.items.iter().map(|file| &*file.path).collect();
    assert_eq!(removed, ["c.js", "empty"]);
    let [edited] = &changes.changed.items[..] else { panic!("{changes:?}") };
    assert_eq!((&*edited.now.path, edited.before.size, edited.now.size), ("a.js", 1, 2));
    let [moved] = &changes.moved.items[..] else { panic!("{changes:?}") };
    assert_eq!((&*moved.from, &*moved.to), ("b.js", "lib/b.js"));
    assert_eq!(changes.unchanged, 1);
}

#[test]
fn long_lists_are_cut_and_counted() {
    let names: Vec<String> = (0..700).map(|number| format!("{number}.js")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "x")).collect();
    let changes = contents(ArchiveFormat::NpmTarball, &npm_tarball(&[MANIFEST]), &npm_tarball(&files)).changes.unwrap();
    assert_eq!((changes.added.count, changes.added.items.len()), (700, 500));
}

#[test]
fn the_version_in_a_wheels_folders_is_not_a_change() {
    let of = |version: &str| wheel("a", version, &[("a.py", "x"), (&format!("a-{version}.data/scripts/run"), "y")]);
    let contents = contents(ArchiveFormat::Wheel, &of("1.0"), &of("1.1"));
    let changes = contents.changes.as_ref().unwrap();
    assert_eq!((changes.added.count, changes.removed.count, changes.changed.count), (0, 0, 2), "METADATA and RECORD");
    assert_eq!(contents.scripts[0].state, State::Same);
    assert_eq!(found(contents), []);
}

#[test]
fn scripts_are_compared_with_their_texts() {
    let npm = |manifest: &str, script: &str| {
        npm_tarball(&[("package.json", manifest), ("setup.js", script), ("README.md", script)])
    };
    let hook = r#"{"scripts":{"postinstall":"node setup.js"}}"#;
    let other = r#"{"scripts":{"postinstall":"node setup.js --more"}}"#;
    let id = ArchiveFormat::NpmTarball;
    let added = contents(id, &npm("{}", "a\n"), &npm(hook, "a\n"));
    assert_eq!((added.scripts[0].state, added.scripts[0].files[0].state), (State::New, State::Same));
    assert_eq!(found(added), [(FindingKind::ScriptAdded, Severity::High, "setup.js".to_owned())]);
    let command = contents(id, &npm(hook, "a\n"), &npm(other, "a\n"));
    assert_eq!(command.scripts[0].command_before.as_deref(), Some("node setup.js"));
    assert_eq!(found(command), [(FindingKind::ScriptChanged, Severity::High, "setup.js".to_owned())]);
    let text = contents(id, &npm(hook, "a\n"), &npm(hook, "a\nsteal()\n"));
    let file = &text.scripts[0].files[0];
    assert_eq!((text.scripts[0].state, file.state), (State::Changed, State::Changed));
    assert!(file.difference.as_ref().unwrap().contains("+steal()"), "{file:?}");
    assert_eq!(text.shown[0].state, State::Changed, "what was asked for is shown too");
    assert_eq!(found(text), [(FindingKind::ScriptChanged, Severity::Medium, "setup.js".to_owned())]);
    let gone = contents(id, &npm(hook, "a\n"), &npm("{}", "a\n"));
    assert_eq!((gone.scripts[0].state, found(gone)), (State::Gone, vec![]));
    let same = contents(id, &npm(hook, "a\n"), &npm(hook, "a\n"));
    assert_eq!((same.scripts[0].state, found(same)), (State::Same, vec![]));
}

#[test]
fn a_script_that_became_a_link_is_changed() {
    let of = |tar: Tar| tar.file("a-1.0/a.txt", "x").gz();
    let before = of(Tar::new().file("a-1.0/setup.py", "setup()\n"));
    let now = of(Tar::new().symlink("a-1.0/setup.py", "a.txt"));
    let contents = contents(ArchiveFormat::Sdist, &before, &now);
    let file = &contents.scripts[0].files[0];
    assert_eq!((contents.scripts[0].state, file.state), (State::Changed, State::Changed));
    assert_eq!(file.text.as_deref(), Some("a link to a.txt\n"));
    assert!(file.difference.as_ref().unwrap().contains("+a link to a.txt"), "{file:?}");
}

#[test]
fn what_starts_with_the_interpreter_is_high_whether_new_or_changed() {
    let of = |content: Option<&str>| {
        let files: Vec<(&str, &str)> = content.map(|content| ("a.pth", content)).into_iter().collect();
        wheel("a", "1.0", &files)
    };
    let id = ArchiveFormat::Wheel;
    let high = |kind| vec![(kind, Severity::High, "a.pth".to_owned())];
    assert_eq!(found(contents(id, &of(None), &of(Some("import x\n")))), high(FindingKind::ScriptAdded));
    let changed = contents(id, &of(Some("import x\n")), &of(Some("import y\n")));
    assert_eq!(found(changed), high(FindingKind::ScriptChanged));
}

#[test]
fn build_files_change_with_versions() {
    let needs = "[build-system]\nrequires = [\"setuptools>=61\"]\n";
    let of = |setup: &str, project: &str| below("a-1.0", &[("setup.py", setup), ("pyproject.toml", project)]);
    let before = of("setup(version='1.0')", needs);
    let now = of("setup(version='1.1')", &needs.replace("61", "77"));
    let expected = [("setup.py".to_owned(), Severity::Medium), (String::new(), Severity::Medium)];
    let found = found(contents(ArchiveFormat::Sdist, &before, &now)).into_iter();
    assert_eq!(found.map(|(_, severity, path)| (path, severity)).collect::<Vec<_>>(), expected);
}

#[test]
fn binaries_links_and_enormous_lines_are_findings() {
    let tar = |files: &[(&str, &[u8])]| {
        files.iter().fold(Tar::new(), |tar, (name, content)| tar.file(format!("package/{name}"), content)).gz()
    };
    let (elf, line) = (b"\x7fELF\x02".as_slice(), "x".repeat(9000));
    let id = ArchiveFormat::NpmTarball;
    for (before, now, kind, severity, path) in [
        (&[("a", &b"x"[..])][..], &[("a", &b"x"[..]), ("b", elf)][..], FindingKind::BinaryAdded, Severity::High, "b"),
        (&[("a", elf)], &[("a", elf), ("b", elf), ("c", b"\x7fELF")], FindingKind::BinaryAdded, Severity::Medium, "b"),
        (&[("a", b"x")], &[("a", elf)], FindingKind::BinaryAdded, Severity::High, "a"),
        (&[("a", b"x\ny")], &[("a", line.as_bytes())], FindingKind::LineGrown, Severity::Medium, "a"),
    ] {
        let found = found(contents(id, &tar(before), &tar(now)));
        assert_eq!(found[0], (kind, severity, path.to_owned()));
    }
    let minified = tar(&[("a.min.js", line.as_bytes())]);
    assert_eq!(found(contents(id, &tar(&[("a.min.js", format!("{line}y").as_bytes())]), &minified)), []);
    let linked = Tar::new().file("package/a", "x").symlink("package/b", "a").gz();
    let new_link = contents(id, &tar(&[("a", b"x")]), &linked);
    assert_eq!(found(new_link), [(FindingKind::LinkAdded, Severity::Medium, "b".to_owned())]);
    assert_eq!(found(contents(id, &linked, &linked)), []);
}

#[test]
fn permissions_are_compared() {
    let of = |mode| Tar::new().member(&TarHeader { mode, ..TarHeader::file("package/a", 1) }, b"x").gz();
    let changes = contents(ArchiveFormat::NpmTarball, &of(0o644), &of(0o755)).changes.unwrap();
    assert!(changes.permissions.items[0].now.executable && changes.changed.count == 0, "{changes:?}");
}

#[test]
fn without_another_release_what_runs_is_shown_and_is_not_a_finding() {
    let hook = r#"{"scripts":{"postinstall":"node setup.js"}}"#;
    let bytes = npm_tarball(&[("package.json", hook), ("setup.js", "steal()")]);
    let format = format(ArchiveFormat::NpmTarball);
    let alone = ContentsReport::look(&bytes, None, format, &Limits::default(), &[]);
    assert_eq!((alone.scripts[0].state, &alone.changes), (State::NotCompared, &None));
    assert_eq!(alone.scripts[0].files[0].text.as_deref(), Some("steal()"));
    assert_eq!(found(alone), []);
}

#[test]
fn a_script_that_the_registry_does_not_name_is_a_finding() {
    let hook = r#"{"scripts":{"postinstall":"x","prepare":"y"}}"#;
    let bytes = npm_tarball(&[("package.json", hook)]);
    let format = format(ArchiveFormat::NpmTarball);
    let alone = report(ContentsReport::look(&bytes, None, format, &Limits::default(), &[]));
    let told = |names: &[&str]| Manifest {
        install_scripts: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..Manifest::default()
    };
    let [untold] = &findings(&alone, Some(&told(&[])))[..] else { panic!("one finding") };
    assert_eq!((untold.kind, untold.severity), (FindingKind::ScriptUntold, Severity::High));
    assert_eq!(findings(&alone, Some(&told(&["postinstall"]))), []);
    assert_eq!(findings(&alone, Some(&Manifest::default())), [], "it says nothing of scripts");
}

#[test]
fn statements_that_contradict_are_critical() {
    let look = look(ArchiveFormat::NpmTarball, &npm_tarball(&[MANIFEST]));
    let format = format(ArchiveFormat::NpmTarball);
    let mut file = report(ContentsReport::of(&look, None, format, &[]));
    for (by, outcome, kind) in [
        (By::Registry, Agreement::Contradicts, Some(FindingKind::DigestContradicts)),
        (By::Observation, Agreement::Contradicts, Some(FindingKind::FileReplaced)),
        (By::Attestation, Agreement::Contradicts, Some(FindingKind::AttestationContradicts)),
        (By::Attestation, Agreement::Invalid, Some(FindingKind::AttestationInvalid)),
        (By::Attestation, Agreement::Agrees, None),
        (By::Registry, Agreement::Unknown, None),
        (By::Observation, Agreement::None, None),
    ] {
        file.statements = vec![Statement { by, outcome, detail: "why".to_owned() }];
        let found = findings(&file, None);
        assert_eq!(found.first().map(|finding| finding.kind), kind, "{by:?} {outcome:?}");
        assert!(found.iter().all(|finding| finding.severity == Severity::Critical));
    }
}

#[test]
fn one_finding_stands_for_many_anomalies_of_a_kind() {
    let tar =
        (0..300).fold(Tar::new().file("package/a", ""), |tar, number| tar.symlink(&format!("package/{number}"), "/x"));
    let contents = contents(ArchiveFormat::NpmTarball, &npm_tarball(&[MANIFEST]), &tar.gz());
    assert_eq!((contents.links.count, contents.anomalies.len()), (300, 20));
    let anomalies = found(contents).into_iter().filter(|(kind, ..)| *kind == FindingKind::Anomaly);
    assert_eq!(anomalies.count(), 1);
}
