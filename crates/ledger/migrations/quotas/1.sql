-- What was granted of quotas, by account and the beginning of the slot for which it was; times in ms since 1970.
CREATE TABLE quotas (
    policy   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    slot_ms  INTEGER NOT NULL,
    granted  INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (policy, subject, slot_ms)
) WITHOUT ROWID;
CREATE INDEX quotas_until ON quotas (until_ms);
