//! Tests that the table of findings and `docs/OPERATIONS.md` agree.

use std::{collections::BTreeSet, env, fmt::Write as _, fs};

use super::*;
use crate::health::table::ALL;

const OPERATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/OPERATIONS.md");
const BEGIN: &str = "<!-- findings: written by UPDATE_DOCS=1 cargo test --lib health -->\n";
const END: &str = "<!-- end of findings -->\n";

fn rendered() -> String {
    let mut table = String::from("\n| finding | level | when | what to do |\n|---|---|---|---|\n");
    for (id, about) in ALL {
        let level = match about.level {
            Level::Unhealthy => "unhealthy",
            Level::Limited => "limited",
        };
        writeln!(table, "| `{}` | {level} | {} | {} |", id.as_str(), about.when, about.what_to_do).unwrap();
    }
    table + "\n"
}

#[test]
fn the_operators_table_has_every_finding() {
    let document = fs::read_to_string(OPERATIONS).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("the place of the table");
    let (_, after) = rest.split_once(END).expect("the end of the table");
    let expected = format!("{before}{BEGIN}{}{END}{after}", rendered());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(OPERATIONS, &expected).unwrap();
    }
    assert_eq!(
        fs::read_to_string(OPERATIONS).unwrap(),
        expected,
        "run it with UPDATE_DOCS=1 and commit the difference"
    );
}

#[test]
fn names_are_unique_and_stand_where_they_are_looked_up() {
    let names: BTreeSet<&str> = ALL.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(names.len(), ALL.len());
    for (index, (id, about)) in ALL.iter().enumerate() {
        assert_eq!((*id as usize, id.as_str()), (index, about.id), "the table has the order of the enumeration");
        assert!(about.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", about.id);
    }
}
