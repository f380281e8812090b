-- The dist-tags of the package when its document was last read, JSON: the version that each names, since when, and how
-- often it moved to a newer one. NULL: not read since provwatch keeps them, or the registry has none.
ALTER TABLE packages ADD COLUMN dist_tags TEXT;
