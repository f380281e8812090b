//! The rules of the portable SQL subset. Every rule is a row of the table in `store`'s documentation.

use std::collections::BTreeSet;

use super::words::Word;

pub(super) struct Rule {
    /// The name, as in the table.
    pub name: &'static str,
    /// How often a statement breaks the rule.
    pub broken: fn(&[Word]) -> usize,
    /// A statement that breaks it once.
    pub example: &'static str,
    /// The same in the portable subset.
    pub instead: &'static str,
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "`iif`",
        broken: |words| calls(words, |name| name == "iif"),
        example: "SELECT iif(a IS NULL, 0, a) FROM t",
        instead: "SELECT CASE WHEN a IS NULL THEN 0 ELSE a END FROM t",
    },
    Rule {
        name: "`max` or `min` of several values",
        broken: scalar_extremes,
        example: "UPDATE t SET a = max(a, coalesce(?1, 0))",
        instead: "UPDATE t SET a = CASE WHEN a < :b THEN :b ELSE a END WHERE a = (SELECT max(coalesce(a, 0)) FROM t)",
    },
    Rule {
        name: "`rowid`",
        broken: |words| names(words, &["rowid", "_rowid_", "oid", "last_insert_rowid"]),
        example: "SELECT rowid FROM t",
        instead: "INSERT INTO t (a) VALUES (?1) RETURNING id",
    },
    Rule {
        name: "a JSON function or operator",
        broken: |words| calls(words, |name| name.starts_with("json")) + arrows(words),
        example: "SELECT body ->> 'match' FROM t",
        instead: "SELECT body, a - 1 > 2 FROM t",
    },
    Rule {
        name: "`?1` in two places",
        broken: repeated,
        example: "UPDATE t SET a = ?1 WHERE a > ?1 AND b = ?2",
        instead: "UPDATE t SET a = :now WHERE a > :now AND b = :b",
    },
    Rule {
        name: "`INSERT OR …`",
        broken: |words| pairs(words, |first, second| (first.is("INSERT") || first.is("UPDATE")) && second.is("OR")),
        example: "INSERT OR REPLACE INTO t (a, b) VALUES (?1, ?2)",
        instead: "INSERT INTO t (a, b) VALUES (?1, ?2) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
    },
    Rule {
        name: "a bare column in `DO UPDATE`",
        broken: bare_columns,
        example: "INSERT INTO t (a, n) VALUES (?1, 1) ON CONFLICT (a) DO UPDATE SET n = n + 1, a = excluded.a",
        instead: "INSERT INTO t (a, n) VALUES (?1, 1) ON CONFLICT (a) DO UPDATE SET n = t.n + 1 RETURNING n",
    },
    Rule {
        name: "`IS` between two values",
        broken: comparisons,
        example: "SELECT a FROM t WHERE a IS NOT b",
        instead: "SELECT a FROM t WHERE a IS DISTINCT FROM b AND a IS NOT NULL",
    },
    Rule {
        name: "a function that only SQLite has",
        broken: |words| calls(words, |name| SQLITES_OWN.contains(&name)),
        example: "SELECT ifnull(a, 0) FROM t",
        instead: "SELECT coalesce(a, 0) FROM t",
    },
    Rule {
        name: "a function that the program adds",
        broken: |words| {
            calls(words, |name| matches!(name, "row_sum" | "resealed" | "history_content" | "history_link"))
        },
        example: "UPDATE t SET checksum = row_sum(a)",
        instead: "UPDATE t SET checksum = ?1",
    },
];

const SQLITES_OWN: &[&str] = &[
    "char",
    "changes",
    "date",
    "datetime",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "instr",
    "julianday",
    "likely",
    "printf",
    "quote",
    "randomblob",
    "strftime",
    "total",
    "total_changes",
    "typeof",
    "unhex",
    "unicode",
    "unixepoch",
    "unlikely",
    "zeroblob",
];

fn calls(words: &[Word], is_meant: impl Fn(&str) -> bool) -> usize {
    pairs(words, |name, bracket| {
        *bracket == Word::Sign('(') && matches!(name, Word::Name(name) if is_meant(&name.to_ascii_lowercase()))
    })
}

fn names(words: &[Word], meant: &[&str]) -> usize {
    words.iter().filter(|word| meant.iter().any(|name| word.is(name))).count()
}

fn pairs(words: &[Word], is_meant: impl Fn(&Word, &Word) -> bool) -> usize {
    words.windows(2).filter(|pair| is_meant(&pair[0], &pair[1])).count()
}

fn arrows(words: &[Word]) -> usize {
    pairs(words, |first, second| (first, second) == (&Word::Sign('-'), &Word::Sign('>')))
}

fn scalar_extremes(words: &[Word]) -> usize {
    let starts = words
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| (pair[0].is("max") || pair[0].is("min")) && pair[1] == Word::Sign('('));
    starts.filter(|(at, _)| parts(&words[at + 2..]).len() > 1).count()
}

/// The parts between commas, up to the bracket that closes the part before.
fn parts(words: &[Word]) -> Vec<&[Word]> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Sign('(') => depth += 1,
            Word::Sign(')') if depth == 0 => {
                parts.push(&words[start..at]);
                return parts;
            }
            Word::Sign(')') => depth -= 1,
            Word::Sign(',') if depth == 0 => {
                parts.push(&words[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&words[start..]);
    parts
}

/// How many numbered parameters are in more than one place.
fn repeated(words: &[Word]) -> usize {
    let (mut seen, mut again) = (BTreeSet::new(), BTreeSet::new());
    for word in words {
        if let Word::Parameter(name) = word
            && name.len() > 1
            && name.starts_with('?')
            && !seen.insert(name)
        {
            again.insert(name);
        }
    }
    again.len()
}

/// Columns that may be the row's or the proposed one's: to PostgreSQL they are ambiguous in an upsert.
fn bare_columns(words: &[Word]) -> usize {
    let Some(set) = words.windows(3).position(|three| three[0].is("DO") && three[1].is("UPDATE") && three[2].is("SET"))
    else {
        return 0;
    };
    let after = &words[set + 3..];
    let until = after.iter().position(|word| word.is("RETURNING")).unwrap_or(after.len());
    let condition = after.iter().position(|word| word.is("WHERE")).unwrap_or(until);
    let values = parts(&after[..condition]).into_iter().map(|part| {
        let equals = part.iter().position(|word| *word == Word::Sign('=')).map_or(0, |at| at + 1);
        bare_names(&part[equals..])
    });
    values.sum::<usize>() + bare_names(&after[condition..until])
}

/// Names in lower case, which keywords never have here, that are neither called nor next to a full stop.
fn bare_names(words: &[Word]) -> usize {
    let beside = |word: Option<&Word>, signs: &[char]| matches!(word, Some(Word::Sign(sign)) if signs.contains(sign));
    let bare = words.iter().enumerate().filter(|(at, word)| {
        matches!(word, Word::Name(name) if name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
            && !beside(at.checked_sub(1).map(|before| &words[before]), &['.'])
            && !beside(words.get(at + 1), &['.', '('])
    });
    bare.count()
}

/// In capitals, as keywords are written here: messages often contain the lower-case word.
fn comparisons(words: &[Word]) -> usize {
    let is = |word: &Word| matches!(word, Word::Name(name) if name == "IS");
    words.iter().enumerate().filter(|(at, word)| is(word) && compares(&words[at + 1..])).count()
}

/// Whether a value follows `IS`, and not `NULL` or `DISTINCT FROM`.
fn compares(after: &[Word]) -> bool {
    let rest = if after.first().is_some_and(|word| word.is("NOT")) { &after[1..] } else { after };
    rest.first().is_some_and(|word| !["NULL", "DISTINCT", "TRUE", "FALSE"].iter().any(|keyword| word.is(keyword)))
}
