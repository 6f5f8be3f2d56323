-- What a run on several machines has spent is known if the process that was started is killed.
ALTER TABLE fathom_ops.cluster_run ADD COLUMN requests bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN fathom_ops.cluster_run.requests IS 'Requests of the run whose reports the process that was started has read and removed';
