-- What a verification found to differ stays known, period by period, until it is mended.
CREATE TABLE fathom_ops.difference (
  report text NOT NULL,
  site_id text NOT NULL,
  event_name text NOT NULL,
  first_day date NOT NULL,
  last_day date NOT NULL,
  cause text NOT NULL,
  detail text,
  found_at timestamptz NOT NULL,
  run_id text NOT NULL,
  CHECK (last_day >= first_day)
);
CREATE INDEX ON fathom_ops.difference (report, site_id);

COMMENT ON TABLE fathom_ops.difference IS 'Ranges of days of which verify found that the stored rows differ from what was exported, or from what the API reports. A row stays until a later verify has compared its days, and counts as long as the ledger has no entry of these days that was fetched after found_at';
COMMENT ON COLUMN fathom_ops.difference.report IS 'Name of the report';
COMMENT ON COLUMN fathom_ops.difference.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom_ops.difference.event_name IS 'The event''s name within the site; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.difference.first_day IS 'First day of the range, in the site''s time zone';
COMMENT ON COLUMN fathom_ops.difference.last_day IS 'Last day of the range';
COMMENT ON COLUMN fathom_ops.difference.cause IS 'never_exported, changed_in_storage, changed_at_the_api, other_definition, other_zone, incomplete or damaged';
COMMENT ON COLUMN fathom_ops.difference.detail IS 'What to do, where that is more than exporting the days again; otherwise NULL';
COMMENT ON COLUMN fathom_ops.difference.found_at IS 'When it was found';
COMMENT ON COLUMN fathom_ops.difference.run_id IS 'The verify that found it; see fathom_ops.run';
