-- Receivers that forget are told of the end of an alert for some minutes: the alerts that were resolved lately.
CREATE INDEX alerts_resolved ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
