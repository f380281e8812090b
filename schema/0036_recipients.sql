-- The recipients of a message that are done before the whole delivery is: a mail server answers about each by itself.
CREATE TABLE recipients (
    delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    address  TEXT NOT NULL,
    -- Whether it has the message, or never gets it.
    outcome  TEXT NOT NULL CHECK (outcome IN ('accepted', 'refused')),
    at       INTEGER NOT NULL,
    -- The receiver's answer.
    answer   TEXT NOT NULL,
    PRIMARY KEY (delivery, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX recipients_refused ON recipients (at) WHERE outcome = 'refused';
