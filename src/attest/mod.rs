//! Certificate → identity, bundle verification, trust root, registry signatures.
