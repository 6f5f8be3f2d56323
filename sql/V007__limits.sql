-- Limits that differ between accounts: the most rows that the API lets one ask for, and whether it honours `offset`.

ALTER TABLE fathom_ops.learned
  ADD COLUMN account text NOT NULL DEFAULT '',
  ADD COLUMN answer  text,
  ALTER COLUMN number DROP NOT NULL,
  DROP CONSTRAINT learned_kind_check,
  DROP CONSTRAINT learned_pkey,
  ADD PRIMARY KEY (kind, account, shape),
  ADD CHECK (kind IN ('max_days', 'row_cap', 'most_rows', 'limit', 'offset')),
  ADD CHECK (CASE kind
               WHEN 'offset' THEN number IS NULL AND coalesce(answer IN ('honoured', 'ignored', 'refused', 'unstable'), false)
               ELSE number IS NOT NULL AND answer IS NULL
             END);
COMMENT ON COLUMN fathom_ops.learned.account IS 'Whose API it is true of, for limit and offset; else empty';
COMMENT ON COLUMN fathom_ops.learned.shape IS 'The query shape, for max_days and limit; else empty';
COMMENT ON COLUMN fathom_ops.learned.number IS 'Days for max_days, rows for row_cap, most_rows and limit; null for offset';
COMMENT ON COLUMN fathom_ops.learned.answer IS 'What the API does with the parameter offset: honoured, ignored (rows come again), refused, or unstable (the order of rows is not the same each time); null for other kinds';
