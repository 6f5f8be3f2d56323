-- What `keep:` of a pipeline has removed.

CREATE TABLE fathom_ops.retention (
  report     text NOT NULL,
  site_id    text NOT NULL,
  event_name text NOT NULL,
  first_day  date NOT NULL,
  periods    bigint NOT NULL,
  rows       bigint NOT NULL,
  removed_at timestamptz NOT NULL,
  run_id     text NOT NULL,
  PRIMARY KEY (report, site_id, event_name)
);
COMMENT ON TABLE fathom_ops.retention IS 'Periods that a run has removed because they were older than the pipeline keeps (keep: in its file): one row per report, site and event. Rows and ledger entries were removed in one transaction';
COMMENT ON COLUMN fathom_ops.retention.report IS 'Name of the report';
COMMENT ON COLUMN fathom_ops.retention.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.retention.event_name IS 'The event''s name; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.retention.first_day IS 'The first day that was kept: periods before it were removed';
COMMENT ON COLUMN fathom_ops.retention.periods IS 'Number of periods (days, months, years) that all runs together have removed';
COMMENT ON COLUMN fathom_ops.retention.rows IS 'Number of rows that all runs together have removed from the report''s table';
COMMENT ON COLUMN fathom_ops.retention.removed_at IS 'When periods were last removed';
COMMENT ON COLUMN fathom_ops.retention.run_id IS 'The run that last removed periods; see fathom_ops.run';
