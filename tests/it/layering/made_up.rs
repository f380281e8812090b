//! Tests of the checks themselves on made-up files: what counts as a circle, and what names a registry.

use super::{circles, registries_named};

/// What the circles of made-up files are called.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let read = |(path, text): &(&str, &str)| circles::Unit::read(path, &syn::parse_file(text).unwrap());
    let units: Vec<_> = files.iter().map(read).collect();
    circles::of(&units).into_values().flatten().collect()
}

#[test]
fn a_circle_is_seen_through_exports_paths_macros_and_methods() {
    let room = ("room/mod.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;");
    let b = ("room/b.rs", "use super::A;\npub struct B(A);\npub fn both() {}");
    for a in [
        "use crate::room::B;\npub struct A(Box<B>);",
        "pub struct A(Box<super::B>);",
        "pub struct A;\nfn f() { super::b::both() }",
        "pub struct A;\nfn f() { format!(\"{}\", super::b::both()) }",
        "use super::b;\npub struct A;\nfn f() { b::both() }",
    ] {
        let found = circles_of(&[room, ("room/a.rs", a), b]);
        assert_eq!(found.len(), 1, "{a}");
        assert!(found[0].contains("room/a.rs (") && found[0].contains("room/b.rs (super::A, line 1)"), "{}", found[0]);
    }
    let split = "pub struct A;\nimpl A { pub fn first(&self) { self.second() } }";
    let found = circles_of(&[
        room,
        ("room/a.rs", split),
        ("room/b.rs", "use super::A;\npub struct B;\nimpl A { pub fn second(&self) {} }"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("room/a.rs (A::second, line 2)"), "{}", found[0]);
}

#[test]
fn what_is_passed_on_is_not_named() {
    let room = ("room/mod.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;");
    let a = ("room/a.rs", "pub struct A;\n#[cfg(test)]\nmod tests { use crate::room::B; }");
    let b = ("room/b.rs", "use super::A;\npub struct B(A);");
    assert_eq!(circles_of(&[room, a, b]), Vec::<String>::new());
    let other = ("other/mod.rs", "pub struct C(crate::room::B);");
    let a = ("room/a.rs", "pub struct A(crate::other::C);");
    assert_eq!(circles_of(&[room, other, a, b]), Vec::<String>::new(), "a circle of rooms is the matter of the table");
}

#[test]
fn a_registry_is_seen_wherever_it_is_named() {
    for (text, expected) in [
        ("fn f(e: Ecosystem) -> bool { e == Ecosystem::NPM }", "Ecosystem::NPM"),
        ("fn f(e: Ecosystem) -> u8 { match e { Ecosystem::PYPI => 1, _ => 2 } }", "Ecosystem::PYPI"),
        ("fn f() -> String { format!(\"{}\", crate::model::Ecosystem::CARGO) }", "Ecosystem::CARGO"),
        ("const ALL: &[Ecosystem] = &Ecosystem::ALL;", "Ecosystem::ALL"),
        ("fn f() -> Url { base(RegistryId::NPM_REPLICATE) }", "RegistryId::NPM_REPLICATE"),
    ] {
        let unit = circles::Unit::read("cli/made_up.rs", &syn::parse_file(text).unwrap());
        assert_eq!(registries_named(&unit), [expected], "{text}");
    }
    let harmless =
        "fn f() -> usize { Ecosystem::all().count() }\n#[cfg(test)]\nmod tests { fn g() { Ecosystem::NPM; } }";
    let unit = circles::Unit::read("cli/made_up.rs", &syn::parse_file(harmless).unwrap());
    assert!(registries_named(&unit).is_empty());
}
