-- The next run fetches the sites last of which a query failed. The messages of a run do not name all of them.
ALTER TABLE fathom_ops.run ADD COLUMN troubled_sites text[];

COMMENT ON COLUMN fathom_ops.run.troubled_sites IS 'The ids of the sites of which a query to the API failed in the run, also after retries. The next run fetches these sites last. Null in the rows of versions that did not record them';
