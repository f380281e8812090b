//! Observe, verify, assess, record.
