-- What a package's document listed when it was looked at, so that what comes later is told from what was there, whatever
-- time it names: as JSON arrays of versions. NULL: not known.
-- `history`: every version, at the first look, until the history is read.
ALTER TABLE packages ADD COLUMN history TEXT;
-- `withdrawn`: those that were gone and of which a time is left.
ALTER TABLE packages ADD COLUMN withdrawn TEXT;
-- How many looks on end found a document that was behind what was announced, however often that was.
ALTER TABLE work ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
