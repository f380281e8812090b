//! Tailing: every entry is downloaded, hashed and sifted, in order; nothing is skipped, and nothing is believed before it
//! hashes to what the log signed.

mod batch;
mod position;
mod successor;
mod tailer;

pub use tailer::Tailer;
