//! The web services of receivers: a URL that messages are posted to, and an API that answers.

mod api;
mod endpoint;
mod hidden;

pub(super) use api::{Answer, Api, Call};
pub use endpoint::Endpoint;
pub(super) use hidden::Hidden;
