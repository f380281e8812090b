-- Which packages name which as a dependency, as their judged and newest releases do.
CREATE TABLE dependents (
    dependency TEXT NOT NULL,
    package    TEXT NOT NULL,
    PRIMARY KEY (dependency, package)
) STRICT, WITHOUT ROWID;

-- Incidents: named cases of operators. Both tables only grow.
CREATE TABLE incidents (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL UNIQUE,
    checksum INTEGER
) STRICT;
CREATE TRIGGER incidents_are_not_changed BEFORE UPDATE OF id, name ON incidents
BEGIN SELECT RAISE(ABORT, 'incidents only grows'); END;
CREATE TRIGGER incidents_are_not_removed BEFORE DELETE ON incidents
BEGIN SELECT RAISE(ABORT, 'incidents only grows'); END;

CREATE TABLE incident_events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incidents (id),
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('opened', 'added', 'removed', 'note', 'decision', 'closed', 'reopened')),
    -- The release that was added or removed, and what ties it to the others.
    purl     TEXT,
    tie      TEXT,
    text     TEXT NOT NULL,
    checksum INTEGER
) STRICT;
CREATE INDEX incident_events_of_incident ON incident_events (incident, id);
CREATE INDEX incident_events_of_release ON incident_events (purl) WHERE purl IS NOT NULL;
CREATE TRIGGER incident_events_are_not_changed
BEFORE UPDATE OF id, incident, at, by, kind, purl, tie, text ON incident_events
BEGIN SELECT RAISE(ABORT, 'incident_events only grows'); END;
CREATE TRIGGER incident_events_are_not_removed BEFORE DELETE ON incident_events
BEGIN SELECT RAISE(ABORT, 'incident_events only grows'); END;

-- By which traces a later release joins an open incident. Derived from its members.
CREATE TABLE incident_traces (
    key      INTEGER NOT NULL,
    incident INTEGER NOT NULL REFERENCES incidents (id),
    tie      TEXT NOT NULL,
    -- The member that has the trace, and the trace for people.
    member   TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (key, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_traces_of_incident ON incident_traces (incident);
