//! Parse, match, explain.
