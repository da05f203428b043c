-- The calls of one UTC day.
CREATE TABLE calls (
  id          INTEGER NOT NULL PRIMARY KEY,
  parent      INTEGER,
  via         TEXT    NOT NULL,
  api         TEXT,
  offer       TEXT,
  operation   TEXT,
  who         TEXT,
  plan        TEXT,
  address     TEXT,
  method      TEXT    NOT NULL,
  path        TEXT    NOT NULL,
  class       INTEGER NOT NULL,
  status      INTEGER NOT NULL,
  outcome     INTEGER NOT NULL,
  reason      TEXT,
  took_us     INTEGER NOT NULL,
  provider_us INTEGER NOT NULL,
  bytes_in    INTEGER NOT NULL,
  bytes_out   INTEGER NOT NULL,
  breaks      INTEGER NOT NULL,
  weight      INTEGER NOT NULL,
  open        INTEGER NOT NULL
) STRICT;
CREATE INDEX calls_of_consumer ON calls (who, class, id);
CREATE INDEX calls_of_operation ON calls (operation, class, id);
CREATE INDEX calls_of_api ON calls (api, class, id);
-- The searches behind these two repeat the condition word for word, or SQLite would not use them.
CREATE INDEX calls_bad ON calls (id) WHERE outcome > 1 OR breaks > 0;
CREATE INDEX calls_slow ON calls (id) WHERE took_us > 1000000;

-- In the order they were written: ids are in the order of beginning, and a long call is written late.
CREATE TABLE arrivals (
  seq  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  call INTEGER NOT NULL
) STRICT;

-- Heads, bodies and decisions: JSON, deflated.
CREATE TABLE details (
  call INTEGER NOT NULL PRIMARY KEY,
  body BLOB    NOT NULL
) STRICT;
