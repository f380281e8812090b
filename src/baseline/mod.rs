//! Learn and compare; pure.
