-- The queue has lanes: each registry has slots of its own, and what a feed announced comes before all else. `lane` is 0 for
-- an announced package, 1 for one whose last turn failed or ended before the work was done, 2 for the rest; `turns` counts
-- the turns that ended too early; `done` of `total` releases of a history are read, while it is being read in portions.
ALTER TABLE work ADD COLUMN registry TEXT NOT NULL DEFAULT '';
ALTER TABLE work ADD COLUMN lane INTEGER NOT NULL DEFAULT 2 CHECK (lane IN (0, 1, 2));
ALTER TABLE work ADD COLUMN turns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE work ADD COLUMN done INTEGER;
ALTER TABLE work ADD COLUMN total INTEGER;

UPDATE work SET
    registry = CASE WHEN package LIKE 'pkg:npm/%' THEN 'npm' WHEN package LIKE 'pkg:pypi/%' THEN 'pypi' ELSE 'cargo' END,
    lane = CASE WHEN revision IS NULL THEN 2 WHEN attempts > 0 THEN 1 ELSE 0 END;

DROP INDEX work_due;
CREATE INDEX work_due ON work (registry, lane, due_at, package);
CREATE INDEX work_in_portions ON work (package) WHERE total IS NOT NULL;
