-- What is known of the windows that are stored in schema fathom. Everything is qualified: the search path is not trusted.
-- Written for PostgreSQL 14 and later.

COMMENT ON SCHEMA fathom IS 'Fathom Analytics reports: one table a report, written by fathom-export';
COMMENT ON SCHEMA fathom_ops IS 'What fathom-export knows of the rows in schema fathom: certificates, attempts, restatements, runs';

CREATE TABLE fathom_ops.report (
  report        text PRIMARY KEY,
  entity        text NOT NULL CHECK (entity IN ('pageview', 'event')),
  date_grouping text NOT NULL CHECK (date_grouping IN ('hour', 'day', 'month', 'year', 'none')),
  grain         text[] NOT NULL,
  migrated_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE fathom_ops.report IS 'The tables in schema fathom that fathom-export made';
COMMENT ON COLUMN fathom_ops.report.grain IS 'Columns that tell the table''s rows apart';

CREATE TABLE fathom_ops.ledger (
  report              text NOT NULL,
  site_id             text NOT NULL,
  event_name          text NOT NULL,
  period              date NOT NULL,
  period_end          date NOT NULL,
  covers_to           date NOT NULL,
  status              text NOT NULL CHECK (status IN ('certified', 'uncertified', 'incomplete')),
  stored              boolean NOT NULL,
  rows                bigint NOT NULL,
  pageviews_sum       bigint,
  pageviews_control   bigint,
  conversions_sum     bigint,
  conversions_control bigint,
  value_sum           bigint,
  value_control       bigint,
  store_if_absent     boolean NOT NULL,
  reason              text,
  definition          text NOT NULL,
  zone                text,
  requests            integer NOT NULL,
  control_requests    integer NOT NULL,
  splits              integer NOT NULL,
  window_id           text NOT NULL,
  run_id              text NOT NULL,
  fetched_at          timestamptz NOT NULL,
  committed_at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (report, site_id, event_name, period, period_end),
  CHECK (period <= covers_to AND covers_to <= period_end)
);
CREATE INDEX ON fathom_ops.ledger (run_id);
COMMENT ON TABLE fathom_ops.ledger IS 'One row a report, site, event and period (day, month, year; the whole range for reports without date grouping): what is stored of it, and the evidence that it is complete. A period without a row was never measured';
COMMENT ON COLUMN fathom_ops.ledger.event_name IS 'Empty for pageviews';
COMMENT ON COLUMN fathom_ops.ledger.period IS 'First day of the period, in the site''s zone';
COMMENT ON COLUMN fathom_ops.ledger.period_end IS 'Last day of the period';
COMMENT ON COLUMN fathom_ops.ledger.covers_to IS 'Last day that was measured; before period_end while the period is provisional';
COMMENT ON COLUMN fathom_ops.ledger.status IS 'certified: the sums over the rows equal the control query. uncertified: no control was possible. incomplete: the numbers disagree';
COMMENT ON COLUMN fathom_ops.ledger.stored IS 'Whether the period''s rows are stored (a certified period of no rows is: nothing was measured)';
COMMENT ON COLUMN fathom_ops.ledger.pageviews_sum IS 'Sum over the rows';
COMMENT ON COLUMN fathom_ops.ledger.pageviews_control IS 'The same from the ungrouped control query';
COMMENT ON COLUMN fathom_ops.ledger.value_sum IS 'Cents';
COMMENT ON COLUMN fathom_ops.ledger.value_control IS 'Cents';
COMMENT ON COLUMN fathom_ops.ledger.reason IS 'Why the period is not certified';
COMMENT ON COLUMN fathom_ops.ledger.definition IS 'Digest of the report''s definition that was asked; rows of another definition are stale';
COMMENT ON COLUMN fathom_ops.ledger.zone IS 'The site''s zone when it was asked (IANA name)';
COMMENT ON COLUMN fathom_ops.ledger.requests IS 'Requests of the window that the period came with';
COMMENT ON COLUMN fathom_ops.ledger.splits IS 'Filter parts that over-limit days of the window were split into';

CREATE TABLE fathom_ops.attempt (
  report     text NOT NULL,
  site_id    text NOT NULL,
  event_name text NOT NULL,
  period     date NOT NULL,
  period_end date NOT NULL,
  covers_to  date NOT NULL,
  reason     text NOT NULL,
  kept       boolean NOT NULL,
  window_id  text NOT NULL,
  run_id     text NOT NULL,
  at         timestamptz NOT NULL,
  PRIMARY KEY (report, site_id, event_name, period, period_end)
);
COMMENT ON TABLE fathom_ops.attempt IS 'The last failed attempt at a period; gone when a later one succeeds';
COMMENT ON COLUMN fathom_ops.attempt.kept IS 'Whether older rows of the period stand';

CREATE TABLE fathom_ops.restatement (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  report      text NOT NULL,
  site_id     text NOT NULL,
  event_name  text NOT NULL,
  day         date NOT NULL,
  measure     text NOT NULL,
  before      numeric,
  after       numeric,
  restated_at timestamptz NOT NULL,
  run_id      text NOT NULL
);
CREATE INDEX ON fathom_ops.restatement (report, site_id, event_name, day);
COMMENT ON TABLE fathom_ops.restatement IS 'Stored periods that a later fetch changed: one row for the number of rows, and one a measure whose sum changed';
COMMENT ON COLUMN fathom_ops.restatement.day IS 'First day of the period';
COMMENT ON COLUMN fathom_ops.restatement.measure IS 'A column of the report''s table, or rows';
COMMENT ON COLUMN fathom_ops.restatement.before IS 'Sum over the period''s rows before; null when there was no such column';
COMMENT ON COLUMN fathom_ops.restatement.after IS 'Sum over the period''s rows after';
COMMENT ON COLUMN fathom_ops.restatement.restated_at IS 'When the changed numbers were fetched';

CREATE TABLE fathom_ops.quarantine (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  report     text NOT NULL,
  site_id    text NOT NULL,
  event_name text NOT NULL,
  window_id  text NOT NULL,
  run_id     text NOT NULL,
  at         timestamptz NOT NULL,
  raw_text   text NOT NULL,
  reason     text NOT NULL,
  settled_at timestamptz
);
CREATE INDEX ON fathom_ops.quarantine (report, site_id, event_name, window_id) WHERE settled_at IS NULL;
COMMENT ON TABLE fathom_ops.quarantine IS 'Rows that could not be typed';
COMMENT ON COLUMN fathom_ops.quarantine.raw_text IS 'The row as the API gave it, as JSON';
COMMENT ON COLUMN fathom_ops.quarantine.settled_at IS 'When a later attempt made the row a thing of the past';

CREATE TABLE fathom_ops.run (
  run_id             text PRIMARY KEY,
  pipeline           text NOT NULL,
  command            text NOT NULL,
  started_at         timestamptz NOT NULL,
  finished_at        timestamptz,
  exit_code          integer,
  windows_planned    bigint NOT NULL,
  windows_committed  bigint NOT NULL,
  windows_unchanged  bigint NOT NULL,
  windows_incomplete bigint NOT NULL,
  windows_failed     bigint NOT NULL,
  windows_skipped    bigint NOT NULL,
  rows               bigint NOT NULL,
  quarantined        bigint NOT NULL,
  requests           bigint NOT NULL,
  messages           text[] NOT NULL
);
CREATE INDEX ON fathom_ops.run (started_at);
COMMENT ON TABLE fathom_ops.run IS 'Runs of pipelines';
COMMENT ON COLUMN fathom_ops.run.finished_at IS 'Null while it runs, and for ever when it was killed';
COMMENT ON COLUMN fathom_ops.run.requests IS 'Requests to the quota-limited endpoints, each billed as a pageview';
COMMENT ON COLUMN fathom_ops.run.messages IS 'One line a failure';

CREATE TABLE fathom_ops.learned (
  kind       text NOT NULL CHECK (kind IN ('max_days', 'row_cap', 'most_rows')),
  shape      text NOT NULL,
  number     integer NOT NULL,
  learned_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, shape)
);
COMMENT ON TABLE fathom_ops.learned IS 'What answers taught about the API''s limits';
COMMENT ON COLUMN fathom_ops.learned.shape IS 'The query shape, for max_days; else empty';
