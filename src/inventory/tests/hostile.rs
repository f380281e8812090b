//! Tests that hostile files are read within limits, or refused with a bounded reason.

use std::fmt::Write as _;

use serde_json::json;

use super::*;

fn refused(text: &str) -> String {
    let error = error(text);
    assert!(error.len() < 1_000, "{} bytes", error.len());
    error
}

#[test]
fn files_with_too_many_entries_are_refused() {
    let mut lock = "{\"lockfileVersion\": 3, \"packages\": {".to_owned();
    (0..100_001).for_each(|number| write!(lock, "\"node_modules/p{number}\": {{}},").unwrap());
    lock.push_str("\"\": {}}}");
    assert!(refused(&lock).contains("file: more than 100000 entries"));
    let requirements: String = (0..100_001).map(|number| format!("p{number}==1\n")).collect();
    assert!(refused(&requirements).contains("more than 100000 entries"));
}

#[test]
fn files_with_too_many_dependencies_are_refused() {
    // A thousand packages of one name, and a thousand that depend on all of them.
    let mut lock = "version = 4\n".to_owned();
    for number in 0..1_100 {
        write!(lock, "[[package]]\nname = \"a\"\nversion = \"1.0.{number}\"\nsource = \"x\"\ndependencies = [\"a\"]\n")
            .unwrap();
    }
    assert!(refused(&lock).contains("more than 1000000 dependencies"));
}

#[test]
fn deep_paths_cost_little() {
    let path = "node_modules/a/".repeat(20_000) + "node_modules/b";
    let dependencies: serde_json::Map<String, serde_json::Value> =
        (0..1_000).map(|number| (format!("d{number}"), json!("1"))).collect();
    let lock = json!({"lockfileVersion": 3, "packages": {path: {"version": "1.0.0", "dependencies": dependencies}}});
    let content = Content::of([import(&lock.to_string())]).unwrap();
    assert_eq!((content.locked.len(), content.locked[0].place.depth), (1, None));
}

#[test]
fn a_reason_quotes_little_of_what_it_refuses() {
    let long = "x".repeat(1_000_000);
    for text in [
        json!({"lockfileVersion": 3, "packages": {"node_modules/a": {"version": {"a": long}}}}).to_string(),
        json!({"lockfileVersion": 3, "packages": {"node_modules/a": long}}).to_string(),
        json!({"bomFormat": "CycloneDX", "components": long}).to_string(),
        format!("version = 4\n[[package]]\nname = 1\n{long} = 2\n"),
        format!("{long} {long}\n"),
        format!("\u{1b}[2J?{long}\n"),
    ] {
        assert!(refused(&text).starts_with("file:"), "{}", refused(&text));
    }
}

#[test]
fn odd_values_are_refused_with_their_place_or_left_out() {
    for (text, line) in [
        ("{\"lockfileVersion\": 3,\n\"packages\": {\n\"node_modules/a\": {\"dependencies\": []}}}", "file:3:"),
        ("{\"lockfileVersion\": 3,\n\"packages\": {\"node_modules/a\": {\"dev\": \"yes\"}}}", "file:2:"),
        ("{\"bomFormat\": \"CycloneDX\",\n\"vulnerabilities\": {}}", "file:2:"),
        ("{\"spdxVersion\": \"2.3\",\n\"relationships\": [1]}", "file:2:"),
        ("version = 4\n[[package]]\nname = \"a\"\ndependencies = [{ name = \"b\" }]\n", "file:4:"),
    ] {
        let said = refused(text);
        assert!(said.starts_with(line), "{text}: {said}");
    }
    let odd = json!({"bomFormat": "CycloneDX", "components": [
        {"name": "a", "purl": "pkg:npm/a@1.0.0", "scope": "whatever", "hashes": [{"alg": "SHA-256", "content": "zz"}],
         "evidence": {"callstack": {}}, "bom-ref": "a"}],
        "dependencies": [{"ref": "a", "dependsOn": ["a"]}, {"ref": "", "dependsOn": [""]}]});
    let content = Content::of([import(&odd.to_string())]).unwrap();
    assert_eq!((content.locked.len(), content.locked[0].digests.len(), content.locked[0].place.depth), (1, 0, None));
}

#[test]
fn bytes_that_are_not_a_text_are_refused() {
    let read = |bytes: &[u8], name: &str| parse_bytes(bytes.to_vec(), Path::new(name), &Mirrors::default());
    assert!(read(b"a==1\n\xff", "r.txt").unwrap_err().to_string().contains("importing packages"));
    assert!(read(b"\xff\xfe\xff", "bun.lockb").unwrap_err().to_string().contains("bun.lockb"));
    assert_eq!(read(b"a==1\n", "r.txt").unwrap().entries.len(), 1);
}

#[test]
fn nesting_ends_at_a_limit_in_every_format() {
    let deep =
        |open: &str, within: &str, close: &str| format!("{}{within}{}", open.repeat(100_000), close.repeat(100_000));
    for text in [
        format!("{{\"lockfileVersion\": 1, \"dependencies\": {}}}", deep("{\"a\": {\"dependencies\": ", "{}", "}}")),
        format!("{{\"bomFormat\": \"CycloneDX\", \"components\": {}}}", deep("[{\"components\": ", "[]", "}]")),
        format!("version = 4\n[[package]]\nname = \"a\"\nsource = {}\n", deep("[", "", "]")),
        format!("version = 1\n[[package]]\nname = \"a\"\nsource = {}\n", deep("{ a = ", "1", " }")),
    ] {
        assert!(refused(&text).contains("recursion"), "{}", refused(&text));
    }
    // What no reader asks for is passed over, at any depth.
    for text in [
        format!(
            "{{\"lockfileVersion\": 3, \"packages\": {{\"node_modules/a\": {{\"engines\": {}}}}}}}",
            deep("[", "", "]")
        ),
        format!("{{\"bomFormat\": \"CycloneDX\", \"x\": {}}}", deep("{\"x\": ", "1", "}")),
        format!("{{\"spdxVersion\": \"SPDX-2.3\", \"packages\": [{{\"files\": {}}}]}}", deep("[", "", "]")),
        format!("{{\"sbom\": {}}}", deep("{\"sbom\": ", "1", "}")),
    ] {
        assert!(Content::of([import(&text)]).unwrap().locked.is_empty());
    }
}

#[test]
fn one_release_counts_once_however_often_and_in_whatever_circle_it_is_listed() {
    let component = |reference: &str| json!({"bom-ref": reference, "name": "a", "purl": "pkg:npm/a@1.0.0"});
    let bill = json!({"bomFormat": "CycloneDX", "metadata": {"component": {"bom-ref": "root"}},
        "components": [component("a"), component("a"), component("b"), component("root")],
        "dependencies": [{"ref": "root", "dependsOn": ["a", "a", "root"]}, {"ref": "a", "dependsOn": ["b", "a"]},
            {"ref": "a", "dependsOn": ["b"]}, {"ref": "b", "dependsOn": ["a", "gone"]}]});
    let cargo = "version = 4\n".to_owned()
        + &"[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\ndependencies = [\"a\"]\n".repeat(3);
    let twice = "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": {\"version\": \"2.0.0\"}, \"node_modules/a\": {\"version\": \"1.0.0\"}}}";
    for text in [bill.to_string(), cargo, twice.to_owned(), "a==1.0.0\na==1.0.0\nA==1.0.0\n".to_owned()] {
        let content = Content::of([import(&text), import(&text)]).unwrap();
        let releases: Vec<String> = content.locked.iter().map(|one| one.release.to_string()).collect();
        assert!(releases.len() == 1 && releases[0].ends_with("/a@1.0.0"), "{text}: {releases:?}");
    }
}

#[test]
fn names_with_escapes_are_skipped_and_quoted() {
    let nasty = "a\u{1b}[2J\u{202e}\nb";
    for text in [
        json!({"lockfileVersion": 3, "packages": {format!("node_modules/{nasty}"): {"version": "1.0.0"}}}).to_string(),
        json!({"lockfileVersion": 1, "dependencies": {nasty: {"version": "1.0.0"}}}).to_string(),
        json!({"bomFormat": "CycloneDX", "components": [{"name": nasty, "purl": format!("pkg:npm/{nasty}@1.0.0")}]})
            .to_string(),
        json!({"spdxVersion": "SPDX-2.3", "packages": [{"name": nasty}]}).to_string(),
        format!(
            "version = 4\n[[package]]\nname = {}\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
            json!(nasty)
        ),
        format!(
            "version = 1\n[[package]]\nname = {}\nversion = \"1.0.0\"\nsource = {{ registry = {} }}\n",
            json!(nasty),
            json!(at(RegistryId::PYPI, "simple"))
        ),
    ] {
        let content = Content::of([import(&text)]).unwrap();
        assert_eq!((content.locked.len(), content.skipped.len()), (0, 1), "{text}");
        let Skipped { what, why } = &content.skipped[0];
        assert!(!format!("{what}{why}").contains(['\u{1b}', '\u{202e}', '\n']), "{what:?} {why:?}");
    }
    let version = json!({"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0\u{1b}[2J"}}});
    assert_eq!(Content::of([import(&version.to_string())]).unwrap().locked.len(), 0);
}

proptest! {
    #[test]
    fn mutated_files_are_read_or_refused(cut in 0..2_000_usize, at in 0..2_000_usize, byte in any::<char>()) {
        let lock = json!({"lockfileVersion": 3, "packages": {
            "": {"dependencies": {"a": "1"}, "devDependencies": {"b": "1"}},
            "node_modules/a": {"version": "1.0.0", "integrity": "sha512-AP8Q", "dependencies": {"b": "1"}},
            "node_modules/a/node_modules/b": {"version": "1.0.0", "optional": true, "dependencies": {"a": "1"}},
            "node_modules/b": {"version": "npm:x", "link": false},
        }}).to_string();
        let mut text: Vec<char> = lock.chars().take(cut).collect();
        if let Some(place) = text.get_mut(at) {
            *place = byte;
        }
        let text: String = text.into_iter().collect();
        if let Ok(listed) = parse(&text, Path::new("file"), &Mirrors::default()) {
            let _ = Content::of([listed]).unwrap();
        }
    }
}
