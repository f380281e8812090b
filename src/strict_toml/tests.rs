//! Tests of strict TOML reading.

use std::{collections::BTreeMap, path::Path};

use insta::assert_snapshot;
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only parsing is tested")]
struct Document {
    name: String,
    #[serde(default)]
    #[schemars(range(min = 1, max = 10))]
    size: Option<u8>,
    #[serde(default)]
    on: bool,
    #[serde(default)]
    level: Option<Level>,
    #[serde(default)]
    sinks: Vec<Sink>,
    #[serde(default)]
    named: BTreeMap<String, Inner>,
}

/// Words with documentation become `oneOf`, words without it `enum`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// Much.
    High,
    /// Little.
    Low,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only parsing is tested")]
struct Sink {
    title: String,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[expect(dead_code, reason = "only parsing is tested")]
enum Kind {
    /// By mail.
    Mail(Mail),
    /// To the terminal.
    Print,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only parsing is tested")]
struct Mail {
    server: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only parsing is tested")]
struct Inner {
    x: u32,
}

fn problems(text: &str) -> String {
    parse::<Document>(text, Path::new("d.toml"), &[]).expect_err(text).to_string()
}

#[test]
fn a_good_document_parses() {
    let text = "name = 'a'\nsize = 10\nlevel = 'low'\n[[sinks]]\ntitle = 't'\ntype = 'print'\n[named.any]\nx = 1\n";
    for text in [text.to_owned(), format!("\u{feff}{text}"), text.replace('\n', "\r\n")] {
        let document = parse::<Document>(&text, Path::new("d.toml"), &[]).unwrap();
        assert!(matches!(document.level, Some(Level::Low)));
        assert!(matches!(document.sinks[0].kind, Kind::Print));
    }
}

#[test]
fn all_problems_are_listed_with_their_places() {
    assert_snapshot!(problems("siez = 1\nsize = 11\non = \"yes\"\nlevel = 'hihg'\nnamed = 3\n"), @r#"
    d.toml:1:1: siez: unknown key; did you mean "size"?
    d.toml:1:1: name: this key is missing here
    d.toml:2:8: size: found 11, expected a whole number from 1 to 10
    d.toml:3:6: on: found "yes", expected true or false
    d.toml:4:9: level: found "hihg", expected one of "high", "low"; did you mean "high"?
    d.toml:5:9: named: found the number 3, expected a table
    "#);
}

#[test]
fn the_tag_decides_which_keys_a_variant_has() {
    let text = "name = ''\n[[sinks]]\ntitle = ''\ntype = 'mial'\n[[sinks]]\ntitle = ''\ntype = 'mail'\n\
                [[sinks]]\ntitle = ''\ntype = 'print'\nserver = 'x'\n[[sinks]]\ntype = 1\n[[sinks]]\n";
    assert_snapshot!(problems(text), @r#"
    d.toml:4:8: sinks[0].type: found "mial", expected one of "mail", "print"; did you mean "mail"?
    d.toml:5:1: sinks[1].server: this key is missing here
    d.toml:11:1: sinks[2].server: unknown key; expected one of title, type
    d.toml:13:8: sinks[3].type: found the number 1, expected one of "mail", "print"
    d.toml:14:1: sinks[4].type: this key is missing here, expected one of "mail", "print"
    "#);
}

#[test]
fn syntax_errors_are_listed_too() {
    let all = problems("name = 'a'\nname = 'b'\nx = = 2\n[named.a]\nx = \n[named.a]\n");
    assert!(all.contains("d.toml:2:1: duplicate key"), "{all}");
    assert!(all.contains("d.toml:3:"), "{all}");
    assert!(all.contains("d.toml:5:"), "{all}");
}

#[test]
fn obnoxious_documents_end_in_an_error() {
    let deep = format!("name = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let keys = "a.".repeat(10_000) + "b = 1";
    for text in ["", "\0", "name", "name = 99999999999999999999", "[name]", "[[name]]", &deep, &keys] {
        let message = problems(text);
        assert!(message.len() < 10_000, "{message:.200}");
    }
    let many: String = (0..1000).fold(String::new(), |text, n| text + &format!("k{n} = 1\n"));
    assert!(problems(&many).ends_with("and 981 more problems"), "{}", problems(&many));
}

#[test]
fn columns_count_characters() {
    assert_eq!(Location::of("a\nüö x", 7), Location { line: 2, column: 4 });
    assert_eq!(Location::of("a", 99), Location { line: 1, column: 2 });
}

#[test]
fn files_are_read_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        read_text(&path, 10).map_err(|error| error.to_string().replace(path.to_str().unwrap(), "f.toml"))
    };
    assert_eq!(read(b"\xef\xbb\xbfa = 1").unwrap(), "a = 1");
    assert_eq!(read(b"12345678901").unwrap_err(), "reading f.toml: larger than 10 bytes");
    assert_eq!(read(b"a\nb\n\xff").unwrap_err(), "f.toml:3: not UTF-8; save the file with that encoding");
    assert!(matches!(read_text(folder.path(), 10), Err(ReadError::NotAFile { .. })));
    assert!(read_text(&folder.path().join("none"), 10).unwrap_err().is_not_found());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(read_text(&link, 10), Err(ReadError::NotUtf8 { .. })), "links are followed");
}
