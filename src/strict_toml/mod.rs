//! Strict reading of TOML from people, as `config` and `watchlist` share it.
//!
//! A type's JSON schema says what a document may hold; [`parse`] compares the document with it before serde sees it.
//! So all problems of a document are found in one go, each with its line, column and key, what stands there and what
//! was expected, and the documentation is generated from the very schema that is enforced.

mod check;
mod file;
mod problem;
mod suggest;
mod walk;

use std::{ops::Range, path::Path};

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use toml::de::{DeTable, Deserializer};

pub use check::Format;
pub use file::{ReadError, read_text, text_of};
pub(crate) use problem::LISTED;
pub use problem::{Location, Problem, Problems};
pub use suggest::did_you_mean;
pub use walk::Schema;
#[cfg(test)]
pub use walk::{Variant, Word};

/// The schema of a type as `serde_json` sees it, definitions under `$defs`.
pub fn schema<T: JsonSchema>() -> serde_json::Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().into()
}

/// Parses a document into a type, after comparing it with the type's schema. `formats` are the `format`s of the schema
/// that have a check of their own; `origin` is the file that messages name.
///
/// # Errors
/// Everything that is wrong with the document, in document order.
pub fn parse<T: DeserializeOwned + JsonSchema>(text: &str, origin: &Path, formats: &[Format]) -> Result<T, Problems> {
    let start = |span: Option<Range<usize>>| span.map_or(0, |span| span.start);
    let syntax = |error: &toml::de::Error| (start(error.span()), String::new(), error.message().to_owned());
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(Problems::within(text, origin, errors.iter().map(syntax).collect()));
    }
    let schema = schema::<T>();
    let found = check::compare(&table, Schema::of(&schema), formats);
    if !found.is_empty() {
        let found = found.into_iter().map(|found| (found.span.start, found.key, found.what));
        return Err(Problems::within(text, origin, found.collect()));
    }
    T::deserialize(Deserializer::from(table)).map_err(|error| Problems::within(text, origin, vec![syntax(&error)]))
}

#[cfg(test)]
mod tests;
