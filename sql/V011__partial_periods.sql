-- A month or year in progress has rows like any other: this view says which numbers are partial.
CREATE VIEW fathom_ops.partial_period AS
SELECT l.report,
       l.site_id,
       l.event_name,
       l.period,
       l.period_end,
       l.covers_to,
       l.fetched_at
  FROM fathom_ops.ledger l
 WHERE l.stored
   AND l.covers_to < l.period_end;
COMMENT ON VIEW fathom_ops.partial_period IS 'Stored months and years that were not over when they were measured: their numbers are partial. One row per report, site, event and period; join it to a report''s table by report, site, event and the period''s first day';
COMMENT ON COLUMN fathom_ops.partial_period.report IS 'The report, whose table in schema fathom has the same name';
COMMENT ON COLUMN fathom_ops.partial_period.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.partial_period.event_name IS 'The event''s name; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.partial_period.period IS 'The period''s first day, which is the date in the report''s table';
COMMENT ON COLUMN fathom_ops.partial_period.period_end IS 'The period''s last day';
COMMENT ON COLUMN fathom_ops.partial_period.covers_to IS 'The last day that the numbers include, in the site''s time zone';
COMMENT ON COLUMN fathom_ops.partial_period.fetched_at IS 'When the numbers were fetched';

-- Runs are listed by pipeline and command, so that frequent snapshots do not have to be skipped one by one.
CREATE INDEX run_by_command ON fathom_ops.run (pipeline, command, started_at);
