-- Stored periods that a control query confirms are not fetched again; what is fetched, what is confirmed and what was tested stand apart.
ALTER TABLE fathom_ops.ledger
  ADD COLUMN confirmed_at   timestamptz,
  ADD COLUMN confirmed_run  text,
  ADD COLUMN control_digest text;
COMMENT ON COLUMN fathom_ops.ledger.fetched_at IS 'When the rows were fetched; see confirmed_at for when they were last found unchanged';
COMMENT ON COLUMN fathom_ops.ledger.confirmed_at IS 'When a control query last gave the answer that the period is certified against, so that its rows were not fetched again; null when that has not happened since they were fetched';
COMMENT ON COLUMN fathom_ops.ledger.confirmed_run IS 'The run that asked that control query';
COMMENT ON COLUMN fathom_ops.ledger.control_digest IS 'Digest of all values of the control query''s answer that the period is certified against; null when it is not certified, and in rows of versions that made none: such periods are fetched again';

CREATE TABLE fathom_ops.audit (
  site_id    text NOT NULL,
  agreed     boolean NOT NULL,
  report     text NOT NULL,
  event_name text NOT NULL,
  period     date NOT NULL,
  audited_at timestamptz NOT NULL,
  run_id     text NOT NULL,
  PRIMARY KEY (site_id, agreed)
);
COMMENT ON TABLE fathom_ops.audit IS 'For each site the newest period that was fetched although the control query confirmed it, and the newest of which the rows had changed all the same. Where there is one of the latter, the look-back of the site is fetched, not confirmed; to have it confirmed again, delete that row here, and where files are written too, the site''s entry in _fathom/audits.json';
COMMENT ON COLUMN fathom_ops.audit.agreed IS 'Whether the rows were those that were stored';
COMMENT ON COLUMN fathom_ops.audit.event_name IS 'Empty for pageviews';
COMMENT ON COLUMN fathom_ops.audit.period IS 'First day of the period';

-- Columns are only added, at the end: what reads the views goes on.
CREATE OR REPLACE VIEW fathom_ops.coverage AS
SELECT l.report,
       l.site_id,
       l.event_name,
       min(l.period)    FILTER (WHERE l.stored)                                AS first_day,
       max(l.covers_to) FILTER (WHERE l.stored)                                AS last_day,
       max(l.covers_to) FILTER (WHERE l.stored AND l.status = 'certified')     AS last_certified_day,
       count(*)         FILTER (WHERE l.stored AND l.status = 'certified')     AS certified,
       count(*)         FILTER (WHERE l.stored AND l.status = 'uncertified')   AS uncertified,
       count(*)         FILTER (WHERE l.status = 'incomplete')                 AS incomplete,
       count(*)         FILTER (WHERE l.stored AND l.covers_to < l.period_end) AS provisional,
       CASE WHEN r.date_grouping IN ('hour', 'day')
            THEN max(l.period) FILTER (WHERE l.stored) - min(l.period) FILTER (WHERE l.stored) + 1
                 - count(*) FILTER (WHERE l.stored)
       END                                                                     AS missing_days,
       (SELECT count(*)
          FROM fathom_ops.attempt a
         WHERE a.report = l.report AND a.site_id = l.site_id AND a.event_name = l.event_name)
                                                                               AS open_attempts,
       coalesce(sum(l.rows) FILTER (WHERE l.stored), 0)::bigint                AS rows,
       max(l.fetched_at)                                                       AS last_fetched_at,
       max(l.confirmed_at)                                                     AS last_confirmed_at
  FROM fathom_ops.ledger l
  LEFT JOIN fathom_ops.report r ON r.report = l.report
 GROUP BY l.report, l.site_id, l.event_name, r.date_grouping;
COMMENT ON COLUMN fathom_ops.coverage.last_confirmed_at IS 'When a control query last confirmed stored periods without fetching them';

CREATE OR REPLACE VIEW fathom_ops.freshness AS
SELECT l.report,
       l.site_id,
       l.event_name,
       max(l.covers_to)                                        AS last_day,
       (now() AT TIME ZONE 'UTC')::date - max(l.covers_to)     AS days_behind,
       max(l.fetched_at)                                       AS last_fetched_at,
       now() - max(l.fetched_at)                               AS age,
       (array_agg(l.zone ORDER BY l.fetched_at DESC))[1]       AS zone,
       count(DISTINCT l.zone) > 1                              AS zone_changed,
       max(l.confirmed_at)                                     AS last_confirmed_at
  FROM fathom_ops.ledger l
 WHERE l.stored
 GROUP BY l.report, l.site_id, l.event_name;
COMMENT ON COLUMN fathom_ops.freshness.last_confirmed_at IS 'When a control query last confirmed stored periods without fetching them';
