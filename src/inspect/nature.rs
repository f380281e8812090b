//! What a file is by its first bytes and by its name: text, a program for a machine, an archive, other data.

use schemars::JsonSchema;
use serde::Serialize;

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nature {
    /// No bytes.
    Empty,
    /// Text.
    Text,
    /// A program or library of Linux and other systems.
    Elf,
    /// A program or library of Windows.
    Pe,
    /// A program or library of macOS.
    MachO,
    /// WebAssembly.
    Wasm,
    /// Bytecode of a Java virtual machine.
    JavaClass,
    /// Bytecode of Python.
    PythonBytecode,
    /// A static library of object files.
    StaticLibrary,
    /// A file by its name a native library, whose first bytes are none.
    NamedBinary,
    /// An archive or compressed file, which is not opened.
    Archive,
    /// Other data.
    Data,
}

/// The bytes that [`Nature::of`] looks at.
pub(super) const HEAD: usize = 64;

/// The endings of native libraries and programs.
const ENDINGS: [&str; 7] = [".node", ".so", ".pyd", ".dll", ".dylib", ".exe", ".a"];

/// The first bytes of archives and compressed files.
const ARCHIVES: [&[u8]; 8] = [
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x28\xb5\x2f\xfd",
    b"MSCF\0\0\0\0",
];

/// The first bytes of single programs of macOS, in either order of bytes.
const MACH_O: [[u8; 4]; 4] =
    [[0xfe, 0xed, 0xfa, 0xce], [0xfe, 0xed, 0xfa, 0xcf], [0xce, 0xfa, 0xed, 0xfe], [0xcf, 0xfa, 0xed, 0xfe]];

/// The most processors of a universal program of macOS; a Java class has the number of a version in this place, from 45
/// on.
const MOST_PROCESSORS: u32 = 30;

impl Nature {
    /// The nature of a file with this first bytes, which is text as far as it was read, or not.
    pub(super) fn of(path: &str, head: &[u8], is_text: bool) -> Self {
        let begins = |mark: &[u8]| head.starts_with(mark);
        let number = |at: usize| head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        match number(0) {
            None if head.is_empty() => return Self::Empty,
            Some(0xcafe_babe | 0xcafe_babf) if number(4).is_some_and(|count| count <= MOST_PROCESSORS) => {
                return Self::MachO;
            }
            Some(0xcafe_babe) => return Self::JavaClass,
            _ => {}
        }
        let marked = [
            (begins(b"\x7fELF"), Self::Elf),
            (begins(b"MZ") && !is_text, Self::Pe),
            (MACH_O.iter().any(|mark| begins(mark)), Self::MachO),
            (begins(b"\0asm"), Self::Wasm),
            (begins(b"!<arch>\n") || begins(b"!<thin>\n"), Self::StaticLibrary),
            (ARCHIVES.iter().any(|mark| begins(mark)), Self::Archive),
            // The number of the version and a line break.
            (path.strip_suffix(".pyc").is_some() && head.get(2..4) == Some(b"\r\n"), Self::PythonBytecode),
            (is_text, Self::Text),
            (is_named_binary(path), Self::NamedBinary),
        ];
        marked.into_iter().find(|(is_it, _)| *is_it).map_or(Self::Data, |(_, nature)| nature)
    }

    /// Whether a machine or a virtual one runs it, so that a person cannot read it as it is.
    pub const fn is_binary(self) -> bool {
        match self {
            Self::Elf
            | Self::Pe
            | Self::MachO
            | Self::Wasm
            | Self::JavaClass
            | Self::PythonBytecode
            | Self::StaticLibrary
            | Self::NamedBinary => true,
            Self::Empty | Self::Text | Self::Archive | Self::Data => false,
        }
    }

    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Text => "text",
            Self::Elf => "ELF",
            Self::Pe => "Windows program",
            Self::MachO => "Mach-O",
            Self::Wasm => "WebAssembly",
            Self::JavaClass => "Java class",
            Self::PythonBytecode => "Python bytecode",
            Self::StaticLibrary => "static library",
            Self::NamedBinary => "binary by its name",
            Self::Archive => "archive",
            Self::Data => "data",
        }
    }
}

fn is_named_binary(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    // libfoo.so.1.2 too.
    ENDINGS.iter().any(|ending| lower.ends_with(ending)) || lower.contains(".so.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        for (path, head, is_text, nature) in [
            ("a", &b""[..], true, Nature::Empty),
            ("a.js", b"MZ is a word", true, Nature::Text),
            ("a.js", b"MZ\x90\0", false, Nature::Pe),
            ("a", b"\x7fELF\x02\x01", false, Nature::Elf),
            ("a", b"\xcf\xfa\xed\xfe\x07", false, Nature::MachO),
            ("a", b"\xca\xfe\xba\xbe\0\0\0\x02", false, Nature::MachO),
            ("A.class", b"\xca\xfe\xba\xbe\0\0\0\x41", false, Nature::JavaClass),
            ("a", b"\xca\xfe\xba\xbe", false, Nature::JavaClass),
            ("a.wasm", b"\0asm\x01\0\0\0", false, Nature::Wasm),
            ("a.a", b"!<arch>\n", true, Nature::StaticLibrary),
            ("a.zip", b"PK\x03\x04", false, Nature::Archive),
            ("m.cpython-312.pyc", b"\xcb\x0d\r\n\0\0", false, Nature::PythonBytecode),
            ("m.pyc", b"\xcb\x0d\0\0", false, Nature::Data),
            ("lib.node", b"\x01\x02\x03\x04\x05", false, Nature::NamedBinary),
            ("libx.so.1", b"\x01", false, Nature::NamedBinary),
            ("lib.node", b"not yet built", true, Nature::Text),
            ("a.png", b"\x89PNG\r\n", false, Nature::Data),
        ] {
            assert_eq!(Nature::of(path, head, is_text), nature, "{path} {head:?}");
        }
    }
}
