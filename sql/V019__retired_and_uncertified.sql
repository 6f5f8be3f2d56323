-- What is retired has no missing days after its last one, and rows that no control query can confirm are not called incomplete.

CREATE OR REPLACE FUNCTION fathom_ops.period_state(known boolean, failed boolean, status text, stale boolean, provisional boolean, rows bigint) RETURNS text
  LANGUAGE sql IMMUTABLE
  RETURN CASE
         WHEN failed THEN 'incomplete'
         WHEN NOT known THEN 'missing'
         WHEN status <> 'certified' AND status <> 'uncertified' THEN 'incomplete'
         WHEN stale THEN 'stale'
         WHEN provisional THEN 'provisional'
         WHEN rows > 0 THEN 'complete'
         WHEN status = 'certified' THEN 'empty'
         ELSE 'incomplete'
       END;
COMMENT ON FUNCTION fathom_ops.period_state(boolean, boolean, text, boolean, boolean, bigint) IS 'The state of a period, of which the first that applies counts. incomplete: the last attempt failed, the numbers disagree with the control query, or no row came and no control query could confirm that there was none. stale: fetched under another definition of the report or in another zone. provisional: not over when it was fetched. complete: certified, or uncertified with rows, since no control query was possible: fathom_ops.ledger.status tells them apart. empty: certified, and nothing was measured. missing: never measured';

CREATE OR REPLACE VIEW fathom_ops.stored AS
SELECT s.report,
       r.date_grouping,
       r.definition,
       s.site_id,
       x.name AS site_name,
       s.event_name,
       s.first_day,
       s.last_day,
       x.time_zone,
       z.zone,
       least((fathom_ops.as_of() AT TIME ZONE z.zone)::date - 1, t.last_day) AS yesterday,
       s.fetched_at,
       s.confirmed_at
  FROM (SELECT l.report, l.site_id, l.event_name,
               min(l.period)    AS first_day,
               max(l.covers_to) AS last_day,
               max(l.fetched_at) AS fetched_at,
               max(l.confirmed_at) AS confirmed_at
          FROM fathom_ops.ledger l
         WHERE l.stored
         GROUP BY l.report, l.site_id, l.event_name) s
  JOIN fathom_ops.report r ON r.report = s.report
  LEFT JOIN fathom.site x ON x.site_id = s.site_id
  LEFT JOIN (SELECT d.site_id, d.event_name, d.last_day FROM fathom_ops.retired d WHERE d.last_day IS NOT NULL) w
    ON w.site_id = s.site_id AND w.event_name = ''
  LEFT JOIN (SELECT d.site_id, d.event_name, d.last_day FROM fathom_ops.retired d WHERE d.last_day IS NOT NULL) e
    ON e.site_id = s.site_id AND e.event_name = s.event_name AND s.event_name <> ''
 CROSS JOIN LATERAL (SELECT least(w.last_day, e.last_day) AS last_day) t
 CROSS JOIN LATERAL
       (SELECT coalesce(fathom_ops.known_zone(coalesce(x.time_zone,
                          (SELECT l.zone FROM fathom_ops.ledger l
                            WHERE l.report = s.report AND l.site_id = s.site_id AND l.event_name = s.event_name
                            ORDER BY l.period DESC LIMIT 1))),
                        'Etc/GMT+12') AS zone
        OFFSET 0) z; -- the zone is looked up once per row, not wherever it is used
COMMENT ON VIEW fathom_ops.stored IS 'One row per report, site and event of which something is stored: from which day to which, and the last day that could be stored by now';
COMMENT ON COLUMN fathom_ops.stored.yesterday IS 'The last day that is over in the site''s zone; of a retired site or event its last day, if that is earlier';

COMMENT ON VIEW fathom_ops.calendar IS 'One row per report, site, event and period, without gaps from the first stored one to the site''s yesterday, or to the last day of what is retired. Reports without date grouping are not in it';
