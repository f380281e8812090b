//! Conversions between values and database columns.

use std::{error::Error, str::FromStr};

use chrono::{DateTime, Utc};
use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::model::{Fingerprint, Severity};

/// A time as whole microseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Micros(pub DateTime<Utc>);

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.timestamp_micros().into())
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let micros = value.as_i64()?;
        DateTime::from_timestamp_micros(micros).map(Self).ok_or(FromSqlError::OutOfRange(micros))
    }
}

/// The time of an optional column.
pub(super) fn time(column: Option<Micros>) -> Option<DateTime<Utc>> {
    column.map(|Micros(time)| time)
}

/// The time of a column over many rows (the latest, the earliest). The time of a damaged row is unknown; the row itself
/// is reported.
pub(super) fn time_of_any(micros: Option<i64>) -> Option<DateTime<Utc>> {
    micros.and_then(DateTime::from_timestamp_micros)
}

/// A purl.
pub(super) struct Text<T>(pub T);

impl<T: FromStr<Err: Error + Send + Sync + 'static>> FromSql for Text<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
    }
}

/// A value as JSON.
pub(super) struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        serde_json::to_string(&self.0)
            .map(ToSqlOutput::from)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A value whose JSON form is one word, as that word.
pub(super) struct Word<T>(pub T);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0) {
            Ok(serde_json::Value::String(word)) => Ok(word.into()),
            Ok(_) => Err(rusqlite::Error::ToSqlConversionFailure("its JSON form is not a word".into())),
            Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(error.into())),
        }
    }
}

impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = serde_json::Value::String(value.as_str()?.to_owned());
        serde_json::from_value(word).map(Self).map_err(FromSqlError::other)
    }
}

/// A severity as its rank, so that SQL can compare it.
#[derive(Clone, Copy)]
pub(super) struct Rank(pub Severity);

impl ToSql for Rank {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((self.0 as i64).into())
    }
}

impl FromSql for Rank {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let rank = value.as_i64()?;
        let severity = usize::try_from(rank).ok().and_then(|rank| Severity::ALL.get(rank));
        severity.copied().map(Self).ok_or(FromSqlError::OutOfRange(rank))
    }
}

/// As its digits.
impl ToSql for Fingerprint {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for Fingerprint {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(FromSqlError::other)
    }
}

/// A limit as SQLite takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A count that SQLite returned; counts are never negative.
pub(super) fn count(rows: i64) -> u64 {
    rows.try_into().unwrap_or(0)
}

/// A position in a log. SQLite's integers have a sign, so the upper half of the range is refused, never wrapped.
#[derive(Clone, Copy)]
pub(super) struct Position(pub u64);

impl ToSql for Position {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        i64::try_from(self.0)
            .map(ToSqlOutput::from)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl FromSql for Position {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let position = value.as_i64()?;
        u64::try_from(position).map(Self).map_err(|_| FromSqlError::OutOfRange(position))
    }
}

/// A hash of 32 bytes.
#[derive(Clone, Copy)]
pub(super) struct Hash(pub [u8; 32]);

impl ToSql for Hash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_slice().into())
    }
}

impl FromSql for Hash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob()?.try_into().map(Self).map_err(FromSqlError::other)
    }
}

/// Hashes, one after another.
pub(super) struct Hashes(pub Vec<[u8; 32]>);

impl ToSql for Hashes {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.concat().into())
    }
}

impl FromSql for Hashes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let (hashes, rest) = value.as_blob()?.as_chunks::<32>();
        if rest.is_empty() { Ok(Self(hashes.to_vec())) } else { Err(FromSqlError::InvalidType) }
    }
}
