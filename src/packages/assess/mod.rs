//! Assessment of one release with its baseline and release context. Pure.

mod assessment;
pub mod in_memory_history;
pub mod release_context;

pub use assessment::{Assessment, ComparedWith, alert, assess, links, of_itself};
