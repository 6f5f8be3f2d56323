-- A run on several machines: what its processes tell each other. The rows of a run are gone when it has ended.
CREATE TABLE fathom_ops.cluster_run (
  run_id     text        NOT NULL PRIMARY KEY,
  pipeline   text        NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  seen_at    timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE fathom_ops.cluster_run IS 'The runs on several machines that are under way; one row each, which the process that was started keeps alive';
COMMENT ON COLUMN fathom_ops.cluster_run.run_id IS 'The run, as in fathom_ops.run';
COMMENT ON COLUMN fathom_ops.cluster_run.pipeline IS 'The pipeline of the run';
COMMENT ON COLUMN fathom_ops.cluster_run.started_at IS 'When the run was handed to the cluster';
COMMENT ON COLUMN fathom_ops.cluster_run.seen_at IS 'When the process that was started was last seen; the workers end when that is too long ago';

CREATE TABLE fathom_ops.cluster_halt (
  run_id  text NOT NULL REFERENCES fathom_ops.cluster_run ON DELETE CASCADE,
  reach   text NOT NULL,
  kind    text NOT NULL,
  source  text NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (run_id, reach)
);
COMMENT ON TABLE fathom_ops.cluster_halt IS 'What ends a run on several machines, or the queries about one of its accounts, before all is fetched; every worker obeys it';
COMMENT ON COLUMN fathom_ops.cluster_halt.run_id IS 'The run';
COMMENT ON COLUMN fathom_ops.cluster_halt.reach IS 'run, if the whole run ends; stop, if it was stopped as requested; account: and its name, if only that account is no longer asked';
COMMENT ON COLUMN fathom_ops.cluster_halt.kind IS 'The kind of the failure, which decides the exit code';
COMMENT ON COLUMN fathom_ops.cluster_halt.source IS 'The window that failed; empty if there is none';
COMMENT ON COLUMN fathom_ops.cluster_halt.message IS 'The reason, for people';

CREATE TABLE fathom_ops.cluster_lane (
  run_id   text        NOT NULL REFERENCES fathom_ops.cluster_run ON DELETE CASCADE,
  lane     integer     NOT NULL,
  attempt  text        NOT NULL,
  host     text        NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  ended_at timestamptz,
  PRIMARY KEY (run_id, lane)
);
COMMENT ON TABLE fathom_ops.cluster_lane IS 'The lanes of runs on several machines, each with the worker that exports it';
COMMENT ON COLUMN fathom_ops.cluster_lane.run_id IS 'The run';
COMMENT ON COLUMN fathom_ops.cluster_lane.lane IS 'The number of the lane, from 0';
COMMENT ON COLUMN fathom_ops.cluster_lane.attempt IS 'A name for this attempt at the lane: a lane whose worker is lost is started over, and what the earlier worker may still do no longer counts';
COMMENT ON COLUMN fathom_ops.cluster_lane.host IS 'The machine of the worker';
COMMENT ON COLUMN fathom_ops.cluster_lane.begun_at IS 'When this attempt began';
COMMENT ON COLUMN fathom_ops.cluster_lane.ended_at IS 'When the lane was done; null while it is not';

CREATE TABLE fathom_ops.cluster_event (
  id      bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id  text    NOT NULL REFERENCES fathom_ops.cluster_run ON DELETE CASCADE,
  lane    integer NOT NULL,
  attempt text    NOT NULL,
  event   bytea   NOT NULL
);
CREATE INDEX cluster_event_of_run ON fathom_ops.cluster_event (run_id, id);
COMMENT ON TABLE fathom_ops.cluster_event IS 'What the workers of a run report to the process that was started, which removes what it has read';
COMMENT ON COLUMN fathom_ops.cluster_event.id IS 'The order of the reports of a lane';
COMMENT ON COLUMN fathom_ops.cluster_event.run_id IS 'The run';
COMMENT ON COLUMN fathom_ops.cluster_event.lane IS 'The lane';
COMMENT ON COLUMN fathom_ops.cluster_event.attempt IS 'The attempt at the lane';
COMMENT ON COLUMN fathom_ops.cluster_event.event IS 'The report, as a serialized object of the program';

CREATE TABLE fathom_ops.cluster_budget (
  run_id   text   NOT NULL REFERENCES fathom_ops.cluster_run ON DELETE CASCADE,
  account  text   NOT NULL,
  requests bigint NOT NULL,
  PRIMARY KEY (run_id, account)
);
COMMENT ON TABLE fathom_ops.cluster_budget IS 'What the workers of a run with --max-requests have taken of it together';
COMMENT ON COLUMN fathom_ops.cluster_budget.run_id IS 'The run';
COMMENT ON COLUMN fathom_ops.cluster_budget.account IS 'The account whose requests are limited; empty if the settings name none';
COMMENT ON COLUMN fathom_ops.cluster_budget.requests IS 'Requests that were sent or are about to be; one that a killed worker was about to send stays counted';
