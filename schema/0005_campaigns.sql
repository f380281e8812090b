-- Which releases a campaign has, so that a release is found in the campaigns that it belongs to.
CREATE TABLE campaign_members (
    campaign TEXT NOT NULL REFERENCES alerts (fingerprint),
    member   TEXT NOT NULL,
    -- The fingerprint of the release's own alert, which is recorded after the campaign.
    alert    TEXT NOT NULL,
    PRIMARY KEY (campaign, member)
) STRICT, WITHOUT ROWID;

CREATE INDEX campaigns_of_member ON campaign_members (member);

-- Which members of a campaign a subscription was told of, and by which message.
CREATE TABLE told_members (
    campaign     TEXT NOT NULL REFERENCES alerts (fingerprint),
    subscription TEXT NOT NULL,
    member       TEXT NOT NULL,
    delivery     INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    PRIMARY KEY (campaign, subscription, member)
) STRICT, WITHOUT ROWID;

CREATE INDEX tellings_of_member ON told_members (member);

CREATE INDEX tellings_by_delivery ON told_members (delivery);
