-- As in a file; what a crash may take is not written to the log.
CREATE UNLOGGED TABLE rates (
  subject BIGINT NOT NULL PRIMARY KEY,
  arrival BIGINT NOT NULL,
  depth   BIGINT NOT NULL
);
CREATE UNLOGGED TABLE sharers (
  id      BIGINT NOT NULL PRIMARY KEY,
  seen    BIGINT NOT NULL,
  sharing BIGINT NOT NULL
);
CREATE TABLE rate_key (
  id     BIGINT NOT NULL PRIMARY KEY,
  first  BIGINT NOT NULL,
  second BIGINT NOT NULL
);
