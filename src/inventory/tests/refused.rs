//! Tests that unreadable files are refused with a reason.

use super::*;

#[test]
fn broken_files_are_named_with_the_place() {
    for (text, expected) in [
        ("{", "file:1:1: EOF"),
        ("{\n\"lockfileVersion\": 3,\n\"packages\": []}", "file:3:"),
        ("{}", "the keys lockfileVersion, bomFormat and spdxVersion are all missing"),
        ("[]", "file:"),
        ("{\"spdxVersion\": \"2.3\", \"packages\": [{\"name\": 1}]}", "file:1:"),
        ("{\"@graph\": []}", "SPDX 3"),
        ("version = 4\n[[package]]\nversion = \"1\"\n", "missing field `name`"),
        ("[[package]]\nname = ", "file:2:"),
        ("<html>\n", "an XML or HTML document"),
        ("{html}\n??\n", "file:1:2"),
        ("?\n!\n", "file:1:1: found \"?\""),
        ("lockfileVersion: '9.0'\n", "pnpm-lock.yaml"),
        ("requests[socks\n", "has no end"),
    ] {
        let error = error(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
    let deep = format!("{}{}", "{\"bomFormat\": \"CycloneDX\", \"components\": [", "{\"components\": [".repeat(10_000))
        + &"]}".repeat(10_001);
    assert!(error(&deep).contains("recursion limit"));
}

#[test]
fn a_file_is_read_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(read(&path, &Mirrors::default()), Err(ImportError::Read(ReadError::TooLarge { .. }))));
    std::fs::write(&path, "\u{feff}requests\n").unwrap();
    assert_eq!(read(&path, &Mirrors::default()).unwrap().packages().len(), 1);
}

#[test]
fn a_kind_that_is_not_read_is_named_with_the_way_around() {
    let said = error("lockfileVersion: '9.0'\npackages:\n");
    assert!(said.contains("file: this is a pnpm-lock.yaml, which provwatch does not read; make a CycloneDX"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bun.lockb");
    std::fs::write(&path, b"#!/usr/bin/env bun\nbun-lockfile-format-v0\xff\xfe").unwrap();
    assert!(read(&path, &Mirrors::default()).unwrap_err().to_string().contains("this is a bun.lockb"));
    let utf16: Vec<u8> = "\u{feff}requests==2.0\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&path, utf16).unwrap();
    assert_eq!(read(&path, &Mirrors::default()).unwrap().packages().len(), 1, "PowerShell writes UTF-16");
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC*", line in "[-\\[\\]a-z@#;\\\\ \n./]{0,40}") {
        for text in [&text, &line, &format!("[[package]]\nname = '{text}'")] {
            let _ = parse(text, Path::new("file"), &Mirrors::default());
        }
    }
}
