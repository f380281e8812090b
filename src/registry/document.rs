//! Bounded reading of JSON documents from registries.
