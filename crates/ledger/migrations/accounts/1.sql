-- Consumers, the plans they hold, their keys, and who changed what.
CREATE TABLE consumers (
  name       TEXT    NOT NULL PRIMARY KEY,
  suspended  INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plans_held (
  consumer TEXT    NOT NULL REFERENCES consumers (name),
  position INTEGER NOT NULL,
  plan     TEXT    NOT NULL,
  PRIMARY KEY (consumer, position)
) STRICT, WITHOUT ROWID;

-- Of a key only its digest is kept; the tail tells keys apart in lists.
CREATE TABLE keys (
  digest     BLOB    NOT NULL PRIMARY KEY,
  id         TEXT    NOT NULL UNIQUE,
  consumer   TEXT    NOT NULL REFERENCES consumers (name),
  tail       TEXT    NOT NULL,
  created_ms INTEGER NOT NULL,
  revoked_ms INTEGER
) STRICT;
CREATE INDEX keys_of_consumer ON keys (consumer, created_ms);

CREATE TABLE audit (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms   INTEGER NOT NULL,
  who     TEXT    NOT NULL,
  what    TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  detail  TEXT    NOT NULL
) STRICT;
