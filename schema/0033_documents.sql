-- The attestation documents of releases that raised something, as their registries served them: see
-- src/store/documents.rs.
CREATE TABLE documents (
    -- The SHA-256 of the document.
    sha256   BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    -- Compressed.
    content  BLOB NOT NULL,
    checksum INTEGER
) STRICT;

CREATE TABLE release_documents (
    purl       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('npm-attestations', 'pypi-provenance')),
    subject    TEXT NOT NULL,
    sha256     BLOB NOT NULL REFERENCES documents (sha256),
    fetched_at INTEGER NOT NULL,
    checksum   INTEGER,
    PRIMARY KEY (purl, kind, subject, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX release_documents_by_document ON release_documents (sha256);
