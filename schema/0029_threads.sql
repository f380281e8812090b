-- Where a receiver keeps an alert: an issue, a thread of a channel. The next message about the alert continues there.
CREATE TABLE threads (
    alert        TEXT NOT NULL REFERENCES alerts (fingerprint),
    subscription TEXT NOT NULL,
    thread       TEXT NOT NULL,
    PRIMARY KEY (alert, subscription)
) STRICT, WITHOUT ROWID;
