-- Why stored numbers changed, and which stored periods answer a question that is no longer asked.

ALTER TABLE fathom_ops.restatement
  ADD COLUMN reason text CHECK (reason IN ('source', 'definition', 'zone', 'unit'));
COMMENT ON COLUMN fathom_ops.restatement.reason IS 'source: Fathom now reports other numbers. definition: the report''s definition was changed. zone: the site''s time zone was changed. unit: only the unit or the rounding of the rates changed. Only source says how late numbers still move. Null in rows of earlier versions where the reason cannot be derived';

-- A count that no stored row had before, although there were rows, belongs to a column that was added.
UPDATE fathom_ops.restatement r
   SET reason = 'definition'
 WHERE EXISTS (
         SELECT FROM fathom_ops.restatement c
          WHERE c.report = r.report AND c.site_id = r.site_id AND c.event_name = r.event_name
            AND c.day = r.day AND c.restated_at = r.restated_at AND c.run_id = r.run_id
            AND c.measure IN ('visits', 'uniques', 'pageviews', 'conversions', 'unique_conversions')
            AND c.before IS NULL);

ALTER TABLE fathom_ops.ledger
  ADD COLUMN rate_unit text CHECK (rate_unit IN ('ratio', 'percent'));
COMMENT ON COLUMN fathom_ops.ledger.rate_unit IS 'Unit in which the API reported the bounce rates, which are stored in percent; null where no rate tells it, and in rows of earlier versions';

ALTER TABLE fathom_ops.report ADD COLUMN IF NOT EXISTS definition text;
COMMENT ON COLUMN fathom_ops.report.definition IS 'Digest of the report''s present definition; periods of the ledger with another one are stale. Null until the report is migrated by a version that records it';

CREATE VIEW fathom_ops.stale AS
SELECT l.report,
       l.site_id,
       l.event_name,
       l.period,
       l.period_end,
       l.covers_to,
       CASE WHEN l.definition <> r.definition THEN 'definition' ELSE 'zone' END AS reason,
       l.zone,
       z.zone                                                                   AS present_zone,
       l.rows,
       l.fetched_at
  FROM fathom_ops.ledger l
  LEFT JOIN fathom_ops.report r ON r.report = l.report
  LEFT JOIN (SELECT DISTINCT ON (n.site_id) n.site_id, n.zone
               FROM fathom_ops.ledger n
              WHERE n.stored AND n.zone IS NOT NULL
              ORDER BY n.site_id, n.fetched_at DESC) z ON z.site_id = l.site_id
 WHERE l.stored AND (l.definition <> r.definition OR l.zone <> z.zone);
COMMENT ON VIEW fathom_ops.stale IS 'One row per stored period (day, month, year) that answers a question that is no longer asked: it was fetched under another definition of its report, or in another time zone of its site. A backfill of the period renews it';
COMMENT ON COLUMN fathom_ops.stale.report IS 'The report';
COMMENT ON COLUMN fathom_ops.stale.site_id IS 'The site';
COMMENT ON COLUMN fathom_ops.stale.event_name IS 'The event; empty for pageviews';
COMMENT ON COLUMN fathom_ops.stale.period IS 'First day of the period';
COMMENT ON COLUMN fathom_ops.stale.period_end IS 'Last day of the period';
COMMENT ON COLUMN fathom_ops.stale.covers_to IS 'Last day that was measured';
COMMENT ON COLUMN fathom_ops.stale.reason IS 'definition: the report''s definition was changed. zone: the site''s time zone was changed';
COMMENT ON COLUMN fathom_ops.stale.zone IS 'The time zone in which the period was measured';
COMMENT ON COLUMN fathom_ops.stale.present_zone IS 'The time zone of the site''s newest measurement';
COMMENT ON COLUMN fathom_ops.stale.rows IS 'Number of stored rows';
COMMENT ON COLUMN fathom_ops.stale.fetched_at IS 'When the rows were fetched';
