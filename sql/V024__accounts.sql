-- Several accounts may be exported by one pipeline: what belongs to a site says whose it is.
ALTER TABLE fathom.site ADD COLUMN account text;
COMMENT ON COLUMN fathom.site.account IS 'The account of the settings whose token listed the site last; null where the settings name no accounts, since there is only one then';

ALTER TABLE fathom_ops.ledger ADD COLUMN account text;
COMMENT ON COLUMN fathom_ops.ledger.account IS 'The account of the settings whose token read the period; null where the settings named no accounts';
