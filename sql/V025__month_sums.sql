-- Readers of a month: what is only arithmetic may run in parallel workers, and the sums of months may be stored.

ALTER FUNCTION fathom_ops.period_state(boolean, boolean, text, boolean, boolean, bigint) PARALLEL SAFE;
ALTER FUNCTION fathom_ops.state_of_days(bigint, bigint, boolean, bigint, bigint, bigint, bigint) PARALLEL SAFE;
ALTER FUNCTION fathom_ops.as_of() PARALLEL SAFE;

CREATE VIEW fathom_ops.stored_month AS
SELECT l.report,
       l.site_id,
       l.event_name,
       date_trunc('month', l.period::timestamp)::date AS month,
       sum(l.rows)::bigint                            AS rows,
       count(*) || ' ' || sum((date_part('epoch', l.committed_at) * 1000000)::bigint) AS seen
  FROM fathom_ops.ledger l
 WHERE l.stored
 GROUP BY l.report, l.site_id, l.event_name, date_trunc('month', l.period::timestamp)::date;
COMMENT ON VIEW fathom_ops.stored_month IS 'One row per report, site, event and month in which something is stored';
COMMENT ON COLUMN fathom_ops.stored_month.report IS 'Name of the report';
COMMENT ON COLUMN fathom_ops.stored_month.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.stored_month.event_name IS 'The event''s name; empty for pageviews';
COMMENT ON COLUMN fathom_ops.stored_month.month IS 'First day of the month';
COMMENT ON COLUMN fathom_ops.stored_month.rows IS 'Number of the month''s rows';
COMMENT ON COLUMN fathom_ops.stored_month.seen IS 'Differs as soon as a window of the month was stored or removed: the number of the ledger''s entries, and the sum of their times of commit';

CREATE TABLE fathom_ops.month_sum (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  report     text NOT NULL,
  site_id    text NOT NULL,
  event_name text NOT NULL,
  month      date NOT NULL,
  seen       text NOT NULL,
  groups     bigint NOT NULL DEFAULT 0,
  made_at    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (report, site_id, event_name, month)
);
COMMENT ON TABLE fathom_ops.month_sum IS 'The months whose sums are stored in fathom_ops.month_group, for the views fathom_bi.<report>_month. Derived from the report''s rows at the end of a run; may be emptied at any time, with TRUNCATE fathom_ops.month_sum CASCADE. Rows that are changed by hand in a report''s table, without the ledger, are not noticed: empty it then';
COMMENT ON COLUMN fathom_ops.month_sum.id IS 'Number of the month in fathom_ops.month_group';
COMMENT ON COLUMN fathom_ops.month_sum.report IS 'Name of the report';
COMMENT ON COLUMN fathom_ops.month_sum.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.month_sum.event_name IS 'The event''s name; empty for pageviews';
COMMENT ON COLUMN fathom_ops.month_sum.month IS 'First day of the month';
COMMENT ON COLUMN fathom_ops.month_sum.seen IS 'The report''s columns and the state of the ledger (fathom_ops.stored_month.seen) from which the sums were made. Where they differ now, the views read the rows instead';
COMMENT ON COLUMN fathom_ops.month_sum.groups IS 'Number of the month''s groups. Where the last of them is missing, the views read the rows instead';
COMMENT ON COLUMN fathom_ops.month_sum.made_at IS 'When the sums were made';

CREATE TABLE fathom_ops.month_group (
  month_sum          bigint NOT NULL REFERENCES fathom_ops.month_sum ON DELETE CASCADE,
  n                  integer NOT NULL,
  fields             text[] NOT NULL,
  visits             bigint,
  uniques            bigint,
  pageviews          bigint,
  conversions        bigint,
  unique_conversions bigint,
  value_cents        bigint,
  bounces            bigint,
  rated_visits       bigint,
  PRIMARY KEY (month_sum, n)
);
COMMENT ON TABLE fathom_ops.month_group IS 'The sums of a site''s month, one row per group of the report. Whether a sum is the month''s number is not said here: see the views. Do not delete single rows';
COMMENT ON COLUMN fathom_ops.month_group.month_sum IS 'The month';
COMMENT ON COLUMN fathom_ops.month_group.n IS 'Number of the group within the month';
COMMENT ON COLUMN fathom_ops.month_group.fields IS 'The values of the report''s fields, in the order of the report';
COMMENT ON COLUMN fathom_ops.month_group.visits IS 'Sum of the days'' visits';
COMMENT ON COLUMN fathom_ops.month_group.uniques IS 'Sum of the days'' uniques';
COMMENT ON COLUMN fathom_ops.month_group.pageviews IS 'Sum of the days'' pageviews';
COMMENT ON COLUMN fathom_ops.month_group.conversions IS 'Sum of the days'' conversions';
COMMENT ON COLUMN fathom_ops.month_group.unique_conversions IS 'Sum of the days'' unique conversions';
COMMENT ON COLUMN fathom_ops.month_group.value_cents IS 'Sum of the days'' value, in cents';
COMMENT ON COLUMN fathom_ops.month_group.bounces IS 'Sum of the days'' visits that bounced';
COMMENT ON COLUMN fathom_ops.month_group.rated_visits IS 'Sum of the visits of rows with a bounce rate';
