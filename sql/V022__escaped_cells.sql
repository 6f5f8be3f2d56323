-- Cells whose text cannot be stored as it is are counted per run.
ALTER TABLE fathom_ops.run ADD COLUMN escaped_cells bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN fathom_ops.run.escaped_cells IS 'Cells of the rows that the run stored whose text contains U+0000 or half of a surrogate pair, which cannot be stored. They contain an escape of it';
