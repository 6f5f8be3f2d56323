-- What runs share: an account's quota, and who may write for a pipeline. All times are this database's.

CREATE SEQUENCE fathom_ops.permit_holder AS integer CYCLE;
COMMENT ON SEQUENCE fathom_ops.permit_holder IS 'Numbers of sessions that hold permits; each holds the advisory lock of its number for as long as it lives';

CREATE TABLE fathom_ops.account (
  account        text PRIMARY KEY,
  deferred_until timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE fathom_ops.account IS 'Accounts of the API: what permits are counted by. Whoever takes a permit locks the account''s row';
COMMENT ON COLUMN fathom_ops.account.account IS 'Base URL # api.account';
COMMENT ON COLUMN fathom_ops.account.deferred_until IS 'The API has asked for no request before';

CREATE TABLE fathom_ops.permit (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account     text NOT NULL REFERENCES fathom_ops.account,
  holder      integer NOT NULL,
  taken_at    timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  ended_at    timestamptz
);
CREATE INDEX ON fathom_ops.permit (account);
COMMENT ON TABLE fathom_ops.permit IS 'Requests that are under way, and those that ended less than a quota''s window ago';
COMMENT ON COLUMN fathom_ops.permit.holder IS 'Of fathom_ops.permit_holder';
COMMENT ON COLUMN fathom_ops.permit.lease_until IS 'When the request has surely ended, though nobody said so';
COMMENT ON COLUMN fathom_ops.permit.ended_at IS 'When the answer ended, or the holder was found dead; null while the request is under way';

CREATE TABLE fathom_ops.permit_queue (
  ticket      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account     text NOT NULL REFERENCES fathom_ops.account,
  holder      integer NOT NULL,
  priority    integer NOT NULL,
  waiting     boolean NOT NULL,
  fresh_until timestamptz NOT NULL
);
CREATE INDEX ON fathom_ops.permit_queue (account);
COMMENT ON TABLE fathom_ops.permit_queue IS 'Who waits for a permit: the greater priority first, then the smaller ticket';
COMMENT ON COLUMN fathom_ops.permit_queue.waiting IS 'False for one who has just been served and will soon be back: those of smaller priority wait for it';
COMMENT ON COLUMN fathom_ops.permit_queue.fresh_until IS 'Later, whoever waited is gone';

CREATE TABLE fathom_ops.request_count (
  account  text NOT NULL,
  day      date NOT NULL,
  requests bigint NOT NULL,
  limited  bigint NOT NULL,
  PRIMARY KEY (account, day)
);
COMMENT ON TABLE fathom_ops.request_count IS 'Requests to the quota-limited endpoints, each billed as a pageview: a row an account and UTC day';
COMMENT ON COLUMN fathom_ops.request_count.limited IS 'Those that were answered with 429';

CREATE TABLE fathom_ops.pipeline_lock (
  pipeline text PRIMARY KEY,
  epoch    bigint NOT NULL,
  taken_at timestamptz NOT NULL
);
COMMENT ON TABLE fathom_ops.pipeline_lock IS 'Which run of a pipeline may write: the one that holds its advisory lock and knows this epoch';
COMMENT ON COLUMN fathom_ops.pipeline_lock.epoch IS 'How often the lock was taken; a commit under an older epoch is refused';
