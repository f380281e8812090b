//! Assessment of one release with its baseline and release context. Pure.

mod assessment;
pub mod chronicle;
pub mod company;

pub use assessment::{Assessment, ComparedWith, alert, assess, links, of_itself};
