-- The id of the alert whose deviation the alert's release repeats. NULL: it tells of its release by itself.
ALTER TABLE alerts ADD COLUMN repeats TEXT;
CREATE INDEX alerts_that_repeat ON alerts (repeats) WHERE repeats IS NOT NULL;
