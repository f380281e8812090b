-- The proof that a checkpoint continues the consistent one before it: the size of that one, and the hashes of the
-- consistency proof (RFC 9162, section 2.1.4), 32 bytes each. NULL: it is the first, or was kept before proofs were.
ALTER TABLE log_checkpoints ADD COLUMN proven_from INTEGER;
ALTER TABLE log_checkpoints ADD COLUMN proof BLOB;
-- 1: a kept attestation names it, so it stays. NULL: it may be thinned out.
ALTER TABLE log_checkpoints ADD COLUMN named INTEGER CHECK (named = 1);
