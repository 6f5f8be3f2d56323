-- So that a change of stored rows that keeps every sum is found, too.
ALTER TABLE fathom_ops.ledger ADD COLUMN rows_digest text;
COMMENT ON COLUMN fathom_ops.ledger.rows_digest IS 'Digest of the period''s rows as they were exported, in any order; null for periods without rows, and for those of versions that made none';
