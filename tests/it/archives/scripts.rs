//! Tests that what runs by itself in a package is found, whatever hides it.

use provwatch::{
    inspect::{Look, Script, When},
    model::ArchiveFormat,
};

use super::look;
use crate::lab::archive::{Tar, Zip, ZipMember, below, npm_tarball, wheel};

fn npm(files: &[(&str, &str)]) -> Look {
    look(ArchiveFormat::NpmTarball, &npm_tarball(files))
}

/// Name, command and files of each script.
fn told(look: &Look) -> Vec<(String, String, String)> {
    let told = |script: &Script| {
        let command = script.command.clone().unwrap_or_default();
        (script.name.clone(), command, script.files.join(" "))
    };
    look.scripts.found.iter().map(told).collect()
}

fn expect(look: &Look, expected: &[(&str, &str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(a, b, c)| ((*a).into(), (*b).into(), (*c).into())).collect();
    assert_eq!(told(look), expected);
    assert_eq!(look.scripts.unread, [""; 0]);
}

#[test]
fn npm_runs_hooks_and_what_they_name_is_read() {
    let manifest = r#"{"scripts": {"preinstall": "", "install": "node ./scripts/install && echo done",
        "postinstall": "node -e \"require('./setup')\"", "prepare": "tsc", "test": "node test.js"}}"#;
    let found = npm(&[
        ("package.json", manifest),
        ("scripts/install/index.js", "install()"),
        ("setup.js", "steal()"),
        ("test.js", ""),
    ]);
    expect(
        &found,
        &[
            ("install", "node ./scripts/install && echo done", "scripts/install/index.js"),
            ("postinstall", "node -e \"require('./setup')\"", "setup.js"),
            ("prepare", "tsc", ""),
        ],
    );
    assert_eq!(found.scripts.found[2].when, When::Repository);
    let text = found.contents.texts_at("setup.js").next().unwrap();
    assert_eq!((&*text.bytes, text.is_whole), (&b"steal()"[..], true));
}

#[test]
fn npm_builds_an_add_on_by_itself() {
    let binding = ("binding.gyp", "{}");
    expect(&npm(&[("package.json", "{}"), binding]), &[("install", "node-gyp rebuild", "binding.gyp")]);
    let hook = r#"{"scripts": {"install": "node x"}}"#;
    expect(&npm(&[("package.json", hook), binding]), &[("install", "node x", "")]);
    expect(&npm(&[("package.json", r#"{"gypfile": false}"#), binding]), &[]);
}

#[test]
fn hooks_are_found_where_readers_differ() {
    let twice = r#"{"scripts": {"postinstall": "a"}, "scripts": {"postinstall": "b"}}"#;
    expect(&npm(&[("package.json", twice)]), &[("postinstall", "a", ""), ("postinstall", "b", "")]);
    let marked = "\u{feff}{\"scripts\": {\"install\": \"a\", \"install\": \"b\"}}";
    expect(&npm(&[("package.json", marked)]), &[("install", "a", ""), ("install", "b", "")]);
    let bundled = r#"{"scripts": {"postinstall": "node evil"}}"#;
    let found = npm(&[
        ("package.json", "{}"),
        ("node_modules/@a/b/package.json", bundled),
        ("node_modules/@a/b/evil.js", ""),
        ("lib/package.json", bundled),
    ]);
    expect(&found, &[("postinstall of node_modules/@a/b", "node evil", "node_modules/@a/b/evil.js")]);
    let two = Tar::new().file("package/package.json", "{}").file("package/package.json", bundled);
    assert_eq!(told(&look(ArchiveFormat::NpmTarball, &two.gz())).len(), 1, "both of two manifests are read");
}

#[test]
fn a_manifest_that_cannot_be_read_is_said() {
    for (manifest, said) in [
        ("", "EOF"),
        ("[]", "expected an object"),
        ("{\"scripts\": 7}", "its scripts"),
        ("{\"scripts\": {\"install\": 7}}", "its install"),
    ] {
        let found = npm(&[("package.json", manifest)]);
        assert!(found.scripts.unread[0].contains(said), "{manifest}: {:?}", found.scripts.unread);
    }
    let sources = look(ArchiveFormat::Sdist, &below("a-1.0", &[("pyproject.toml", "[build-system")]));
    assert!(sources.scripts.unread[0].starts_with("pyproject.toml: "), "{:?}", sources.scripts.unread);
}

#[test]
fn sources_run_their_setup_and_their_own_back_end() {
    let project = "[build-system]\nrequires = [\"setuptools\", \"evil\"]\nbuild-backend = \"back.end:main\"\nbackend-path = [\"_own\"]\n";
    let files = [("setup.py", "setup()"), ("pyproject.toml", project), ("_own/back/end.py", "def main(): pass")];
    let found = look(ArchiveFormat::Sdist, &below("a-1.0", &files));
    let said = "build-backend = \"back.end:main\", backend-path = [\"_own\"], requires = [\"setuptools\", \"evil\"]";
    expect(&found, &[("setup.py", "", "setup.py"), ("build-system", said, "_own/back/end.py")]);
    assert!(found.contents.texts_at("_own/back/end.py").next().is_some());
    let bare = [("pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = \"hatchling.build\"\n")];
    let found = look(ArchiveFormat::Sdist, &below("a-1.0", &bare));
    expect(&found, &[("build-system", "build-backend = \"hatchling.build\", requires = []", "")]);
}

#[test]
fn a_wheel_runs_what_lies_among_the_modules() {
    let found = look(
        ArchiveFormat::Wheel,
        &wheel(
            "a",
            "1.0",
            &[
                ("a/__init__.py", ""),
                ("a.pth", "# paths\n../b\nimport os; os.system('x')\n"),
                ("plain.pth", "../c\n"),
                ("split.pth", "\u{feff}import a\n../c\u{2028}import b\u{c}import c"),
                ("sitecustomize.py", "steal()"),
                ("a/model.pth", "not read"),
                ("a-1.0.data/scripts/run", "#!/bin/sh"),
                ("a-1.0.dist-info/entry_points.txt", "[console_scripts]\nrun = a:main\n"),
            ],
        ),
    );
    let mut seen = told(&found);
    seen.sort();
    let expected = [
        ("a.pth", "import os; os.system('x')", "a.pth"),
        ("entry points", "[console_scripts]; run = a:main", "a-1.0.dist-info/entry_points.txt"),
        ("plain.pth", "", "plain.pth"),
        ("run", "", "a-1.0.data/scripts/run"),
        ("sitecustomize.py", "", "sitecustomize.py"),
        ("split.pth", "import a; import b; import c", "split.pth"),
    ];
    assert_eq!(seen, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    let at_start = found.scripts.found.iter().filter(|script| script.when == When::Start);
    assert_eq!(at_start.count(), 4);
}

/// Installers of wheels know no folders but by the slash, and no links: they write a file.
#[test]
fn what_is_a_link_or_a_folder_by_its_permissions_runs_too() {
    for permissions in [0o120_777, 0o040_755, 0o020_666] {
        let hook = ZipMember { attributes: permissions << 16, ..ZipMember::stored("a.pth", "import os") };
        let found = look(ArchiveFormat::Wheel, &Zip::new().with(hook).bytes());
        assert_eq!(
            told(&found)[0],
            ("a.pth".to_owned(), String::from("import os"), "a.pth".to_owned()),
            "{permissions:o}"
        );
        assert!(found.contents.member("a.pth").unwrap().sha256.is_some(), "{permissions:o}");
    }
}

#[test]
fn very_many_scripts_are_cut_and_said() {
    let hook = r#"{"scripts":{"install":"a"}}"#;
    let bundled = |number| format!("package/node_modules/p{number}/package.json");
    let tar = (0..1100).fold(Tar::new(), |tar, number| tar.file(bundled(number), hook));
    let found = look(ArchiveFormat::NpmTarball, &tar.gz());
    assert_eq!(found.scripts.found.len(), 1000);
    assert_eq!(found.scripts.unread, ["what runs besides: there are more than 1000 scripts"]);
}

#[test]
fn a_crate_runs_its_build_script_and_macros() {
    for (manifest, expected) in [
        ("[package]\nname = \"a\"\n", &[("build script", "", "build.rs")][..]),
        ("[package]\nbuild = false\n", &[]),
        ("[package]\nbuild = [\"build.rs\", \"tools/make.rs\"]\n", &[("build script", "", "build.rs tools/make.rs")]),
        ("[package]\nbuild = \"./tools/make.rs\"\n", &[("build script", "", "tools/make.rs")]),
        (
            "[package]\nbuild = false\n[lib]\nproc-macro = true\n",
            &[("procedural macro", "the library runs within the compiler", "")],
        ),
    ] {
        let files = [("Cargo.toml", manifest), ("build.rs", "fn main() {}"), ("tools/make.rs", "fn main() {}")];
        expect(&look(ArchiveFormat::Crate, &below("a-1.0.0", &files)), expected);
    }
}
