-- The same counts by hour and by day. `minute` is the first one of the hour, of the day.
CREATE TABLE usage_hours (
  minute    INTEGER NOT NULL,
  api       TEXT    NOT NULL,
  operation TEXT    NOT NULL,
  consumer  TEXT    NOT NULL,
  plan      TEXT    NOT NULL,
  outcome   INTEGER NOT NULL,
  class     INTEGER NOT NULL,
  calls     INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  time_us   INTEGER NOT NULL,
  PRIMARY KEY (minute, api, operation, consumer, plan, outcome, class)
) STRICT, WITHOUT ROWID;
CREATE TABLE usage_days (
  minute    INTEGER NOT NULL,
  api       TEXT    NOT NULL,
  operation TEXT    NOT NULL,
  consumer  TEXT    NOT NULL,
  plan      TEXT    NOT NULL,
  outcome   INTEGER NOT NULL,
  class     INTEGER NOT NULL,
  calls     INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  time_us   INTEGER NOT NULL,
  PRIMARY KEY (minute, api, operation, consumer, plan, outcome, class)
) STRICT, WITHOUT ROWID;
-- Up to which minute both hold everything, and from which minute on minutes are kept.
CREATE TABLE rolled (
  one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  until   INTEGER NOT NULL,
  minutes INTEGER NOT NULL
) STRICT;
INSERT INTO rolled (one, until, minutes) VALUES (1, 0, 0);
