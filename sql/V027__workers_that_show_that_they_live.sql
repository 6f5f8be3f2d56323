-- Whether a worker still lives, which of its reports were read before, and what it knows before its first commit.
ALTER TABLE fathom_ops.cluster_lane ADD COLUMN seen_at timestamptz NOT NULL DEFAULT pg_catalog.now();
COMMENT ON COLUMN fathom_ops.cluster_lane.seen_at IS 'When the worker was last seen, within some seconds; if no lane has such a worker for minutes, the run ends';

ALTER TABLE fathom_ops.cluster_event ADD COLUMN number bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN fathom_ops.cluster_event.number IS 'The number of the report among those of the attempt, from 1: a report that was stored twice, since the reply of the database was lost, counts once';

CREATE TABLE fathom_ops.cluster_answer (
  id     bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id text    NOT NULL REFERENCES fathom_ops.cluster_run ON DELETE CASCADE,
  lane   integer NOT NULL,
  slice  text    NOT NULL,
  answer bytea   NOT NULL
);
CREATE INDEX cluster_answer_of_lane ON fathom_ops.cluster_answer (run_id, lane, id);
COMMENT ON TABLE fathom_ops.cluster_answer IS 'Answers to control queries about the slice that a lane is exporting: if its worker is lost, they are not asked for again';
COMMENT ON COLUMN fathom_ops.cluster_answer.id IS 'The order of the answers of a lane';
COMMENT ON COLUMN fathom_ops.cluster_answer.run_id IS 'The run';
COMMENT ON COLUMN fathom_ops.cluster_answer.lane IS 'The lane';
COMMENT ON COLUMN fathom_ops.cluster_answer.slice IS 'The site, and the event if there is one; the answers about earlier slices of the lane are removed';
COMMENT ON COLUMN fathom_ops.cluster_answer.answer IS 'The answer, as a serialized object of the program';
