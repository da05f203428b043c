-- Whom to ask about a consumer, what its keys are narrowed to and when they end, the terms it has accepted, and the plans
-- that somebody asks for.
ALTER TABLE consumers ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE consumers ADD COLUMN notes TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN scope TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN expires_ms INTEGER;

-- The last version of each plan's terms. Consumers that the board's file names accept them here, too.
CREATE TABLE terms_accepted (
  consumer TEXT    NOT NULL,
  plan     TEXT    NOT NULL,
  version  TEXT    NOT NULL,
  who      TEXT    NOT NULL,
  at_ms    INTEGER NOT NULL,
  PRIMARY KEY (consumer, plan)
) STRICT, WITHOUT ROWID;

-- state: pending, approved, denied.
CREATE TABLE access_requests (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  consumer   TEXT    NOT NULL REFERENCES consumers (name),
  plan       TEXT    NOT NULL,
  note       TEXT    NOT NULL,
  asked_by   TEXT    NOT NULL,
  asked_ms   INTEGER NOT NULL,
  state      TEXT    NOT NULL DEFAULT 'pending',
  decided_by TEXT    NOT NULL DEFAULT '',
  decided_ms INTEGER,
  reason     TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX access_pending ON access_requests (state, id);
CREATE INDEX audit_of_subject ON audit (subject, id);
