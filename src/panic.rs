//! A panic while one thing is worked on is that thing's trouble: it is caught, named, and put off like any other failure.

use std::{any::Any, panic::AssertUnwindSafe};

use futures::FutureExt;

use crate::upkeep::PipelineError;

/// Does some work; a panic becomes [`PipelineError::Panic`]. Nothing half done stays behind: the store rolls back what was
/// not committed.
pub async fn caught<T>(work: impl Future<Output = Result<T, PipelineError>>) -> Result<T, PipelineError> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(PipelineError::Panic(panic_text(panic.as_ref()))))
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
