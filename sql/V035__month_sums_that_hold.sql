-- Which sums of months hold is looked up from the sums, by index. So a question about one month does not have to group the
-- whole ledger for those months whose sums are stored, and the planner knows from the sums how many months it is about.

CREATE VIEW fathom_ops.month_sum_state AS
SELECT h.id,
       h.report,
       h.site_id,
       h.event_name,
       h.month,
       h.seen,
       h.groups,
       (SELECT count(*) || ' ' || sum((date_part('epoch', l.committed_at) * 1000000)::bigint)
          FROM fathom_ops.ledger l
         WHERE l.stored AND l.report = h.report AND l.site_id = h.site_id AND l.event_name = h.event_name
           AND l.period >= h.month AND l.period < (h.month + interval '1 month')::date) AS seen_now
  FROM fathom_ops.month_sum h;
COMMENT ON VIEW fathom_ops.month_sum_state IS 'fathom_ops.month_sum with the present state of the ledger';
COMMENT ON COLUMN fathom_ops.month_sum_state.id IS 'As in fathom_ops.month_sum';
COMMENT ON COLUMN fathom_ops.month_sum_state.report IS 'Name of the report';
COMMENT ON COLUMN fathom_ops.month_sum_state.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.month_sum_state.event_name IS 'The event''s name; empty for pageviews';
COMMENT ON COLUMN fathom_ops.month_sum_state.month IS 'First day of the month';
COMMENT ON COLUMN fathom_ops.month_sum_state.seen IS 'As in fathom_ops.month_sum';
COMMENT ON COLUMN fathom_ops.month_sum_state.groups IS 'As in fathom_ops.month_sum';
COMMENT ON COLUMN fathom_ops.month_sum_state.seen_now IS 'The month''s seen in fathom_ops.stored_month: the sums hold where seen ends with it';
