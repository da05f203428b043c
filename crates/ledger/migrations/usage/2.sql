-- Who adds up counts, and the number of the last addition: one whose answer was lost must not be made twice.
CREATE TABLE adders (
  id      INTEGER NOT NULL PRIMARY KEY,
  nth     INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL
) STRICT;
