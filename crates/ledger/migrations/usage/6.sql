-- What a call cost is counted with it: '' where its plan had no price, as all that was counted before this.
CREATE TABLE usage_priced (
  minute    INTEGER NOT NULL,
  api       TEXT    NOT NULL,
  operation TEXT    NOT NULL,
  consumer  TEXT    NOT NULL,
  plan      TEXT    NOT NULL,
  price     TEXT    NOT NULL,
  outcome   INTEGER NOT NULL,
  class     INTEGER NOT NULL,
  calls     INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  time_us   INTEGER NOT NULL,
  PRIMARY KEY (minute, api, operation, consumer, plan, price, outcome, class)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_priced (minute, api, operation, consumer, plan, price, outcome, class, calls, bytes, time_us)
  SELECT minute, api, operation, consumer, plan, '', outcome, class, calls, bytes, time_us FROM usage;
DROP TABLE usage;
ALTER TABLE usage_priced RENAME TO usage;
CREATE TABLE usage_hours_priced (
  minute    INTEGER NOT NULL,
  api       TEXT    NOT NULL,
  operation TEXT    NOT NULL,
  consumer  TEXT    NOT NULL,
  plan      TEXT    NOT NULL,
  price     TEXT    NOT NULL,
  outcome   INTEGER NOT NULL,
  class     INTEGER NOT NULL,
  calls     INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  time_us   INTEGER NOT NULL,
  PRIMARY KEY (minute, api, operation, consumer, plan, price, outcome, class)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_hours_priced (minute, api, operation, consumer, plan, price, outcome, class, calls, bytes, time_us)
  SELECT minute, api, operation, consumer, plan, '', outcome, class, calls, bytes, time_us FROM usage_hours;
DROP TABLE usage_hours;
ALTER TABLE usage_hours_priced RENAME TO usage_hours;
CREATE TABLE usage_days_priced (
  minute    INTEGER NOT NULL,
  api       TEXT    NOT NULL,
  operation TEXT    NOT NULL,
  consumer  TEXT    NOT NULL,
  plan      TEXT    NOT NULL,
  price     TEXT    NOT NULL,
  outcome   INTEGER NOT NULL,
  class     INTEGER NOT NULL,
  calls     INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  time_us   INTEGER NOT NULL,
  PRIMARY KEY (minute, api, operation, consumer, plan, price, outcome, class)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_days_priced (minute, api, operation, consumer, plan, price, outcome, class, calls, bytes, time_us)
  SELECT minute, api, operation, consumer, plan, '', outcome, class, calls, bytes, time_us FROM usage_days;
DROP TABLE usage_days;
ALTER TABLE usage_days_priced RENAME TO usage_days;
CREATE INDEX usage_of_consumer ON usage (consumer, minute);
