-- The history: one entry for each row of the append-only tables, in the order in which the rows were written. `chain` is
-- the hash over the entry and the `chain` of the entry before it. `src/store/history/hashes.rs` has both hashes.
CREATE TABLE history (
    seq     INTEGER PRIMARY KEY,
    -- The kind and the id of the row that it covers, and the hash of that row's content.
    kind    TEXT NOT NULL,
    item    INTEGER NOT NULL,
    content BLOB NOT NULL CHECK (length(content) = 32),
    chain   BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;
CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'the history is append-only');
END;
CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
BEGIN
    SELECT RAISE(ABORT, 'the history is append-only');
END;

-- The last entry once more, so that a shortened history does not look whole.
CREATE TABLE history_head (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    seq   INTEGER NOT NULL,
    chain BLOB NOT NULL
) STRICT;

-- Heads that were signed with `[store] signing_key`.
CREATE TABLE signed_heads (
    seq       INTEGER NOT NULL,
    -- The SHA-256 of the public key.
    key       TEXT NOT NULL,
    chain     BLOB NOT NULL,
    at        INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (seq, key)
) STRICT, WITHOUT ROWID;

-- The rows from before: first the alert actions, then the baseline versions, each in the order of their ids. One row after
-- another, so that memory stays bounded.
INSERT INTO history (seq, kind, item, content, chain)
WITH RECURSIVE link (seq, item, content, chain) AS (
    SELECT 0, (SELECT min(id) FROM alert_actions) - 1, X'', X''
    UNION ALL
    SELECT link.seq + 1, one.id,
           history_content('alert-action', one.id, one.id, one.alert, one.status, one.by, one.reason, one.at),
           history_link(link.chain, link.seq + 1, 'alert-action', one.id,
               history_content('alert-action', one.id, one.id, one.alert, one.status, one.by, one.reason, one.at))
    FROM link JOIN alert_actions AS one ON one.id = (SELECT min(id) FROM alert_actions WHERE id > link.item)
)
SELECT seq, 'alert-action', item, content, chain FROM link WHERE length(content) > 0;

INSERT INTO history (seq, kind, item, content, chain)
WITH RECURSIVE link (seq, item, content, chain) AS (
    SELECT last.seq, (SELECT min(id) FROM baseline_versions) - 1, X'', last.chain
    FROM (
        SELECT seq, chain FROM (SELECT seq, chain FROM history UNION ALL SELECT 0, X'') ORDER BY seq DESC LIMIT 1
    ) AS last
    UNION ALL
    SELECT link.seq + 1, one.id,
           history_content('baseline-version', one.id, one.package, one.line, one.version, one.reason, one.purl, one.at,
               one.actor, one.note),
           history_link(link.chain, link.seq + 1, 'baseline-version', one.id,
               history_content('baseline-version', one.id, one.package, one.line, one.version, one.reason, one.purl,
                   one.at, one.actor, one.note))
    FROM link
    JOIN baseline_versions AS one ON one.id = (SELECT min(id) FROM baseline_versions WHERE id > link.item)
)
SELECT seq, 'baseline-version', item, content, chain FROM link WHERE length(content) > 0;

INSERT INTO history_head (only, seq, chain)
SELECT 1, seq, chain FROM (SELECT seq, chain FROM history UNION ALL SELECT 0, X'') ORDER BY seq DESC LIMIT 1;

-- Old deliveries are deleted; how many they were is part of the Message-ID of later messages about the alert.
CREATE TABLE pruned_deliveries (
    alert        TEXT NOT NULL,
    subscription TEXT NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (alert, subscription)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
