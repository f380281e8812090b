//! A damaged row with its raw values.

use rusqlite::{
    ToSql,
    types::{ToSqlOutput, ValueRef},
};

use super::sealed::Table;

/// A value as it is stored, text that is not UTF-8 included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Raw {
    Null,
    Integer(i64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl From<ValueRef<'_>> for Raw {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            // No table has a column of such numbers.
            ValueRef::Null | ValueRef::Real(_) => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl ToSql for Raw {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Raw {
    /// The text of a column, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(bytes) = self { std::str::from_utf8(bytes).ok() } else { None }
    }

    fn shown(&self) -> String {
        match self {
            Self::Null => "-".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Blob(bytes) => hex::encode(bytes),
        }
    }
}

/// A row that failed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub table: &'static Table,
    pub key: Vec<Raw>,
    pub why: String,
}

impl Broken {
    /// A row that should be there and is not.
    pub fn missing(table: &'static Table, key: &str, why: String) -> Self {
        Self { table, key: vec![Raw::Text(key.as_bytes().to_vec())], why }
    }

    /// The key in a form for people.
    pub fn name(&self) -> String {
        self.key.iter().map(Raw::shown).collect::<Vec<_>>().join(" ")
    }
}
