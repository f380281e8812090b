//! Catches a panic of one piece of work, so that it counts as an ordinary failure.

use std::{any::Any, panic::AssertUnwindSafe};

use futures::FutureExt;

/// A defect of provwatch. The text is the panic's.
#[derive(Debug, thiserror::Error)]
#[error("internal error, please report it: {0}")]
pub struct Panicked(pub String);

/// Does some work; a panic becomes [`Panicked`]. Nothing half done stays behind: the store rolls back what was not
/// committed.
pub async fn caught<T, E: From<Panicked>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(Panicked(panic_text(panic.as_ref())).into()))
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
