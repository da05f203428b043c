-- The last minute, since 1970, in which each key was used. Not with the accounts: who watches those for changes would see one
-- with every use.
CREATE TABLE keys_used (
  digest BLOB    NOT NULL PRIMARY KEY,
  minute INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
