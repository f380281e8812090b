-- How often the receiver answered that it does not take this message. Some refuse what a publisher wrote into it: after a few
-- times it is sent without that. NULL: never.
ALTER TABLE deliveries ADD COLUMN refusals INTEGER;
