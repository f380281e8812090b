-- Why a message was sent again, or about what besides the alert: a repetition, an escalation, a notice. Empty: the alert was
-- raised.
ALTER TABLE deliveries ADD COLUMN why TEXT;
