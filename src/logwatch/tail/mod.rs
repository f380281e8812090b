//! Tailing of logs: every entry is downloaded, hashed and searched in order, and trusted only once it hashes to the
//! signed root.

mod batch;
mod position;
mod successor;
mod tailer;

pub use tailer::Tailer;
