//! Observe, verify, assess, record.

pub mod assess;
pub mod replay;
