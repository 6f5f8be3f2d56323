-- That a site has no events is known only if its list of events was read: without that, nothing says whether a report on events
-- lacks it.
ALTER TABLE fathom_ops.listing ADD COLUMN events_listed_at timestamptz;
COMMENT ON COLUMN fathom_ops.listing.events_listed_at IS 'When the pipeline first read the site''s list of events, which may be empty; null if it never has, and in the rows of events';
