//! Sources of secrets in the configuration, and reading from them.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    model::Secret,
    strict_toml::{ReadError, read_text},
};

/// Most bytes of a secret. Passwords, tokens and webhook URLs are far shorter.
const MAX_BYTES: u64 = 16 * 1024;

/// The source of a secret. It is read when a subscription is set up, never with the configuration itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file that only the service's user may read.
    File(PathBuf),
    /// A systemd credential of that name, a file below `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

/// The reason why a secret could not be read. Never contains a part of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file could not be read.
    #[error("reading a secret")]
    Read(#[source] ReadError),
    /// The file is empty.
    #[error("the secret in {} is empty", .0.display())]
    Empty(PathBuf),
    /// The file has several lines, so it is probably the wrong one.
    #[error("the secret in {} has several lines; expected a single one", .0.display())]
    SeveralLines(PathBuf),
    /// systemd passed no credentials.
    #[error(
        "the credential {0:?} is not available: $CREDENTIALS_DIRECTORY is not set; \
         run under systemd with LoadCredential={0}:/path, or use the `_file` key"
    )]
    NoCredentials(String),
    /// Not a file name.
    #[error("{0:?} is not the name of a credential; expected letters, digits and . _ -")]
    Name(String),
}

impl SecretSource {
    /// The source in a pair of keys `…_file`, `…_credential`; the file comes first.
    pub(super) fn of(file: Option<&PathBuf>, credential: Option<&String>) -> Option<Self> {
        file.cloned().map(Self::File).or_else(|| credential.cloned().map(Self::Credential))
    }

    /// The key of the pair that names it: `token_file` or `token_credential` of `token`.
    pub fn key(&self, stem: &str) -> String {
        let ending = match self {
            Self::File(_) => "file",
            Self::Credential(_) => "credential",
        };
        format!("{stem}_{ending}")
    }

    /// Reads the secret: one line, without the newline at its end.
    ///
    /// # Errors
    /// No such file, no credentials, empty, several lines, larger than 16 KiB.
    pub fn read(&self) -> Result<Secret, SecretError> {
        self.read_below(credentials_directory().as_deref())
    }

    /// Reads the secret, with credentials from that folder.
    pub(super) fn read_below(&self, credentials: Option<&Path>) -> Result<Secret, SecretError> {
        let path = self.path(credentials)?;
        match self.read_lines_below(credentials)?.expose().trim_end_matches(['\r', '\n']) {
            "" => Err(SecretError::Empty(path)),
            secret if secret.contains(['\r', '\n', '\0']) => Err(SecretError::SeveralLines(path)),
            secret => Ok(Secret::new(secret)),
        }
    }

    /// Reads a secret of several lines, such as a key as PEM.
    ///
    /// # Errors
    /// As [`SecretSource::read`], except several lines.
    pub fn read_lines(&self) -> Result<Secret, SecretError> {
        self.read_lines_below(credentials_directory().as_deref())
    }

    /// As [`SecretSource::read_lines`], with credentials from that folder.
    pub(super) fn read_lines_below(&self, credentials: Option<&Path>) -> Result<Secret, SecretError> {
        let path = self.path(credentials)?;
        let text = read_text(&path, MAX_BYTES).map_err(SecretError::Read)?;
        if text.trim().is_empty() { Err(SecretError::Empty(path)) } else { Ok(Secret::new(text)) }
    }

    /// Its path.
    pub(super) fn path(&self, credentials: Option<&Path>) -> Result<PathBuf, SecretError> {
        match self {
            Self::File(path) => Ok(path.clone()),
            Self::Credential(name) if !is_credential_name(name) => Err(SecretError::Name(name.clone())),
            Self::Credential(name) => {
                credentials.map(|folder| folder.join(name)).ok_or_else(|| SecretError::NoCredentials(name.clone()))
            }
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Credential(name) => write!(f, "credential {name}"),
        }
    }
}

/// systemd.exec(5): the name is one component of a path.
pub(super) fn is_credential_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

pub(super) fn credentials_directory() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let source = SecretSource::Credential("token".to_owned());
        let read = |text: &str| {
            std::fs::write(folder.path().join("token"), text).unwrap();
            source.read_below(Some(folder.path()))
        };
        for text in ["hunter2", "hunter2\n", "hunter2\r\n"] {
            assert_eq!(read(text).unwrap().expose(), "hunter2");
        }
        assert_eq!(read(" a b \n").unwrap().expose(), " a b ", "blanks may belong to it");
        assert!(matches!(read("\n"), Err(SecretError::Empty(_))));
        assert!(matches!(read("a\nb\n"), Err(SecretError::SeveralLines(_))));
        let error = read(&"hunter2".repeat(10_000)).unwrap_err();
        assert!(matches!(error, SecretError::Read(ReadError::TooLarge { .. })));
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn credentials_stay_in_their_folder() {
        for name in ["", ".", "..", "../etc/passwd", "a/b", "a\0", "ü"] {
            let error = SecretSource::Credential(name.to_owned()).read_below(Some(Path::new("/"))).unwrap_err();
            assert!(matches!(error, SecretError::Name(_)), "{name}");
        }
        let error = SecretSource::Credential("smtp".to_owned()).read_below(None).unwrap_err();
        assert!(error.to_string().contains("LoadCredential=smtp:"), "{error}");
    }
}
