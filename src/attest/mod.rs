//! Stub until the real room is merged.
use crate::model::{Check, Digests, Provenance};
use chrono::{DateTime, Utc};
/// Stub.
#[derive(Debug)]
pub struct Verifier;
impl Verifier {
    /// Stub.
    pub fn npm(&self, _: &[u8], _: &str, _: &Digests) -> Provenance {
        Provenance::Absent
    }
    /// Stub.
    pub fn pypi(&self, _: &[u8], _: &str, _: &Digests) -> Provenance {
        Provenance::Absent
    }
    /// Stub.
    pub fn npm_signatures(&self, _: &[(&str, &str, &str)], _: DateTime<Utc>) -> Result<(), (Check, String)> {
        Ok(())
    }
}
