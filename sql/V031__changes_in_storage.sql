-- Where the sinks hold different rows, the one that agrees with the API is not called wrong.
COMMENT ON COLUMN fathom_ops.difference.cause IS 'never_exported, changed_in_storage, changed_at_the_api, other_sink_agrees, other_definition, other_zone, incomplete or damaged';

-- Rows that were changed by hand and are exported again say nothing about how late numbers move.
ALTER TABLE fathom_ops.restatement
  DROP CONSTRAINT restatement_reason_check,
  ADD CONSTRAINT restatement_reason_check
    CHECK (reason IN ('source', 'definition', 'zone', 'unit', 'storage'));
COMMENT ON COLUMN fathom_ops.restatement.reason IS 'source: Fathom now reports other numbers. definition: the report''s definition was changed. zone: the site''s time zone was changed. unit: only the unit or the rounding of the rates changed. storage: Fathom reports what it did, but the stored rows had been changed since. Only source says how late numbers still move. Null in rows of earlier versions where the reason cannot be derived';
