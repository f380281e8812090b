//! The containers of package formats, and the folder in which their members are.

/// The container of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// A tar in gzip.
    TarGz,
    /// A zip.
    Zip,
}

/// The folder of an archive that holds all its members, and has another name in each version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// None: members are where they are unpacked.
    Nowhere,
    /// One, whose name the format prescribes.
    One,
    /// The first part of each path, whatever it is called: readers drop it.
    Stripped,
}
