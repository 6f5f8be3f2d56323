-- Nearly always no attempt is open. The calendar asks that once per query then, instead of looking for one for each day.

CREATE OR REPLACE VIEW fathom_ops.calendar AS
SELECT s.report,
       s.site_id,
       s.site_name,
       s.event_name,
       d.day::date AS date,
       fathom_ops.period_state(l.site_id IS NOT NULL, a.site_id IS NOT NULL, l.status,
                               coalesce(l.definition <> s.definition, false) OR coalesce(l.zone <> s.time_zone, false),
                               l.covers_to < l.period_end, l.rows) AS state,
       coalesce(l.stored AND l.status = 'certified', false)         AS measured,
       l.covers_to,
       coalesce(l.zone, s.zone)                                     AS zone,
       l.fetched_at,
       l.confirmed_at
  FROM fathom_ops.stored s
 CROSS JOIN LATERAL
       generate_series(s.first_day::timestamp, greatest(s.yesterday, s.last_day)::timestamp,
                       CASE s.date_grouping WHEN 'month' THEN interval '1 month'
                                            WHEN 'year' THEN interval '1 year'
                                            ELSE interval '1 day' END) d (day)
  LEFT JOIN LATERAL
       (SELECT e.site_id, e.status, e.stored, e.definition, e.zone, e.covers_to, e.period_end, e.rows, e.fetched_at, e.confirmed_at
          FROM fathom_ops.ledger e
         WHERE e.report = s.report AND e.site_id = s.site_id AND e.event_name = s.event_name AND e.period = d.day::date
        OFFSET 0) l ON true -- a lookup per day, whatever the planner expects
  LEFT JOIN LATERAL
       (SELECT f.site_id
          FROM fathom_ops.attempt f
         WHERE EXISTS (SELECT FROM fathom_ops.attempt)
           AND f.report = s.report AND f.site_id = s.site_id AND f.event_name = s.event_name AND f.period = d.day::date
        OFFSET 0) a ON true
 WHERE s.date_grouping <> 'none';
