-- Since when a mirror has shown another history than the one that is known of its log. NULL: it does not.
ALTER TABLE log_mirrors ADD COLUMN other_history_since INTEGER;
