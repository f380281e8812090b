//! One detector a file.
