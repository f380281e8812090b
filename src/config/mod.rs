//! The configuration file, one file a section.
