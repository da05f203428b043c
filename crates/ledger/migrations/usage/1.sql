-- Every call is counted here. '' stands for none: no name is empty.
CREATE TABLE usage (
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
CREATE INDEX usage_of_consumer ON usage (consumer, minute);

-- Who writes ids at the moment. Slots are given out in turn, so that one comes round again as late as possible.
CREATE TABLE writers (
  id      INTEGER NOT NULL PRIMARY KEY,
  seen_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE last_writer (one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL) STRICT;
INSERT INTO last_writer (one, id) VALUES (1, 1023);
