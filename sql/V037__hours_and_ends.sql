-- The hours of a day come from a function that says how many there are. As a lookup per hour, with a series of which the
-- planner expects a thousand rows, half a year of eight sites was taken for 890,000 units of cost, and compiled for seconds.

CREATE FUNCTION fathom_ops.hours_of_day(zone text, day date)
  RETURNS TABLE (hour timestamp, hour_utc timestamptz, is_repeated boolean)
  LANGUAGE plpgsql STABLE ROWS 24 AS
$$
DECLARE
  before interval := (day - 1 + time '12:00') - (day - 1 + time '12:00') AT TIME ZONE zone AT TIME ZONE 'UTC';
  after  interval := (day + 1 + time '12:00') - (day + 1 + time '12:00') AT TIME ZONE zone AT TIME ZONE 'UTC';
BEGIN
  IF before = after THEN
    RETURN QUERY
    SELECT day + n * interval '1 hour', (day + n * interval '1 hour' - before) AT TIME ZONE 'UTC', false
      FROM generate_series(0, 23) n;
  ELSE
    -- The quarters of an hour that bear the label: more than four are a repeated hour, none is a skipped one.
    RETURN QUERY
    SELECT date_trunc('hour', q.quarter AT TIME ZONE zone), min(q.quarter), count(*) > 4
      FROM generate_series((day - greatest(before, after)) AT TIME ZONE 'UTC',
                           (day + interval '23 hours 45 minutes' - least(before, after)) AT TIME ZONE 'UTC',
                           interval '15 minutes') q (quarter)
     WHERE (q.quarter AT TIME ZONE zone)::date = day
     GROUP BY 1;
  END IF;
END
$$;
COMMENT ON FUNCTION fathom_ops.hours_of_day(text, date) IS 'The hours of a day on the clocks of a zone that the server knows. Of an hour that a change of the clocks repeats, hour_utc is the first; one that it skips is left out. For the view fathom_bi.site_hour';

-- A period of a site or event that is retired will never be whole.

CREATE FUNCTION fathom_ops.has_ended(of_site text, of_event text) RETURNS boolean
  LANGUAGE plpgsql STABLE COST 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$
BEGIN
  RETURN EXISTS (SELECT FROM fathom_ops.retired d
                  WHERE d.site_id = of_site AND d.event_name IN ('', of_event) AND d.last_day IS NOT NULL);
END
$$;
COMMENT ON FUNCTION fathom_ops.has_ended(text, text) IS 'Whether a site is retired, or the event of it (empty for reports on pageviews), so that no more of it can be measured. For the views of fathom_bi';

CREATE FUNCTION fathom_ops.period_state(known boolean, failed boolean, status text, stale boolean, provisional boolean, rows bigint, ended boolean) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
         WHEN failed THEN 'incomplete'
         WHEN NOT known THEN 'missing'
         WHEN status <> 'certified' AND status <> 'uncertified' THEN 'incomplete'
         WHEN stale THEN 'stale'
         WHEN ended THEN 'incomplete'
         WHEN provisional THEN 'provisional'
         WHEN rows > 0 THEN 'complete'
         WHEN status = 'certified' THEN 'empty'
         ELSE 'incomplete'
       END;
COMMENT ON FUNCTION fathom_ops.period_state(boolean, boolean, text, boolean, boolean, bigint, boolean) IS 'The state of a period, of which the first that applies counts. incomplete: the last attempt failed, the numbers disagree with the control query, no row came and no control query could confirm that there was none, or (ended) it was not over when it was fetched and the site or event is retired since. stale: fetched under another definition of the report or in another zone. provisional: not over when it was fetched. complete: certified, or uncertified with rows, since no control query was possible: fathom_ops.ledger.status tells them apart. empty: certified, and nothing was measured. missing: never measured';

CREATE OR REPLACE VIEW fathom_ops.calendar AS
SELECT d.report,
       d.site_id,
       d.site_name,
       d.event_name,
       d.date,
       fathom_ops.period_state(d.known, a.site_id IS NOT NULL, d.status, d.stale, d.covers_to < d.period_end, d.rows,
                               d.covers_to < d.period_end AND fathom_ops.has_ended(d.site_id, d.event_name)) AS state,
       d.measured,
       d.covers_to,
       d.zone,
       d.fetched_at,
       d.confirmed_at,
       coalesce(d.covers_to < d.period_end AND a.site_id IS NULL AND fathom_ops.has_ended(d.site_id, d.event_name), false) AS ended
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
COMMENT ON COLUMN fathom_ops.calendar.ended IS 'Whether the period was not over when it was fetched and will never be whole, since the site or event is retired: what is stored is the part that was measured';

-- A lookup in the calendar is taken for the first one, with nothing in the cache: 650 units for each note on a timeline.

CREATE FUNCTION fathom_ops.state_on(of_reports text[], of_site text, of_day date) RETURNS text
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$
BEGIN
  RETURN coalesce((SELECT c.state
                     FROM fathom_ops.calendar c
                    WHERE c.report = ANY (of_reports) AND c.site_id = of_site AND c.date = of_day
                    ORDER BY (c.state = 'missing'), c.report
                    LIMIT 1), 'missing');
END
$$;
COMMENT ON FUNCTION fathom_ops.state_on(text[], text, date) IS 'The state of a site''s day in the first of some reports that knows it. For the view fathom_bi.milestone';

-- Until autovacuum has looked at a new table, the planner takes it for far larger than it is, and compiles what reads it. ANALYZE
-- needs the owner of a table, which the role that loads is not where another one migrates.

CREATE FUNCTION fathom_ops.analyze_table(of_table regclass) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS
$$
BEGIN
  IF has_table_privilege(session_user, 'fathom_ops.ledger', 'INSERT')
     AND EXISTS (SELECT FROM pg_class c
                  WHERE c.oid = of_table AND c.relkind = 'r'
                    AND c.relnamespace IN ('fathom'::regnamespace, 'fathom_ops'::regnamespace)) THEN
    EXECUTE format('ANALYZE %s', of_table);
  END IF;
END
$$;
COMMENT ON FUNCTION fathom_ops.analyze_table(regclass) IS 'Has the server count a table of schema fathom or fathom_ops, for a role that may write to the ledger. The end of a run calls it for tables that were never analyzed, or in which more rows have changed since than they had';

-- Days of which two reports of a site have other pageviews: one of them was fetched before a change, the other after it.

CREATE VIEW fathom_ops.unequal_day AS
SELECT w.site_id,
       w.period                AS date,
       w.report                AS report,
       g.report                AS against,
       w.pageviews_sum         AS pageviews,
       g.pageviews_sum         AS pageviews_against,
       w.fetched_at            AS fetched_at,
       g.fetched_at            AS fetched_at_against
  FROM fathom_ops.report r
  JOIN fathom_ops.report o
    ON o.entity = 'pageview' AND o.filters = '[]' AND o.date_grouping IN ('hour', 'day') AND o.report <> r.report
   AND (o.fields <> '{}' OR o.date_grouping = 'hour' OR o.report > r.report)
  JOIN fathom_ops.ledger w
    ON w.report = r.report AND w.definition = r.definition AND w.event_name = '' AND w.stored AND w.status = 'certified'
  JOIN fathom_ops.ledger g
    ON g.report = o.report AND g.definition = o.definition AND g.event_name = '' AND g.stored AND g.status = 'certified'
   AND g.site_id = w.site_id AND g.period = w.period AND g.period_end = w.period_end
   AND g.zone IS NOT DISTINCT FROM w.zone AND g.pageviews_sum <> w.pageviews_sum
 WHERE r.entity = 'pageview' AND r.filters = '[]' AND r.date_grouping = 'day' AND r.fields = '{}';
COMMENT ON VIEW fathom_ops.unequal_day IS 'Days of which a report on whole sites and another report have other pageviews, although neither has filters: Fathom changed its numbers between the fetches of both, such as one by run --force --report. A backfill of both reports with --force brings them together. Empty where all is well';
COMMENT ON COLUMN fathom_ops.unequal_day.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.unequal_day.date IS 'The day, in the site''s time zone';
COMMENT ON COLUMN fathom_ops.unequal_day.report IS 'The report on whole sites by day';
COMMENT ON COLUMN fathom_ops.unequal_day.against IS 'The other report, by day or hour';
COMMENT ON COLUMN fathom_ops.unequal_day.pageviews IS 'Pageviews of the day in the report on whole sites';
COMMENT ON COLUMN fathom_ops.unequal_day.pageviews_against IS 'The sum over the groups or hours of the other report';
COMMENT ON COLUMN fathom_ops.unequal_day.fetched_at IS 'When the day was fetched for the report on whole sites';
COMMENT ON COLUMN fathom_ops.unequal_day.fetched_at_against IS 'When the day was fetched for the other report';
