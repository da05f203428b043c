-- The calls of all days, as in `1.sql`; a partition of each table is one UTC day, made when it begins.
CREATE TABLE calls (
  id          BIGINT NOT NULL PRIMARY KEY,
  parent      BIGINT,
  via         TEXT COLLATE "C" NOT NULL,
  api         TEXT COLLATE "C",
  offer       TEXT COLLATE "C",
  operation   TEXT COLLATE "C",
  who         TEXT COLLATE "C",
  plan        TEXT COLLATE "C",
  address     TEXT COLLATE "C",
  method      TEXT COLLATE "C" NOT NULL,
  path        TEXT COLLATE "C" NOT NULL,
  class       BIGINT NOT NULL,
  status      BIGINT NOT NULL,
  outcome     BIGINT NOT NULL,
  reason      TEXT COLLATE "C",
  took_us     BIGINT NOT NULL,
  provider_us BIGINT NOT NULL,
  bytes_in    BIGINT NOT NULL,
  bytes_out   BIGINT NOT NULL,
  breaks      BIGINT NOT NULL,
  weight      BIGINT NOT NULL,
  open        BIGINT NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX calls_of_consumer ON calls (who, class, id);
CREATE INDEX calls_of_operation ON calls (operation, class, id);
CREATE INDEX calls_of_api ON calls (api, class, id);
CREATE INDEX calls_bad ON calls (id) WHERE outcome > 1 OR breaks > 0;
CREATE INDEX calls_slow ON calls (id) WHERE took_us > 1000000;

-- The numbers of one sequence for all days; writers take turns, so that they become visible in order.
CREATE SEQUENCE arrivals_in_order;
CREATE TABLE arrivals (
  seq  BIGINT NOT NULL DEFAULT nextval('arrivals_in_order'),
  call BIGINT NOT NULL
) PARTITION BY RANGE (call);
CREATE INDEX arrivals_seq ON arrivals (seq);

CREATE TABLE details (
  call BIGINT NOT NULL PRIMARY KEY,
  body BYTEA  NOT NULL
) PARTITION BY RANGE (call);
-- They are deflated already.
ALTER TABLE details ALTER COLUMN body SET STORAGE EXTERNAL;
