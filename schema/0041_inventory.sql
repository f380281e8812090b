-- The inventory: which project locks which release, how, and since when.
--
-- A project or vendor. `releases` is how many it locks now. `uploaded_at` is when its files were last read or written, and
-- `changed_at` when its content last changed. A removed project stays, with its past.
CREATE TABLE inventory_projects (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL CHECK (kind IN ('project', 'vendor')),
    owner       TEXT,
    added_at    INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    removed_at  INTEGER,
    releases    INTEGER NOT NULL,
    checksum    INTEGER
) STRICT;

-- The releases of all projects, each once, with the version as lock files spell it.
CREATE TABLE inventory_releases (
    id       INTEGER PRIMARY KEY,
    package  TEXT NOT NULL,
    version  TEXT NOT NULL,
    checksum INTEGER,
    UNIQUE (package, version)
) STRICT;

-- The digests that lock files demand of a release. `key` is the beginning of a digest as a number: enough to find the
-- release by, and an eighth of the size.
CREATE TABLE inventory_digests (
    key     INTEGER NOT NULL,
    release INTEGER NOT NULL REFERENCES inventory_releases (id),
    PRIMARY KEY (key, release)
) STRICT, WITHOUT ROWID;
CREATE INDEX inventory_digests_of_release ON inventory_digests (release);

-- The uses of a release, by release: who uses it is one range. `scope`, `vex` and `reachability` are places in the lists of
-- their words; `through` is the direct dependency that leads to it, and has no foreign key, because it is not searched for.
CREATE TABLE inventory_uses (
    release      INTEGER NOT NULL REFERENCES inventory_releases (id),
    project      INTEGER NOT NULL REFERENCES inventory_projects (id),
    from_at      INTEGER NOT NULL,
    until_at     INTEGER,
    scope        INTEGER NOT NULL,
    depth        INTEGER,
    through      INTEGER,
    vex          INTEGER,
    reachability INTEGER,
    PRIMARY KEY (release, project, from_at)
) STRICT, WITHOUT ROWID;
-- With all columns, so that what a project uses is one range, too.
CREATE INDEX inventory_uses_of_project
ON inventory_uses (project, until_at, scope, depth, through, vex, reachability);
CREATE INDEX inventory_uses_past ON inventory_uses (until_at) WHERE until_at IS NOT NULL;

-- The figures of the packages of a project by month, as the daemon counted them last: derived from uses and observations.
-- Subject 0 is the watchlist.
CREATE TABLE inventory_figures (
    subject    INTEGER PRIMARY KEY,
    counted_at INTEGER NOT NULL,
    figures    TEXT NOT NULL
) STRICT;
