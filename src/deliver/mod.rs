//! Outbox, sinks, templates.
