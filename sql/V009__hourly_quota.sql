-- An account has two quotas: that of reports (a minute's) and that of the other endpoints (an hour's). Both are shared by runs.

ALTER TABLE fathom_ops.permit DROP CONSTRAINT permit_account_fkey;
ALTER TABLE fathom_ops.permit_queue DROP CONSTRAINT permit_queue_account_fkey;

ALTER TABLE fathom_ops.account
  ADD COLUMN quota text NOT NULL DEFAULT 'reports' CHECK (quota IN ('reports', 'lookups')),
  DROP CONSTRAINT account_pkey,
  ADD PRIMARY KEY (account, quota);
COMMENT ON TABLE fathom_ops.account IS 'Accounts of the API and their quotas: what permits are counted by. Whoever takes a permit locks the quota''s row';
COMMENT ON COLUMN fathom_ops.account.quota IS 'reports: aggregations and current visitors, per minute; lookups: all other endpoints, per hour';

ALTER TABLE fathom_ops.permit
  ADD COLUMN quota text NOT NULL DEFAULT 'reports',
  ADD FOREIGN KEY (account, quota) REFERENCES fathom_ops.account;
DROP INDEX fathom_ops.permit_account_idx;
CREATE INDEX ON fathom_ops.permit (account, quota);
COMMENT ON COLUMN fathom_ops.permit.quota IS 'Which of the account''s quotas it was taken from';

ALTER TABLE fathom_ops.permit_queue
  ADD COLUMN quota text NOT NULL DEFAULT 'reports',
  ADD FOREIGN KEY (account, quota) REFERENCES fathom_ops.account;
DROP INDEX fathom_ops.permit_queue_account_idx;
CREATE INDEX ON fathom_ops.permit_queue (account, quota);
COMMENT ON COLUMN fathom_ops.permit_queue.quota IS 'Which of the account''s quotas is waited for';
