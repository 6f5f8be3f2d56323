-- For people: what is there, and how fresh it is.

CREATE VIEW fathom_ops.coverage AS
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
       max(l.fetched_at)                                                       AS last_fetched_at
  FROM fathom_ops.ledger l
  LEFT JOIN fathom_ops.report r ON r.report = l.report
 GROUP BY l.report, l.site_id, l.event_name, r.date_grouping;
COMMENT ON VIEW fathom_ops.coverage IS 'A row a report, site and event: from when to when it is stored, and how surely';
COMMENT ON COLUMN fathom_ops.coverage.certified IS 'Periods (days, months, years) that are stored and certified';
COMMENT ON COLUMN fathom_ops.coverage.incomplete IS 'Periods whose only measurement was incomplete, stored or not';
COMMENT ON COLUMN fathom_ops.coverage.provisional IS 'Periods that were not over when they were measured';
COMMENT ON COLUMN fathom_ops.coverage.missing_days IS 'Days between the first and the last that are not stored; null for other groupings than hour and day';

CREATE VIEW fathom_ops.freshness AS
SELECT l.report,
       l.site_id,
       l.event_name,
       max(l.covers_to)                                        AS last_day,
       (now() AT TIME ZONE 'UTC')::date - max(l.covers_to)     AS days_behind,
       max(l.fetched_at)                                       AS last_fetched_at,
       now() - max(l.fetched_at)                               AS age,
       (array_agg(l.zone ORDER BY l.fetched_at DESC))[1]       AS zone,
       count(DISTINCT l.zone) > 1                              AS zone_changed
  FROM fathom_ops.ledger l
 WHERE l.stored
 GROUP BY l.report, l.site_id, l.event_name;
COMMENT ON VIEW fathom_ops.freshness IS 'A row a report, site and event: the last day that is stored, and when it was fetched';
COMMENT ON COLUMN fathom_ops.freshness.days_behind IS 'Days from the last stored day to today in UTC: 1 or 2 when a nightly run is in time';
COMMENT ON COLUMN fathom_ops.freshness.zone_changed IS 'Whether stored periods were measured in different zones of the site';
