-- What was to be told when a threshold was crossed, and how far that got. `at_ms`: when, or the beginning of the period.
-- State 0: waits for its next attempt; 1: delivered; 2: given up.
CREATE TABLE news (
  id       TEXT    NOT NULL PRIMARY KEY,
  alert    TEXT    NOT NULL,
  subject  TEXT    NOT NULL,
  at_ms    INTEGER NOT NULL,
  webhook  TEXT    NOT NULL,
  body     TEXT    NOT NULL,
  state    INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_ms  INTEGER NOT NULL,
  seen_ms  INTEGER NOT NULL,
  error    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX news_once ON news (alert, subject, at_ms);
CREATE INDEX news_waiting ON news (state, next_ms);
-- Which process sends them.
CREATE TABLE sender (
  one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  holder   INTEGER NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT;
INSERT INTO sender (one, holder, until_ms) VALUES (1, 0, 0);
