//! Tests of `provwatch incident inspect` with the real program over registries on the loopback interface.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use crate::lab::{
    Breakage, Fault, Publication, Workflow, World,
    archive::{Tar, below, npm_tarball, wheel},
    keys::sha256,
    program::{self, Said},
    server::{Server, serve},
};

const CONFIG: &str = r#"
[store]
path = "provwatch.db"
[watchlist]
files = ["watchlist.toml"]
[forges]
enabled = false
[logs]
enabled = false
[trust]
source = "file"
trusted_root = "root.json"
npm_keys = "keys.json"
[http]
contact = "tests@example.org"
allow_private = ["127.0.0.1"]
max_attempts = 1
[http.hosts."127.0.0.1"]
requests_per_minute = 60000
concurrency = 64
"#;

/// Registries, and a folder with a configuration that knows them.
struct Scene {
    world: World,
    folder: tempfile::TempDir,
    _server: Server,
}

impl Scene {
    /// With seven calm releases of `widget` at npm, `gadget` at PyPI and `sprocket` at crates.io.
    fn new() -> Self {
        let world = World::new();
        for patch in 0..7 {
            let version = format!("1.0.{patch}");
            world.publish_npm("widget", &version, &npm(&version, MANIFEST, "module.exports = 1;\n"));
            world.publish_pypi("gadget", &version, &pypi(&version, &[]));
            world.publish_crate("sprocket", &version, &crate_file(&version, &[]));
        }
        let server = serve(world.clone());
        let base = |host: &str| server.base(host);
        let registries = format!(
            "[registries.npm]\nregistry = \"{}\"\nreplicate = \"{}\"\n[registries.pypi]\nindex = \"{}\"\n\
             [registries.cargo]\napi = \"{}\"\nindex = \"{}\"\nfiles = \"{}\"\n",
            base("npm.example"),
            base("replicate.example"),
            base("pypi.example"),
            base("crates.example"),
            base("index.example"),
            base("static.example")
        );
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        write("root.json", world.lab().trusted_root().to_string());
        write("keys.json", world.lab().npm_keys().to_string());
        write("provwatch.toml", format!("{CONFIG}{registries}"));
        write(
            "watchlist.toml",
            "packages = [\"pkg:npm/widget\", \"pkg:pypi/gadget\", \"pkg:cargo/sprocket\"]".to_owned(),
        );
        Self { world, folder, _server: server }
    }

    /// The same, and the program has learned them.
    fn learned() -> Self {
        let scene = Self::new();
        let said = scene.run(&["backfill", "pkg:npm/widget", "pkg:pypi/gadget", "pkg:cargo/sprocket"]);
        assert!(matches!(said.code, 0 | 4), "{said}");
        scene
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let arguments = [&["--config", "provwatch.toml"], arguments].concat();
        Said::by(&mut program::provwatch(self.folder.path(), &arguments))
    }

    fn table(&self, arguments: &[&str]) -> Said {
        self.run(&[&["incident", "inspect"], arguments].concat())
    }

    /// The exit code and the report, which is of its schema.
    fn inspect(&self, arguments: &[&str]) -> (i32, Value) {
        let said = self.table(&[arguments, &["--format", "json"]].concat());
        assert_eq!(said.out.lines().count(), 1, "{said}");
        (said.code, said.json().remove(0))
    }

    fn database(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("provwatch.db")).unwrap()
    }
}

const MANIFEST: &str = r#"{"name":"widget"}"#;
const HOOKED: &str = r#"{"name":"widget","scripts":{"postinstall":"node setup.js"}}"#;

fn by_workflow(repository: &str, version: &str) -> Publication {
    let day = version.rsplit('.').next().unwrap().parse::<u32>().unwrap() + 2;
    let workflow = Workflow::github(repository, "release.yml", &format!("refs/tags/v{version}"));
    Publication::workflow(&format!("2026-01-{day:02}T10:00:00Z"), &workflow)
}

fn npm(version: &str, manifest: &str, index: &str) -> Publication {
    let tarball = npm_tarball(&[("package.json", manifest), ("index.js", index)]);
    by_workflow("acme/widget", version).holding(".tgz", tarball)
}

fn pypi(version: &str, more: &[(&str, &str)]) -> Publication {
    let modules = [&[("gadget/__init__.py", "x = 1\n")], more].concat();
    let sources = below(&format!("gadget-{version}"), &[("setup.py", "setup()\n"), ("gadget/__init__.py", "x = 1\n")]);
    by_workflow("acme/gadget", version).holding(".whl", wheel("gadget", version, &modules)).holding(".tar.gz", sources)
}

fn crate_file(version: &str, more: &[(&str, &str)]) -> Publication {
    let manifest = format!("[package]\nname = \"sprocket\"\nversion = \"{version}\"\n");
    let files = [&[("Cargo.toml", &*manifest), ("src/lib.rs", "pub fn f() {}\n")], more].concat();
    by_workflow("acme/sprocket", version).holding(".crate", below(&format!("sprocket-{version}"), &files))
}

fn kinds(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect()
}

/// Who says what of the first file.
fn outcomes(report: &Value) -> Vec<&str> {
    let all = report["files"][0]["statements"].as_array().unwrap();
    all.iter().map(|one| one["outcome"].as_str().unwrap()).collect()
}

#[test]
fn a_calm_release_is_clean_at_every_registry_and_nothing_is_written() {
    let scene = Scene::learned();
    let (before, names) = (scene.database(), entries(scene.folder.path()));
    for (purl, outcome) in [
        ("pkg:npm/widget@1.0.6", vec!["agrees", "agrees", "agrees"]),
        ("pkg:pypi/gadget@1.0.6", vec!["agrees", "agrees", "agrees"]),
        ("pkg:cargo/sprocket@1.0.6", vec!["agrees", "agrees", "none"]),
    ] {
        let (code, report) = scene.inspect(&[purl]);
        assert_eq!((code, kinds(&report)), (0, vec![]), "{purl}: {report}");
        assert_eq!((outcomes(&report), &report["unchecked"]), (outcome, &json!([])), "{purl}: {report}");
        assert!(report["against"]["purl"].as_str().unwrap().ends_with("@1.0.5"), "{purl}: {report}");
        assert!(report["against"]["why"].as_str().unwrap().contains("line 1"), "{purl}: {report}");
        let files = report["files"].as_array().unwrap();
        assert_eq!(files.len(), if purl.contains("pypi") { 2 } else { 1 }, "{purl}");
        assert!(files.iter().all(|file| file["compared_with"].is_string()), "{purl}: {report}");
        let table = scene.table(&[purl]);
        assert!(table.code == 0 && table.out.starts_with("Nothing suspicious"), "{table}");
    }
    assert_eq!(scene.database(), before, "the store is as it was");
    assert_eq!(entries(scene.folder.path()), names, "nothing is unpacked");
}

/// The names of its files, but for those that come and go with every reader of the database.
fn entries(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with("-shm") && !name.ends_with("-wal")).collect()
}

#[test]
fn an_install_script_is_shown_with_its_text_which_cannot_garble_the_screen() {
    let scene = Scene::learned();
    let script = "\tfetch('https://evil.example');\u{1b}[2J // \u{202e}\nada@example.org\n";
    let tarball = npm_tarball(&[("package.json", HOOKED), ("index.js", "module.exports = 1;\n"), ("setup.js", script)]);
    let stolen = Publication::token("2026-01-20T10:00:00Z", "mallory", "m@evil.example").holding(".tgz", tarball);
    scene.world.publish_npm("widget", "1.0.7", &stolen.install_script("node setup.js"));
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.7"]);
    assert_eq!((code, kinds(&report)), (3, vec!["script-added"]), "{report}");
    let run = &report["files"][0]["contents"]["scripts"][0];
    assert_eq!(
        (&run["command"], &run["state"], &run["when"]),
        (&json!("node setup.js"), &json!("new"), &json!("install"))
    );
    assert_eq!(run["files"][0]["text"], script, "a program gets the text as it is");
    let added = &report["files"][0]["contents"]["changes"]["added"];
    assert_eq!((&added["count"], &added["items"][0]["path"]), (&json!(1), &json!("setup.js")));
    assert_eq!(outcomes(&report), ["agrees", "none", "none"], "it is not stored, and not attested");
    let table = scene.table(&["pkg:npm/widget@1.0.7", "--redact"]);
    for text in [
        "SUSPICIOUS: 1 finding, the worst is high.",
        "runs at installation: postinstall, new",
        r"  |     fetch('https://evil.example');\u{1b}[2J // \u{202e}",
        "@redacted.invalid",
        "compared with pkg:npm/widget@1.0.6: the newest release of line 1",
    ] {
        assert!(table.out.contains(text), "{text}: {table}");
    }
    assert!(!table.out.contains('\u{1b}') && !table.out.contains('\u{202e}') && !table.out.contains("ada@"), "{table}");
    assert_eq!(scene.table(&["pkg:npm/widget@1.0.7", "--fail-on", "critical"]).code, 0);
}

#[test]
fn a_file_that_is_not_the_stated_one_contradicts_every_statement() {
    let scene = Scene::learned();
    let evil = npm_tarball(&[("package.json", MANIFEST), ("index.js", "module.exports = 2;\n")]);
    scene.world.npm().serve("widget", "1.0.6", evil.clone());
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.6"]);
    let contradicted = vec!["digest-contradicts", "file-replaced", "attestation-contradicts"];
    assert_eq!((code, kinds(&report)), (3, contradicted.clone()), "{report}");
    assert_eq!(outcomes(&report), ["contradicts"; 3]);
    let detail = report["findings"][0]["text"].as_str().unwrap();
    assert!(detail.contains("SHA-512") && detail.contains(report["files"][0]["digests"]["sha512"].as_str().unwrap()));
    let changed = &report["files"][0]["contents"]["changes"]["changed"]["items"][0];
    assert_eq!(changed["now"]["path"], "index.js", "what changed is told all the same");

    let scene = Scene::learned();
    let other = wheel("gadget", "1.0.6", &[("gadget/__init__.py", "x = 2\n")]);
    scene.world.pypi().serve("gadget-1.0.6-py3-none-any.whl", other);
    let name = "gadget-1.0.6-py3-none-any.whl";
    let (code, report) = scene.inspect(&["pkg:pypi/gadget@1.0.6", "--file", name]);
    assert_eq!((code, kinds(&report)), (3, contradicted), "{report}");
    assert_eq!(report["left_out"][0]["name"], "gadget-1.0.6.tar.gz");
    scene.world.crates().serve("sprocket", "1.0.6", below("sprocket-1.0.6", &[("Cargo.toml", "")]));
    let (code, report) = scene.inspect(&["pkg:cargo/sprocket@1.0.6"]);
    assert_eq!((code, kinds(&report)), (3, vec!["digest-contradicts", "file-replaced"]), "{report}");
}

#[test]
fn a_file_that_was_replaced_with_its_digests_is_told_by_what_was_observed() {
    let scene = Scene::learned();
    let evil = npm_tarball(&[("package.json", MANIFEST), ("index.js", "module.exports = 2;\n")]);
    let again = by_workflow("acme/widget", "1.0.6").holding(".tgz", evil);
    scene.world.publish_npm("widget", "1.0.6", &again);
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.6"]);
    assert_eq!((code, kinds(&report)), (3, vec!["file-replaced"]), "{report}");
    assert_eq!(outcomes(&report), ["agrees", "contradicts", "agrees"]);
}

#[test]
fn what_runs_by_itself_in_wheels_sources_and_crates_is_told() {
    let scene = Scene::learned();
    scene.world.publish_pypi("gadget", "1.0.7", &pypi("1.0.7", &[("gadget.pth", "import gadget; gadget.run()\n")]));
    let (code, report) = scene.inspect(&["pkg:pypi/gadget@1.0.7"]);
    assert_eq!((code, kinds(&report)), (3, vec!["script-added"]), "{report}");
    assert_eq!(report["findings"][0]["path"], "gadget.pth");
    assert_eq!(report["files"][0]["name"], "gadget-1.0.7.tar.gz", "sources come first");
    scene.world.publish_crate("sprocket", "1.0.7", &crate_file("1.0.7", &[("build.rs", "fn main() { steal() }\n")]));
    let (code, report) = scene.inspect(&["pkg:cargo/sprocket@1.0.7"]);
    assert_eq!((code, kinds(&report)), (3, vec!["script-added"]), "{report}");
    let text = &report["files"][0]["contents"]["scripts"][0]["files"][0]["text"];
    assert_eq!(text, "fn main() { steal() }\n");
}

#[test]
fn without_a_good_release_there_is_nothing_to_compare_with() {
    let scene = Scene::new();
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.6"]);
    assert_eq!((code, kinds(&report), report.get("against")), (4, vec![], None), "{report}");
    assert!(report["unchecked"][0].as_str().unwrap().contains("nothing to compare it with"), "{report}");
    let table = scene.table(&["pkg:npm/widget@1.0.6"]);
    assert!(table.out.contains("incident inspect pkg:npm/widget@1.0.6 --against pkg:npm/widget@VERSION"), "{table}");
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.6", "--against", "pkg:npm/widget@1.0.2"]);
    assert_eq!((code, &report["against"]["purl"]), (0, &json!("pkg:npm/widget@1.0.2")), "{report}");
    let squatter = npm_tarball(&[("package.json", HOOKED), ("index.js", "module.exports = 1;\n"), ("setup.js", "x")]);
    let stolen = Publication::token("2026-01-20T10:00:00Z", "m", "m@evil.example").install_script("node setup.js");
    scene.world.publish_npm("wigdet", "9.0.0", &stolen.holding(".tgz", squatter));
    let (code, report) = scene.inspect(&["pkg:npm/wigdet@9.0.0", "--against", "pkg:npm/widget@1.0.6"]);
    assert_eq!((code, kinds(&report)), (3, vec!["script-added"]), "another package: {report}");
    assert!(!scene.folder.path().join("provwatch.db").exists(), "no store is made");
}

#[test]
fn what_cannot_be_had_or_read_is_said() {
    let scene = Scene::learned();
    scene.world.break_down("widget-1.0.6.tgz", Fault::Status(404, Vec::new()));
    scene.world.break_down("widget-1.0.5.tgz", Fault::Status(503, Vec::new()));
    scene.world.break_down("/attestations/widget@1.0.4", Fault::Status(503, Vec::new()));
    let page = b"<!DOCTYPE html><html>Sign in</html>".to_vec();
    scene.world.break_down("widget-1.0.3.tgz", Fault::Body(page));
    for (purl, said) in [
        ("pkg:npm/widget@1.0.6", "does not have it"),
        ("pkg:npm/widget@1.0.4", "the attestation could not be had"),
        ("pkg:npm/widget@1.0.3", "text/html"),
        ("pkg:npm/widget@9.9.9", "the registry does not have this version"),
        ("pkg:npm/nothing@1.0.0", "the registry does not have this package"),
        ("pkg:pypi/gadget@9.9.9", "has no file of this version"),
        ("pkg:cargo/sprocket@9.9.9", "the index does not have this version"),
    ] {
        let (code, report) = scene.inspect(&[purl]);
        assert_eq!(code, 4, "{purl}: {report}");
        assert!(report["unchecked"].to_string().contains(said), "{purl}: {report}");
    }
    // The file of the good release is not to be had: the accused one is looked into all the same.
    scene.world.mend("widget-1.0.6.tgz");
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.6"]);
    assert_eq!((code, outcomes(&report)), (4, vec!["agrees"; 3]), "{report}");
    assert!(report["unchecked"].to_string().contains("could not be compared with pkg:npm/widget@1.0.5"), "{report}");
    let said = scene.table(&["pkg:pypi/gadget@1.0.6", "--file", "other.whl", "--show", "nothing.py"]);
    assert_eq!(said.code, 4, "{said}");
    assert!(said.out.contains("the release has no file other.whl") && said.out.contains("nothing.py"), "{said}");
    let said = scene.table(&["pkg:npm/widget"]);
    assert!(said.code == 2 && said.err.contains("expected a version"), "{said}");
}

#[test]
fn an_index_that_leads_elsewhere_is_not_followed() {
    let scene = Scene::learned();
    for url in ["https://evil.example/x.whl", "http://127.0.0.2:1/x.whl", "file:///etc/passwd"] {
        scene.world.pypi().lead("gadget-1.0.6-py3-none-any.whl", url);
        let (code, report) = scene.inspect(&["pkg:pypi/gadget@1.0.6"]);
        assert_eq!(code, 4, "{report}");
        assert!(report["unchecked"].to_string().contains("not a host of the registry"), "{url}: {report}");
        assert_eq!(report["files"].as_array().unwrap().len(), 1, "the other file is looked into");
    }
}

#[test]
fn an_archive_that_lies_is_told_and_bounded() {
    let scene = Scene::learned();
    let tar =
        Tar::new().file("package/package.json", MANIFEST).file("package/../../../../etc/cron.d/x", "* * * * * root x");
    let lying = tar.symlink("package/passwd", "/etc/passwd").file("package/a\u{1b}[2J\u{202e}.js", "x").gz();
    let stolen = Publication::token("2026-01-20T10:00:00Z", "m", "m@evil.example").holding(".tgz", lying);
    scene.world.publish_npm("widget", "1.0.7", &stolen);
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.7"]);
    assert_eq!((code, kinds(&report)), (3, vec!["anomaly", "anomaly", "anomaly", "link-added"]), "{report}");
    let counts = &report["files"][0]["contents"]["anomaly_counts"];
    assert_eq!(counts, &json!({"outside-path": 1, "outside-link": 1, "misleading-name": 1}));
    let table = scene.table(&["pkg:npm/widget@1.0.7"]);
    assert!(table.out.contains("outside-path") && table.out.contains("passwd → /etc/passwd"), "{table}");
    assert!(table.out.contains(r"a\u{1b}[2J\u{202e}.js") && !table.out.contains('\u{1b}'), "{table}");
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.6", "--max-size", "1"]);
    assert_eq!(code, 0, "{report}");
    let noise: Vec<u8> = (0..90_000_u32).flat_map(|number| sha256(&number.to_be_bytes())).collect();
    let large = Tar::new().file("package/package.json", MANIFEST).file("package/noise", noise).gz();
    let honest = by_workflow("acme/widget", "1.0.8").holding(".tgz", large);
    scene.world.publish_npm("widget", "1.0.8", &honest);
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.8", "--max-size", "1"]);
    assert_eq!(code, 4, "{report}");
    assert!(report["unchecked"].to_string().contains("--max-size allows more than 1.0 MiB"), "{report}");
}

#[test]
fn an_attestation_that_does_not_hold_is_a_finding() {
    let scene = Scene::learned();
    let broken = npm("1.0.7", MANIFEST, "module.exports = 3;\n").broken(Breakage::Signature);
    scene.world.publish_npm("widget", "1.0.7", &broken);
    let (code, report) = scene.inspect(&["pkg:npm/widget@1.0.7"]);
    assert_eq!((code, kinds(&report)), (3, vec!["attestation-invalid"]), "{report}");
    let (_, report) = scene.inspect(&["pkg:npm/widget@1.0.7", "--show", "index.js"]);
    let shown = &report["files"][0]["contents"]["shown"][0];
    assert_eq!(shown["state"], "changed");
    assert!(shown["difference"].as_str().unwrap().contains("+module.exports = 3;"), "{shown}");
}

#[test]
fn an_incident_keeps_the_result_as_a_note() {
    let scene = Scene::learned();
    let tarball = npm_tarball(&[("package.json", HOOKED), ("index.js", "module.exports = 1;\n"), ("setup.js", "x")]);
    scene.world.publish_npm("widget", "1.0.7", &by_workflow("acme/widget", "1.0.7").holding(".tgz", tarball));
    let purl = "pkg:npm/widget@1.0.7";
    assert_eq!(scene.run(&["incident", "open", "widget-2026", purl, "--reason", "a hook"]).code, 0);
    let (code, report) = scene.inspect(&[purl, "--note", "widget-2026", "--by", "ada"]);
    assert_eq!((code, kinds(&report)), (3, vec!["script-added", "script-untold"]), "{report}");
    let shown = scene.run(&["incident", "show", "widget-2026", "--format", "json"]).json().remove(0);
    let note = shown["events"].as_array().unwrap().iter().find(|event| event["kind"] == "note").unwrap();
    let text = note["text"].as_str().unwrap();
    let digest = report["files"][0]["digests"]["sha256"].as_str().unwrap();
    assert!(
        text.starts_with("looked inside pkg:npm/widget@1.0.7, compared with pkg:npm/widget@1.0.6; 2 findings"),
        "{text}"
    );
    assert!(text.contains("script-added (setup.js: ") && text.ends_with(digest) && note["by"] == "ada", "{note}");
    for (arguments, said) in [
        (&[purl, "--note", "other"][..], "unknown incident"),
        (&[purl, "--against", purl], "compared with itself"),
        (&[purl, "--against", "pkg:pypi/gadget@1.0.6"], "two registries"),
    ] {
        let refused = scene.table(arguments);
        assert!(refused.code == 2 && refused.err.contains(said), "{refused}");
    }
}

#[test]
fn the_table_fits_a_narrow_screen() {
    let scene = Scene::learned();
    scene.world.publish_pypi("gadget", "1.0.7", &pypi("1.0.7", &[("gadget.pth", "import gadget\n")]));
    let arguments = ["--config", "provwatch.toml", "incident", "inspect", "pkg:pypi/gadget@1.0.7"];
    let said = Said::by(program::provwatch(scene.folder.path(), &arguments).env("COLUMNS", "60"));
    // A digest or a command is not broken, so that it can be copied.
    let wide = said.out.lines().filter(|line| line.chars().count() > 60 && line.split_whitespace().count() > 2);
    let wide: Vec<&str> = wide.filter(|line| !line.contains("provwatch ")).collect();
    assert!(wide.is_empty(), "{wide:#?}\n{said}");
}
