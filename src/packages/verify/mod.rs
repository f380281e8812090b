//! Verification of a release before it is judged: evidence, facts from forges, and unchecked parts.

mod dependencies;
pub mod email_domains;
pub mod facts;
pub mod left_out;
pub mod own_runs;
pub mod unchecked;
pub mod usual_place;
mod verification;

pub use verification::{Checked, Verification, unreadable, verify_document, worst};
