-- Where several reports measure the same, a day that none of them has stored is missing once. Looked up only for such a day.

CREATE FUNCTION fathom_ops.source_of_missing(of_reports text[], of_site text, of_day date) RETURNS text
  LANGUAGE plpgsql STABLE COST 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$
DECLARE
  of_report text;
  begun     text;
BEGIN
  FOREACH of_report IN ARRAY of_reports LOOP
    IF EXISTS (SELECT FROM fathom_ops.ledger l
                WHERE l.report = of_report AND l.site_id = of_site AND l.event_name = '' AND l.period < of_day AND l.stored) THEN
      IF EXISTS (SELECT FROM fathom_ops.ledger l
                  WHERE l.report = of_report AND l.site_id = of_site AND l.event_name = '' AND l.period > of_day AND l.stored) THEN
        RETURN of_report;
      END IF;
      begun := coalesce(begun, of_report);
    END IF;
  END LOOP;
  RETURN begun;
END
$$;
COMMENT ON FUNCTION fathom_ops.source_of_missing(text[], text, date) IS 'The report whose calendar a period of a site is taken from that none of these reports on whole sites has stored: the first that has stored some before and after it, otherwise the first that has stored some before it. For the views of fathom_bi';
