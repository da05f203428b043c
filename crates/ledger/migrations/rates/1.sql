-- Rates that processes share: how far each subject (a keyed hash) is, in nanoseconds since 1970, and how deep its limit is.
CREATE TABLE rates (
  subject INTEGER NOT NULL PRIMARY KEY,
  arrival INTEGER NOT NULL,
  depth   INTEGER NOT NULL
) STRICT;
-- The processes that serve the board, when they were last heard of, and whether they take parts from here.
CREATE TABLE sharers (
  id      INTEGER NOT NULL PRIMARY KEY,
  seen    INTEGER NOT NULL,
  sharing INTEGER NOT NULL
) STRICT;
-- What subjects are hashed with.
CREATE TABLE rate_key (
  id     INTEGER NOT NULL PRIMARY KEY,
  first  INTEGER NOT NULL,
  second INTEGER NOT NULL
) STRICT;
