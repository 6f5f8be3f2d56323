-- The calendar is the ledger's entries, and the days between them that have none. Looked up day by day, 50 sites and three
-- years were 55,000 lookups, which the planner took for 1.7 million units of cost: 17 times what makes it compile a query
-- (jit_above_cost), for seconds. Joined by single columns, what it expects is what comes, at a seventieth of that cost.

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
       s.confirmed_at,
       s.last_period,
       s.periods
  FROM (SELECT l.report, l.site_id, l.event_name,
               min(l.period)    AS first_day,
               max(l.covers_to) AS last_day,
               max(l.fetched_at) AS fetched_at,
               max(l.confirmed_at) AS confirmed_at,
               max(l.period) AS last_period,
               count(*) AS periods
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
COMMENT ON COLUMN fathom_ops.stored.last_period IS 'First day of the last stored period';
COMMENT ON COLUMN fathom_ops.stored.periods IS 'Number of stored periods';

-- These functions tell the planner how seldom they find something. They run as their owner, as the views that call them do,
-- so that who may read a view needs no rights on the ledger.

CREATE FUNCTION fathom_ops.days_without_entry(of_report text, of_site text, of_event text, length text,
                                              first_period date, last_period date, periods bigint, until date) RETURNS SETOF date
  LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$
DECLARE
  -- Between the first and the last of as many entries as there are days, none is missing.
  begins date := CASE WHEN length IN ('hour', 'day') AND periods = last_period - first_period + 1 THEN last_period + 1
                      ELSE first_period END;
BEGIN
  IF begins <= until THEN
    RETURN QUERY
    SELECT d.day::date
      FROM generate_series(begins::timestamp, until::timestamp,
                           CASE length WHEN 'month' THEN interval '1 month'
                                       WHEN 'year' THEN interval '1 year'
                                       ELSE interval '1 day' END) d (day)
     WHERE NOT EXISTS (SELECT FROM fathom_ops.ledger l
                        WHERE l.report = of_report AND l.site_id = of_site AND l.event_name = of_event AND l.period = d.day::date);
  END IF;
END
$$;
COMMENT ON FUNCTION fathom_ops.days_without_entry(text, text, text, text, date, date, bigint, date) IS 'The periods of a report, site and event that the ledger has no entry of, from its first stored period to a day. For the view fathom_ops.calendar';

CREATE FUNCTION fathom_ops.is_in_calendar(of_report text, of_site text, of_event text, day date) RETURNS boolean
  LANGUAGE plpgsql STABLE COST 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$
BEGIN
  RETURN EXISTS (SELECT FROM fathom_ops.ledger l
                  WHERE l.report = of_report AND l.site_id = of_site AND l.event_name = of_event AND l.period < day AND l.stored)
     AND (EXISTS (SELECT FROM fathom_ops.ledger l
                   WHERE l.report = of_report AND l.site_id = of_site AND l.event_name = of_event AND l.period > day AND l.stored)
          -- All its stored periods are read only for what lies behind the last of them.
          OR EXISTS (SELECT FROM fathom_ops.stored s
                      WHERE s.report = of_report AND s.site_id = of_site AND s.event_name = of_event AND s.yesterday >= day));
END
$$;
COMMENT ON FUNCTION fathom_ops.is_in_calendar(text, text, text, date) IS 'Whether a period of which nothing is stored lies in the calendar of its report, site and event. For the view fathom_ops.calendar';

CREATE FUNCTION fathom_ops.zone_of(of_report text, of_site text, of_event text, time_zone text) RETURNS text
  LANGUAGE plpgsql STABLE COST 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$
BEGIN
  RETURN coalesce(fathom_ops.known_zone(coalesce(time_zone,
                    (SELECT l.zone FROM fathom_ops.ledger l
                      WHERE l.report = of_report AND l.site_id = of_site AND l.event_name = of_event
                      ORDER BY l.period DESC LIMIT 1))),
                  'Etc/GMT+12');
END
$$;
COMMENT ON FUNCTION fathom_ops.zone_of(text, text, text, text) IS 'The zone of a period that was measured without one, as in fathom_ops.stored.zone. For the view fathom_ops.calendar';

CREATE OR REPLACE VIEW fathom_ops.calendar AS
SELECT d.report,
       d.site_id,
       d.site_name,
       d.event_name,
       d.date,
       fathom_ops.period_state(d.known, a.site_id IS NOT NULL, d.status, d.stale, d.covers_to < d.period_end, d.rows) AS state,
       d.measured,
       d.covers_to,
       d.zone,
       d.fetched_at,
       d.confirmed_at
  FROM (SELECT l.report,
               l.site_id,
               x.name AS site_name,
               l.event_name,
               l.period AS date,
               true AS known,
               l.status,
               coalesce(l.definition <> r.definition, false) OR coalesce(l.zone <> x.time_zone, false) AS stale,
               l.stored AND l.status = 'certified' AS measured,
               l.covers_to,
               l.period_end,
               l.rows,
               coalesce(l.zone, fathom_ops.zone_of(l.report, l.site_id, l.event_name, x.time_zone)) AS zone,
               l.fetched_at,
               l.confirmed_at
          FROM fathom_ops.ledger l
          JOIN fathom_ops.report r ON r.report = l.report AND r.date_grouping <> 'none'
          LEFT JOIN fathom.site x ON x.site_id = l.site_id
         WHERE l.stored OR fathom_ops.is_in_calendar(l.report, l.site_id, l.event_name, l.period)
        UNION ALL
        SELECT s.report, s.site_id, s.site_name, s.event_name, m.day, false, NULL, false, false, NULL, NULL, NULL, s.zone, NULL, NULL
          FROM fathom_ops.stored s
         CROSS JOIN LATERAL fathom_ops.days_without_entry(s.report, s.site_id, s.event_name, s.date_grouping, s.first_day,
                                                          s.last_period, s.periods, greatest(s.yesterday, s.last_day)) m (day)
         WHERE s.date_grouping <> 'none') d
  LEFT JOIN fathom_ops.attempt a
    ON a.report = d.report AND a.site_id = d.site_id AND a.event_name = d.event_name AND a.period = d.date;
