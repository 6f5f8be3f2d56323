-- A lost worker costs one request: whatever was answered for the chunk that it was fetching is kept, not only controls.
DELETE FROM fathom_ops.cluster_answer;
ALTER TABLE fathom_ops.cluster_answer
  DROP COLUMN slice,
  ADD COLUMN request bytea NOT NULL,
  ADD COLUMN kept_at timestamptz NOT NULL DEFAULT pg_catalog.now();
COMMENT ON TABLE fathom_ops.cluster_answer IS 'Answers that a lane has paid for and that are in no ledger yet: those of the chunk that it is fetching, and those without grouping fields about the slice; if its worker is lost, they are not asked for again';
COMMENT ON COLUMN fathom_ops.cluster_answer.request IS 'What was asked, as a serialized object of the program';
COMMENT ON COLUMN fathom_ops.cluster_answer.answer IS 'The compressed answer, or why the API refused the request, as a serialized object of the program';
COMMENT ON COLUMN fathom_ops.cluster_answer.kept_at IS 'When the answer was kept';
